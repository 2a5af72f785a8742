#pragma once

#include <string>

#include <boost/asio/generic/stream_protocol.hpp>

namespace tally::server {

/// A client's socket, of whatever family: IPv4, IPv6 or Unix.
using ClientSocket = boost::asio::generic::stream_protocol::socket;
using ClientEndpoint = boost::asio::generic::stream_protocol::endpoint;

/// "127.0.0.1:6379", "[::1]:6379"; "" of a Unix socket, whose path the listener knows.
[[nodiscard]] std::string TextOf(const ClientEndpoint& endpoint);

/// Whether a peer at `endpoint` is on this machine: it has come through a Unix socket or from a loopback address.
[[nodiscard]] bool IsOnThisMachine(const ClientEndpoint& endpoint);

}  // namespace tally::server
