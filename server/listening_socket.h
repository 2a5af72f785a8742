#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "storage/status.h"

namespace tally::server {

/// The file of a Unix socket, which goes when this does; unless another has taken its place.
class SocketFile {
 public:
  SocketFile() = default;
  /// `path` is there.
  explicit SocketFile(std::string path);
  ~SocketFile();
  SocketFile(SocketFile&& other) noexcept { *this = std::move(other); }
  SocketFile& operator=(SocketFile&& other) noexcept;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;  // empty: there is none
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// A socket that is bound and not yet listening. Binding comes before anything else at a start, so
/// that a port in use is said at once, with nothing touched; clients are let in once there is
/// something to serve.
class ListeningSocket {
 public:
  ListeningSocket() = default;
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&& other) noexcept { *this = std::move(other); }
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;

  /// `address` is an IPv4 or IPv6 address in digits, "*" for all of IPv4 or "::*" for all of IPv6; port 0 = any that is
  /// free. An address of IPv6 does not stand for IPv4, too.
  /// Not ok: the message names address and port and says what to do, with the option that gives the port.
  storage::Status Bind(const std::string& address, uint16_t port,
                       const std::string& option = "--port");

  /// Makes a Unix socket at `path`, with these permissions from its first moment on (0: as the process's umask has it).
  /// A socket that is left over there, on which nobody listens, is replaced; nothing else is.
  storage::Status BindUnix(const std::string& path, mode_t permissions);

  [[nodiscard]] bool bound() const { return descriptor_ >= 0; }
  [[nodiscard]] int family() const { return family_; }
  [[nodiscard]] uint16_t port() const { return port_; }  ///< 0: it is a Unix socket
  /// The address is not this machine's: what was bound to it in vain may be passed over if it was optional.
  [[nodiscard]] bool lacks_address() const { return lacks_address_; }
  /// Gives the descriptor to the caller.
  [[nodiscard]] int Release() { return std::exchange(descriptor_, -1); }
  /// Gives the Unix socket's file to the caller.
  [[nodiscard]] SocketFile ReleaseFile() { return std::move(file_); }

 private:
  int descriptor_ = -1;
  int family_ = 0;
  uint16_t port_ = 0;
  bool lacks_address_ = false;
  SocketFile file_;
};

}  // namespace tally::server
