#include "server/connection_socket.h"

#include <sys/socket.h>

#include <cstring>

#include <boost/asio/ip/tcp.hpp>

namespace tally::server {

namespace {

using boost::asio::ip::tcp;

bool IsInternet(const ClientEndpoint& endpoint) {
  const int family = endpoint.protocol().family();
  return family == AF_INET || family == AF_INET6;
}

tcp::endpoint ToTcp(const ClientEndpoint& endpoint) {
  tcp::endpoint result;
  result.resize(endpoint.size());
  std::memcpy(result.data(), endpoint.data(), endpoint.size());
  return result;
}

// ::ffff:127.0.0.1 is 127.0.0.1 that came to a socket of IPv6.
boost::asio::ip::address Unmapped(const boost::asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

}  // namespace

std::string TextOf(const ClientEndpoint& endpoint) {
  if (!IsInternet(endpoint)) return {};
  const tcp::endpoint internet = ToTcp(endpoint);
  const std::string address = internet.address().to_string();
  const std::string port = std::to_string(internet.port());
  return internet.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

bool IsOnThisMachine(const ClientEndpoint& endpoint) {
  return !IsInternet(endpoint) || Unmapped(ToTcp(endpoint).address()).is_loopback();
}

}  // namespace tally::server
