#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tally::server {

/// One of the addresses of the option `bind`.
struct BindAddress {
  std::string address;    ///< in digits, "*" (all of IPv4) or "::*" (all of IPv6)
  bool optional = false;  ///< it was written with a `-` in front: this machine may lack it
};

/// The addresses in a text that has spaces between them.
[[nodiscard]] std::vector<BindAddress> BindAddresses(std::string_view text);

/// Whether it is an address at all.
[[nodiscard]] bool IsAddress(const BindAddress& address);

/// Whether only this machine can reach it.
[[nodiscard]] bool IsLoopbackOnly(const BindAddress& address);

}  // namespace tally::server
