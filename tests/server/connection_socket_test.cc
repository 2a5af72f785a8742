#include "server/connection_socket.h"

#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <gtest/gtest.h>

#include "server/bind_address.h"

namespace tally::server {
namespace {

using boost::asio::ip::tcp;

ClientEndpoint EndpointOf(const std::string& address) {
  return tcp::endpoint(boost::asio::ip::make_address(address), 6379);
}

TEST(ConnectionSocket, AnEndpointHasItsText) {
  EXPECT_EQ(TextOf(EndpointOf("127.0.0.1")), "127.0.0.1:6379");
  EXPECT_EQ(TextOf(EndpointOf("::1")), "[::1]:6379");
  EXPECT_EQ(TextOf(boost::asio::local::stream_protocol::endpoint("/tmp/socket")), "");
}

TEST(ConnectionSocket, WhoIsOnThisMachine) {
  for (const char* here : {"127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IsOnThisMachine(EndpointOf(here))) << here;
  }
  for (const char* elsewhere :
       {"10.0.0.1", "192.168.1.9", "::ffff:10.0.0.1", "fe80::1", "0.0.0.0"}) {
    EXPECT_FALSE(IsOnThisMachine(EndpointOf(elsewhere))) << elsewhere;
  }
  EXPECT_TRUE(IsOnThisMachine(boost::asio::local::stream_protocol::endpoint("/tmp/socket")));
}

TEST(BindAddress, ATextHasSeveral) {
  const auto addresses = BindAddresses("  127.0.0.1 -::1  * ");
  ASSERT_EQ(addresses.size(), 3u);
  EXPECT_EQ(addresses[0].address, "127.0.0.1");
  EXPECT_FALSE(addresses[0].optional);
  EXPECT_EQ(addresses[1].address, "::1");
  EXPECT_TRUE(addresses[1].optional);
  EXPECT_EQ(addresses[2].address, "*");
  EXPECT_TRUE(BindAddresses("").empty());
}

TEST(BindAddress, WhatIsOne) {
  for (const char* good : {"*", "::*", "127.0.0.1", "0.0.0.0", "::", "fe80::1"}) {
    EXPECT_TRUE(IsAddress({good})) << good;
  }
  for (const char* bad : {"", "localhost", "127.0.0.1:80", "1.2.3", "[::1]", "-"}) {
    EXPECT_FALSE(IsAddress({bad})) << bad;
  }
}

TEST(BindAddress, WhichOnlyThisMachineReaches) {
  for (const char* here : {"127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_TRUE(IsLoopbackOnly({here})) << here;
  }
  for (const char* open : {"*", "::*", "0.0.0.0", "::", "10.0.0.1", "128.0.0.1"}) {
    EXPECT_FALSE(IsLoopbackOnly({open})) << open;
  }
}

}  // namespace
}  // namespace tally::server
