#include "tests/end_to_end/support/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace tally::test {
namespace {

constexpr size_t kReadSizeBytes = 64 * 1024;

int Connect(uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int error = errno;
    ::close(descriptor);
    errno = error;
    return -1;
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return descriptor;
}

}  // namespace

Client::Client(uint16_t port) : descriptor_(Connect(port)) {
  if (descriptor_ < 0) {
    throw std::system_error(errno, std::generic_category(), "connect to " + std::to_string(port));
  }
}

std::optional<Client> Client::TryConnect(uint16_t port) {
  const int descriptor = Connect(port);
  if (descriptor < 0) return std::nullopt;
  return Client(descriptor);
}

Client::~Client() { Close(); }

Client::Client(Client&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      received_(std::move(other.received_)),
      closed_(other.closed_),
      timed_out_(other.timed_out_),
      malformed_(other.malformed_) {}

Client& Client::operator=(Client&& other) noexcept {
  if (this == &other) return *this;
  Close();
  descriptor_ = std::exchange(other.descriptor_, -1);
  received_ = std::move(other.received_);
  closed_ = other.closed_;
  timed_out_ = other.timed_out_;
  malformed_ = other.malformed_;
  return *this;
}

void Client::Close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void Client::Reset() {
  const linger abrupt{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &abrupt, sizeof(abrupt));
  Close();
  closed_ = true;
}

bool Client::SendRaw(std::string_view bytes) {
  const Deadline deadline = std::chrono::steady_clock::now() + kReplyTimeout;
  while (!bytes.empty()) {
    // Once the server has closed its side there is nothing to take in; the send tells the rest.
    const short events = closed_ ? POLLOUT : POLLIN | POLLOUT;
    pollfd wait{descriptor_, events, 0};
    if (::poll(&wait, 1, 100) < 0 && errno != EINTR) return false;
    if ((wait.revents & POLLIN) != 0) ReceiveAvailable();
    if ((wait.revents & (POLLOUT | POLLERR | POLLHUP)) != 0) {
      const ssize_t sent =
          ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
    }
    if (std::chrono::steady_clock::now() > deadline) {
      timed_out_ = true;
      return false;
    }
  }
  return true;
}

bool Client::Send(std::initializer_list<std::string_view> arguments) {
  return SendRaw(EncodeCommand(arguments));
}

void Client::FinishSending() { ::shutdown(descriptor_, SHUT_WR); }

bool Client::ReceiveAvailable() {
  std::array<char, kReadSizeBytes> buffer;
  const ssize_t size = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size > 0) {
    received_.append(buffer.data(), static_cast<size_t>(size));
    return true;
  }
  if (size == 0 || (errno != EAGAIN && errno != EINTR)) closed_ = true;
  return false;
}

bool Client::Receive(Deadline deadline) {
  while (!closed_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd wait{descriptor_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready > 0) {
      if (ReceiveAvailable()) return true;
    } else if (ready == 0) {
      timed_out_ = true;
      return false;
    } else if (errno != EINTR) {
      closed_ = true;
    }
  }
  return false;
}

std::optional<std::string> Client::ReadRawReply(std::chrono::milliseconds timeout) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  timed_out_ = false;
  while (true) {
    const ParsedReply parsed = ParseReply(received_);
    if (parsed.state == ParseState::kComplete) {
      std::string raw = received_.substr(0, parsed.size_bytes);
      received_.erase(0, parsed.size_bytes);
      return raw;
    }
    malformed_ = parsed.state == ParseState::kMalformed;
    if (malformed_ || !Receive(deadline)) return std::nullopt;
  }
}

std::optional<Reply> Client::ReadReply(std::chrono::milliseconds timeout) {
  const std::optional<std::string> raw = ReadRawReply(timeout);
  if (!raw) return std::nullopt;
  return ParseReply(*raw).reply;
}

std::optional<std::string> Client::ReadUntilClosed(std::chrono::milliseconds timeout) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  timed_out_ = false;
  while (Receive(deadline)) {
  }
  if (timed_out_) return std::nullopt;
  return std::exchange(received_, {});
}

std::optional<std::string> Client::ReadUntil(std::string_view ending,
                                             std::chrono::milliseconds timeout) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  timed_out_ = false;
  while (!received_.ends_with(ending)) {
    if (!Receive(deadline)) break;
  }
  if (timed_out_) return std::nullopt;
  return std::exchange(received_, {});
}

std::string Client::Command(std::initializer_list<std::string_view> arguments) {
  if (!SendRaw(EncodeCommand(arguments))) return {};
  return ReadRawReply().value_or("");
}

std::string Client::Command(std::span<const std::string> arguments) {
  if (!SendRaw(EncodeCommand(arguments))) return {};
  return ReadRawReply().value_or("");
}

}  // namespace tally::test
