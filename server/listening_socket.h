#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "storage/status.h"

namespace tally::server {

/// A TCP socket that is bound and not yet listening. Binding comes before anything else at a start, so
/// that a port in use is said at once, with nothing touched; clients are let in once there is
/// something to serve.
class ListeningSocket {
 public:
  ListeningSocket() = default;
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&& other) noexcept { *this = std::move(other); }
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;

  /// `address` is an IPv4 or IPv6 address in digits, or "*" for all of IPv4; port 0 = any that is free.
  /// Not ok: the message names address and port and says what to do, with the option that gives the port.
  storage::Status Bind(const std::string& address, uint16_t port,
                       const std::string& option = "--port");

  [[nodiscard]] bool bound() const { return descriptor_ >= 0; }
  [[nodiscard]] bool is_v6() const { return is_v6_; }
  [[nodiscard]] uint16_t port() const { return port_; }
  /// Gives the descriptor to the caller.
  [[nodiscard]] int Release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
  bool is_v6_ = false;
  uint16_t port_ = 0;
};

}  // namespace tally::server
