#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/client_door.h"
#include "server/config.h"
#include "server/connection_socket.h"
#include "server/core.h"
#include "server/listening_socket.h"
#include "server/tls_context.h"
#include "storage/status.h"

namespace tally::server {

/// Listens at one door and deals its connections out to the cores, one after the other.
///
/// Thread: that of the core on whose loop it lives (the first), from `Start` on; `rejected` any.
/// Limits: `maxclients`, of all doors together; who comes beyond is told so and sent away. Out of descriptors, it waits a
/// little instead of spinning. In protected mode, without a password, clients of other machines are sent away, too.
class Acceptor {
 public:
  /// Numbers the clients of all doors; these live on one thread.
  struct ClientIds {
    uint64_t last = 0;
  };

  /// What connections of TLS begin with, and what CONFIG SET puts another in place of. Thread: any.
  class Tls {
   public:
    void Set(std::shared_ptr<const TlsContext> context) {
      const std::lock_guard lock(mutex_);
      context_ = std::move(context);
    }
    [[nodiscard]] std::shared_ptr<const TlsContext> Get() const {
      const std::lock_guard lock(mutex_);
      return context_;
    }

   private:
    mutable std::mutex mutex_;
    std::shared_ptr<const TlsContext> context_;
  };

  /// `ids` and `tls` outlive it.
  Acceptor(const Config* config, std::vector<Core*> cores, ClientDoor door, ClientIds* ids,
           const Tls* tls);

  /// Listens on the socket that was bound. Before the cores run.
  storage::Status Listen(ListeningSocket socket);
  /// Begins to accept; before the cores run.
  void Start() { Accept(); }
  void Close();

  [[nodiscard]] ClientDoor door() const { return door_; }
  [[nodiscard]] uint16_t port() const { return port_; }  ///< 0: it is a Unix socket
  [[nodiscard]] uint64_t rejected() const { return rejected_.load(std::memory_order_relaxed); }

 private:
  void Accept();
  void Welcome(ClientSocket socket);
  [[nodiscard]] bool IsProtectedFrom(const ClientSocket& socket) const;
  void TurnAway(ClientSocket socket, std::string_view error);
  [[nodiscard]] uint64_t ConnectedClients() const;

  const Config* const config_;
  const std::vector<Core*> cores_;
  const ClientDoor door_;
  ClientIds* const ids_;
  const Tls* const tls_;
  boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol> acceptor_;
  boost::asio::steady_timer retry_;
  uint16_t port_ = 0;
  SocketFile file_;  // of a Unix socket
  size_t next_core_ = 0;
  std::atomic<uint64_t> rejected_{0};
};

}  // namespace tally::server
