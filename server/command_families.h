#pragma once

#include <span>

#include "server/command.h"

namespace tally::server {

// The rows of each family, in the file of that name. The command table joins them; `id` and, in
// subcommands, `parent` are filled in there.
[[nodiscard]] std::span<const Command> BitCommands();
[[nodiscard]] std::span<const Command> BitFieldCommands();
[[nodiscard]] std::span<const Command> BoundedCounterCommands();
[[nodiscard]] std::span<const Command> CommandCommands();
[[nodiscard]] std::span<const Command> CounterCommands();
[[nodiscard]] std::span<const Command> DatabaseCommands();
[[nodiscard]] std::span<const Command> DumpCommands();
[[nodiscard]] std::span<const Command> ExpireCommands();
[[nodiscard]] std::span<const Command> InspectCommands();
[[nodiscard]] std::span<const Command> KeyCommands();
[[nodiscard]] std::span<const Command> MultiStringCommands();
[[nodiscard]] std::span<const Command> ObjectCommands();
[[nodiscard]] std::span<const Command> RangeCommands();
[[nodiscard]] std::span<const Command> StringCommands();
[[nodiscard]] std::span<const Command> TransactionCommands();
[[nodiscard]] std::span<const Command> TransferCommands();
[[nodiscard]] std::span<const Command> WalkCommands();

[[nodiscard]] std::span<const Command> AclCommands();
[[nodiscard]] std::span<const Command> ClientCommands();
[[nodiscard]] std::span<const Command> ClusterCommands();
[[nodiscard]] std::span<const Command> ConfigCommands();
[[nodiscard]] std::span<const Command> ConnectionCommands();
[[nodiscard]] std::span<const Command> DebugCommands();
[[nodiscard]] std::span<const Command> FunctionCommands();
[[nodiscard]] std::span<const Command> InfoCommands();
[[nodiscard]] std::span<const Command> LatencyCommands();
[[nodiscard]] std::span<const Command> LolWutCommands();
[[nodiscard]] std::span<const Command> MemoryCommands();
[[nodiscard]] std::span<const Command> MessageCommands();
[[nodiscard]] std::span<const Command> ModuleCommands();
[[nodiscard]] std::span<const Command> MonitorCommands();
[[nodiscard]] std::span<const Command> ReplicationCommands();
[[nodiscard]] std::span<const Command> ServerCommands();
[[nodiscard]] std::span<const Command> SlowLogCommands();

}  // namespace tally::server
