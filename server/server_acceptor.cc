#include "server/server_acceptor.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "protocol/errors.h"
#include "server/http_reply.h"
#include "server/wall_clock.h"

namespace tally::server {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using storage::Status;

constexpr std::chrono::milliseconds kRetryAccept{100};

// A socket on its way to the core that will own it.
class AdoptMessage final : public Message {
 public:
  AdoptMessage(Core* core, int descriptor, const tcp& protocol, uint64_t client_id, ClientDoor door)
      : core_(core),
        descriptor_(descriptor),
        protocol_(protocol),
        client_id_(client_id),
        door_(door) {}
  ~AdoptMessage() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  void Deliver(std::unique_ptr<Message> /*self*/) override {
    tcp::socket socket(core_->io());
    error_code error;
    socket.assign(protocol_, descriptor_, error);
    if (error) return;
    descriptor_ = -1;
    socket.non_blocking(true, error);
    if (!error) core_->Adopt(std::move(socket), client_id_, door_);
  }

 private:
  Core* core_;
  int descriptor_;
  tcp protocol_;
  uint64_t client_id_;
  ClientDoor door_;
};

void SetKeepAlive(tcp::socket* socket, int64_t interval_s) {
  error_code ignored;
  socket->set_option(boost::asio::socket_base::keep_alive(true), ignored);
  const int descriptor = socket->native_handle();
  // First probe after the interval, then every third of it, three times: as redis.conf describes it.
  const int idle_s = static_cast<int>(interval_s);
  const int step_s = idle_s / 3 > 0 ? idle_s / 3 : 1;
  constexpr int kProbes = 3;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &step_s, sizeof(step_s));
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &kProbes, sizeof(kProbes));
}

}  // namespace

Acceptor::Acceptor(const Config* config, std::vector<Core*> cores, ClientDoor door, ClientIds* ids)
    : config_(config),
      cores_(std::move(cores)),
      door_(door),
      ids_(ids),
      acceptor_(cores_.front()->io()),
      retry_(cores_.front()->io()) {}

Status Acceptor::Listen(ListeningSocket socket) {
  error_code error;
  const tcp protocol = socket.is_v6() ? tcp::v6() : tcp::v4();
  port_ = socket.port();
  acceptor_.assign(protocol, socket.Release(), error);
  if (!error) acceptor_.listen(config_->tcp_backlog, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (!error) return Status::Ok();
  return Status::Failure("cannot listen on port " + std::to_string(port_) + ": " + error.message());
}

void Acceptor::Close() {
  error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
}

void Acceptor::Accept() {
  acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
    if (error == boost::asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (!error) {
      Welcome(std::move(socket));
      Accept();
      return;
    }
    // Mostly: no descriptors left. The listener stays readable, so waiting is all that helps.
    retry_.expires_after(kRetryAccept);
    retry_.async_wait([this](const error_code& stopped) {
      if (!stopped) Accept();
    });
  });
}

uint64_t Acceptor::ConnectedClients() const {
  uint64_t count = 0;
  for (Core* core : cores_) count += core->statistics().connected_clients.value();
  return count;
}

void Acceptor::TurnAway(tcp::socket socket) {
  rejected_.fetch_add(1, std::memory_order_relaxed);
  std::string text;
  if (door_ == ClientDoor::kRedis) {
    text = "-" + std::string(protocol::errors::kMaxClients) + "\r\n";
  } else {
    AppendHttpReply(&text, HttpRefusal(503), {.keep_alive = false},
                    HttpDate().At(WallClock::NowMs()));
  }
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(boost::asio::buffer(text), ignored);
}

void Acceptor::Welcome(tcp::socket socket) {
  error_code ignored;
  if (ConnectedClients() >= config_->maxclients.load(std::memory_order_relaxed)) {
    TurnAway(std::move(socket));
    return;
  }
  socket.set_option(tcp::no_delay(true), ignored);
  const int64_t keepalive_s = config_->tcp_keepalive_s.load(std::memory_order_relaxed);
  if (keepalive_s > 0) SetKeepAlive(&socket, keepalive_s);
  Core* const core = cores_[next_core_];
  next_core_ = (next_core_ + 1) % cores_.size();
  const tcp protocol = socket.local_endpoint(ignored).protocol();
  const uint64_t client_id = ++ids_->last;
  if (core->number() == 0) {
    socket.non_blocking(true, ignored);
    core->Adopt(std::move(socket), client_id, door_);
    return;
  }
  const int descriptor = socket.release(ignored);
  if (ignored) return;
  core->mailbox().Push(
      std::make_unique<AdoptMessage>(core, descriptor, protocol, client_id, door_));
}

}  // namespace tally::server
