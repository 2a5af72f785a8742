#include "server/server_acceptor.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "protocol/errors.h"
#include "server/http_reply.h"
#include "server/wall_clock.h"

namespace tally::server {

namespace {

using boost::asio::generic::stream_protocol;
using boost::asio::ip::tcp;
using boost::system::error_code;
using storage::Status;

constexpr std::chrono::milliseconds kRetryAccept{100};

// A socket on its way to the core that will own it.
class AdoptMessage final : public Message {
 public:
  AdoptMessage(Core* core, int descriptor, const stream_protocol& protocol, NewClient client)
      : core_(core), descriptor_(descriptor), protocol_(protocol), client_(std::move(client)) {}
  ~AdoptMessage() override {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  void Deliver(std::unique_ptr<Message> /*self*/) override {
    ClientSocket socket(core_->io());
    error_code error;
    socket.assign(protocol_, descriptor_, error);
    if (error) return;
    descriptor_ = -1;
    socket.non_blocking(true, error);
    if (!error) core_->Adopt(std::move(socket), std::move(client_));
  }

 private:
  Core* core_;
  int descriptor_;
  stream_protocol protocol_;
  NewClient client_;
};

void SetKeepAlive(ClientSocket* socket, int64_t interval_s) {
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

Acceptor::Acceptor(const Config* config, std::vector<Core*> cores, ClientDoor door, ClientIds* ids,
                   const Tls* tls)
    : config_(config),
      cores_(std::move(cores)),
      door_(door),
      ids_(ids),
      tls_(tls),
      acceptor_(cores_.front()->io()),
      retry_(cores_.front()->io()) {}

Status Acceptor::Listen(ListeningSocket socket) {
  error_code error;
  const stream_protocol protocol(socket.family(), 0);
  port_ = socket.port();
  file_ = socket.ReleaseFile();
  acceptor_.assign(protocol, socket.Release(), error);
  if (!error) acceptor_.listen(config_->tcp_backlog, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (!error) return Status::Ok();
  const std::string place = port_ == 0 ? "'" + file_.path() + "'" : "port " + std::to_string(port_);
  return Status::Failure("cannot listen on " + place + ": " + error.message());
}

void Acceptor::Close() {
  error_code ignored;
  acceptor_.close(ignored);
  file_ = SocketFile();
  retry_.cancel();
}

void Acceptor::Accept() {
  acceptor_.async_accept([this](const error_code& error, ClientSocket socket) {
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

void Acceptor::TurnAway(ClientSocket socket, std::string_view error) {
  rejected_.fetch_add(1, std::memory_order_relaxed);
  std::string text;
  if (door_ == ClientDoor::kRedis) {
    text = "-" + std::string(error) + "\r\n";
  } else if (!SpeaksRedis(door_)) {
    AppendHttpReply(&text, HttpRefusal(503), {.keep_alive = false},
                    HttpDate().At(WallClock::NowMs()));
  }
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(boost::asio::buffer(text), ignored);
}

bool Acceptor::IsProtectedFrom(const ClientSocket& socket) const {
  if (!SpeaksRedis(door_) || !config_->users().default_is_open()) return false;
  error_code error;
  const ClientEndpoint peer = socket.remote_endpoint(error);
  return config_->protected_mode.load(std::memory_order_relaxed) &&
         (error || !IsOnThisMachine(peer));
}

void Acceptor::Welcome(ClientSocket socket) {
  if (ConnectedClients() >= config_->maxclients.load(std::memory_order_relaxed)) {
    return TurnAway(std::move(socket), protocol::errors::kMaxClients);
  }
  if (IsProtectedFrom(socket)) {
    return TurnAway(std::move(socket), protocol::errors::kProtectedMode);
  }
  error_code ignored;
  if (port_ != 0) {
    socket.set_option(tcp::no_delay(true), ignored);
    const int64_t keepalive_s = config_->tcp_keepalive_s.load(std::memory_order_relaxed);
    if (keepalive_s > 0) SetKeepAlive(&socket, keepalive_s);
  }
  Core* const core = cores_[next_core_];
  next_core_ = (next_core_ + 1) % cores_.size();
  NewClient client{++ids_->last, door_, file_.path(), nullptr};
  if (door_ == ClientDoor::kRedisTls) client.tls = tls_->Get();
  if (core->number() == 0) {
    socket.non_blocking(true, ignored);
    core->Adopt(std::move(socket), std::move(client));
    return;
  }
  const stream_protocol protocol = socket.local_endpoint(ignored).protocol();
  const int descriptor = socket.release(ignored);
  if (ignored) return;
  core->mailbox().Push(
      std::make_unique<AdoptMessage>(core, descriptor, protocol, std::move(client)));
}

}  // namespace tally::server
