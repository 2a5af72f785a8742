// MONITOR: shows a client all requests of all clients. The session sees to that (session_monitor.cc).
#include <array>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/operation.h"

namespace tally::server {
namespace {

// In a transaction, where each request has to have one reply, it cannot begin; and one that has begun
// answers nothing to another.
void Monitor(Operation& op) {
  if (!op.may_wait()) return op.reply().Error(protocol::errors::kMonitorInTransaction);
  if (op.client()->monitoring) return;
  op.client()->monitoring = true;
  op.reply().Ok();
}

constexpr std::array kRows{
    Command{.name = "monitor",
            .arity = 1,
            .flags = kAdmin | kNoScript | kLoading | kStale,
            .handler = Monitor,
            .group = "server",
            .since = "1.0.0",
            .complexity = "O(1); then as much for each request of any client",
            .summary = "Shows all requests of all clients, until RESET or the connection's end."},
};

}  // namespace

std::span<const Command> MonitorCommands() { return kRows; }

}  // namespace tally::server
