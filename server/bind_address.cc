#include "server/bind_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "server/words.h"

namespace tally::server {

namespace {

constexpr std::string_view kAllOfV4 = "*";
constexpr std::string_view kAllOfV6 = "::*";

}  // namespace

std::vector<BindAddress> BindAddresses(std::string_view text) {
  std::vector<BindAddress> addresses;
  for (std::string_view word : Words(text)) {
    const bool optional = word.front() == '-';
    if (optional) word.remove_prefix(1);
    addresses.push_back({std::string(word), optional});
  }
  return addresses;
}

bool IsAddress(const BindAddress& address) {
  if (address.address == kAllOfV4 || address.address == kAllOfV6) return true;
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, address.address.c_str(), &v4) == 1 ||
         inet_pton(AF_INET6, address.address.c_str(), &v6) == 1;
}

bool IsLoopbackOnly(const BindAddress& address) {
  constexpr uint32_t kLoopbackNet = 127;
  in_addr v4{};
  if (inet_pton(AF_INET, address.address.c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24 == kLoopbackNet;
  }
  in6_addr v6{};
  return inet_pton(AF_INET6, address.address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace tally::server
