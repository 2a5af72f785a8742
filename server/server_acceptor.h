#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/config.h"
#include "server/core.h"
#include "server/listening_socket.h"
#include "storage/status.h"

namespace tally::server {

/// Listens on one door and deals its connections out to the cores, one after the other.
///
/// Thread: that of the core on whose loop it lives (the first), from `Start` on; `rejected` any.
/// Limits: `maxclients`, of all doors together; who comes beyond is told so and sent away. Out of descriptors, it waits a
/// little instead of spinning.
class Acceptor {
 public:
  /// Numbers the clients of all doors; these live on one thread.
  struct ClientIds {
    uint64_t last = 0;
  };

  /// `ids` outlives it.
  Acceptor(const Config* config, std::vector<Core*> cores, ClientDoor door, ClientIds* ids);

  /// Listens on the socket that was bound. Before the cores run.
  storage::Status Listen(ListeningSocket socket);
  /// Begins to accept; before the cores run.
  void Start() { Accept(); }
  void Close();

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] uint64_t rejected() const { return rejected_.load(std::memory_order_relaxed); }

 private:
  void Accept();
  void Welcome(boost::asio::ip::tcp::socket socket);
  void TurnAway(boost::asio::ip::tcp::socket socket);
  [[nodiscard]] uint64_t ConnectedClients() const;

  const Config* const config_;
  const std::vector<Core*> cores_;
  const ClientDoor door_;
  ClientIds* const ids_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  uint16_t port_ = 0;
  size_t next_core_ = 0;
  std::atomic<uint64_t> rejected_{0};
};

}  // namespace tally::server
