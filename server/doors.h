#pragma once

#include <vector>

#include "server/client_door.h"
#include "server/config.h"
#include "server/listening_socket.h"
#include "storage/status.h"

namespace tally::server {

/// A socket that is bound, and what is spoken at it.
struct Door {
  ClientDoor speaks = ClientDoor::kRedis;
  ListeningSocket socket;
};
using Doors = std::vector<Door>;

/// Binds all sockets that the configuration names: for Redis on each address of `bind`, plain and inside
/// TLS, and on the Unix socket; for HTTP, and for those who look after the server.
///
/// Not ok: the message says which cannot be had, and what to do. So it is, too, if others than this machine could reach
/// a server that asks for no password and nobody has said that they may (`protected-mode no`).
[[nodiscard]] storage::Status OpenDoors(const Config& config, Doors* doors);

}  // namespace tally::server
