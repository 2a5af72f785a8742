#include "server/listening_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace tally::server {

namespace {

using storage::Status;

// An address of either family, as bind() takes it.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

bool ParseAddress(const std::string& text, uint16_t port, Address* address) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  const std::string digits = text == "*" ? "0.0.0.0" : text;
  if (inet_pton(AF_INET, digits.c_str(), &v4.sin_addr) == 1) {
    std::memcpy(&address->storage, &v4, sizeof(v4));
    address->size = sizeof(v4);
    return true;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, digits.c_str(), &v6.sin6_addr) != 1) return false;
  std::memcpy(&address->storage, &v6, sizeof(v6));
  address->size = sizeof(v6);
  return true;
}

uint16_t PortOf(const sockaddr_storage& storage) {
  sockaddr_in v4{};  // the port stands at the same place in both
  std::memcpy(&v4, &storage, sizeof(v4));
  return ntohs(v4.sin_port);
}

}  // namespace

ListeningSocket::~ListeningSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  is_v6_ = other.is_v6_;
  port_ = other.port_;
  return *this;
}

Status ListeningSocket::Bind(const std::string& address, uint16_t port, const std::string& option) {
  Address parsed;
  if (!ParseAddress(address, port, &parsed)) {
    return Status::Failure("cannot listen on '" + address + "': not an IP address");
  }
  is_v6_ = parsed.storage.ss_family == AF_INET6;
  descriptor_ = ::socket(parsed.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  auto* const raw = reinterpret_cast<sockaddr*>(&parsed.storage);
  if (descriptor_ >= 0 &&
      ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
      ::bind(descriptor_, raw, parsed.size) == 0 &&
      ::getsockname(descriptor_, raw, &parsed.size) == 0) {
    port_ = PortOf(parsed.storage);
    return Status::Ok();
  }
  if (errno == EADDRINUSE) {
    constexpr uint16_t kUsual = 7000;
    const uint16_t other = port == kUsual ? port + 1 : kUsual;
    return Status::Failure(
        "port " + std::to_string(port) + " on " + address +
        " is in use (perhaps by a redis-server, or by a Tally that still runs). Stop "
        "that one, or choose another port: " +
        option + " " + std::to_string(other));
  }
  return Status::Failure("cannot listen on " + address + ", port " + std::to_string(port) + " (" +
                         option + "): " + std::generic_category().message(errno));
}

}  // namespace tally::server
