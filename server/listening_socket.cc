#include "server/listening_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
  if (inet_pton(AF_INET6, text == "::*" ? "::" : digits.c_str(), &v6.sin6_addr) != 1) return false;
  std::memcpy(&address->storage, &v6, sizeof(v6));
  address->size = sizeof(v6);
  return true;
}

uint16_t PortOf(const sockaddr_storage& storage) {
  sockaddr_in v4{};  // the port stands at the same place in both
  std::memcpy(&v4, &storage, sizeof(v4));
  return ntohs(v4.sin_port);
}

// Whether somebody answers at the socket of this address.
bool IsListenedTo(const sockaddr_un& address) {
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return true;
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
  const bool refused = ::connect(descriptor, raw, sizeof(address)) != 0 && errno == ECONNREFUSED;
  ::close(descriptor);
  return !refused;
}

// Makes way for a new socket: removes what is left of one that nobody listens on.
Status MakeWay(const std::string& path, const sockaddr_un& address) {
  struct stat there {};
  if (::lstat(path.c_str(), &there) != 0)
    return Status::Ok();  // bind() says what else may be wrong
  if (!S_ISSOCK(there.st_mode)) {
    return Status::Failure("cannot listen on '" + path + "': there is a file that is no socket");
  }
  if (IsListenedTo(address)) {
    return Status::Failure("cannot listen on '" + path +
                           "': another server does. Stop that one, or choose another --unixsocket");
  }
  if (::unlink(path.c_str()) == 0) return Status::Ok();
  return Status::Failure("cannot replace the socket '" + path +
                         "': " + std::generic_category().message(errno));
}

int BindTo(int descriptor, const sockaddr_un& address) {
  return ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

// Binds to a path so that nobody may do more with it than `permissions` say, at no moment. Changes the process's
// umask for as long as it takes: no other thread runs yet.
int BindTo(int descriptor, const sockaddr_un& address, mode_t permissions) {
  if (permissions == 0) return BindTo(descriptor, address);
  constexpr mode_t kNobody = 0777;
  const mode_t before = ::umask(kNobody);
  const int result = BindTo(descriptor, address);
  const int error = errno;
  ::umask(before);
  errno = error;
  return result;
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  struct stat there {};
  if (::lstat(path_.c_str(), &there) != 0) return;
  device_ = there.st_dev;
  inode_ = there.st_ino;
}

SocketFile::~SocketFile() {
  struct stat there {};
  if (path_.empty() || ::lstat(path_.c_str(), &there) != 0) return;
  if (there.st_dev == device_ && there.st_ino == inode_) ::unlink(path_.c_str());
}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

ListeningSocket::~ListeningSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  family_ = other.family_;
  port_ = other.port_;
  lacks_address_ = other.lacks_address_;
  file_ = std::move(other.file_);
  return *this;
}

Status ListeningSocket::Bind(const std::string& address, uint16_t port, const std::string& option) {
  Address parsed;
  if (!ParseAddress(address, port, &parsed)) {
    return Status::Failure("cannot listen on '" + address + "': not an IP address");
  }
  family_ = parsed.storage.ss_family;
  descriptor_ = ::socket(family_, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  auto* const raw = reinterpret_cast<sockaddr*>(&parsed.storage);
  if (descriptor_ >= 0 &&
      ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
      (family_ != AF_INET6 ||
       ::setsockopt(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
      ::bind(descriptor_, raw, parsed.size) == 0 &&
      ::getsockname(descriptor_, raw, &parsed.size) == 0) {
    port_ = PortOf(parsed.storage);
    return Status::Ok();
  }
  const int error = errno;
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  if (error == EADDRINUSE) {
    constexpr uint16_t kUsual = 7000;
    const uint16_t other = port == kUsual ? port + 1 : kUsual;
    return Status::Failure(
        "port " + std::to_string(port) + " on " + address +
        " is in use (perhaps by a redis-server, or by a Tally that still runs). Stop "
        "that one, or choose another port: " +
        option + " " + std::to_string(other));
  }
  lacks_address_ = error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
  return Status::Failure("cannot listen on " + address + ", port " + std::to_string(port) + " (" +
                         option + "): " + std::generic_category().message(error));
}

Status ListeningSocket::BindUnix(const std::string& path, mode_t permissions) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Status::Failure("cannot listen on '" + path + "': a socket's path has at most " +
                           std::to_string(sizeof(address.sun_path) - 1) + " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (Status status = MakeWay(path, address); !status.ok()) return status;
  family_ = AF_UNIX;
  descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool is_ready = descriptor_ >= 0 && BindTo(descriptor_, address, permissions) == 0;
  if (is_ready) {
    file_ = SocketFile(path);
    is_ready = permissions == 0 || ::chmod(path.c_str(), permissions) == 0;
  }
  if (is_ready) return Status::Ok();
  return Status::Failure("cannot listen on '" + path +
                         "': " + std::generic_category().message(errno));
}

}  // namespace tally::server
