#include "server/doors.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/bind_address.h"

namespace tally::server {

namespace {

using storage::Status;

// Port 0 asks for any, and all addresses are to have the same.
Status OpenTcp(const Config& config, ClientDoor speaks, uint16_t port, const std::string& option,
               Doors* doors) {
  Status missing = Status::Ok();
  size_t opened = 0;
  for (const BindAddress& address : BindAddresses(config.bind)) {
    ListeningSocket socket;
    Status status = socket.Bind(address.address, port, option);
    if (status.ok()) {
      port = socket.port();
      ++opened;
      doors->push_back({speaks, std::move(socket)});
    } else if (address.optional && socket.lacks_address()) {
      missing = std::move(status);
    } else {
      return status;
    }
  }
  return opened == 0 ? missing : Status::Ok();
}

// Of this machine only.
Status OpenHttp(ClientDoor speaks, uint16_t port, const std::string& option, Doors* doors) {
  if (port == 0) return Status::Ok();
  Door& door = doors->emplace_back(Door{speaks, {}});
  const Status status = door.socket.Bind("127.0.0.1", port, option);
  if (status.ok()) return Status::Ok();
  return Status::Failure(status.message() + "; " + option + " 0 closes this door");
}

Status CheckProtection(const Config& config) {
  const std::vector<BindAddress> addresses = BindAddresses(config.bind);
  if (!config.protected_mode || !config.users().default_is_open() ||
      std::ranges::all_of(addresses, IsLoopbackOnly)) {
    return Status::Ok();
  }
  return Status::Failure(
      "--bind " + config.bind +
      " lets other machines in, and no password is asked for. Set one with --requirepass, or say "
      "with "
      "--protected-mode no that everybody who reaches this machine may read and change the data");
}

}  // namespace

Status OpenDoors(const Config& config, Doors* doors) {
  if (Status status = CheckProtection(config); !status.ok()) return status;
  const bool has_other_way_in = config.tls_port != 0 || !config.unix_socket.empty();
  if (config.port != 0 || !has_other_way_in) {
    if (Status status = OpenTcp(config, ClientDoor::kRedis, config.port, "--port", doors);
        !status.ok()) {
      return status;
    }
  }
  if (config.tls_port != 0) {
    if (Status status =
            OpenTcp(config, ClientDoor::kRedisTls, config.tls_port, "--tls-port", doors);
        !status.ok()) {
      return status;
    }
  }
  if (!config.unix_socket.empty()) {
    Door& door = doors->emplace_back();
    if (Status status = door.socket.BindUnix(config.unix_socket, config.unix_socket_permissions);
        !status.ok()) {
      return status;
    }
  }
  if (Status status = OpenHttp(ClientDoor::kHttp, config.http_port, "--http-port", doors);
      !status.ok()) {
    return status;
  }
  return OpenHttp(ClientDoor::kAdmin, config.admin_port, "--admin-port", doors);
}

}  // namespace tally::server
