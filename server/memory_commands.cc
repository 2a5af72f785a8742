// MEMORY: what a key costs, and how the server's memory is used.
#include <array>
#include <cstdint>
#include <optional>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/memory_reports.h"
#include "server/memory_usage.h"
#include "server/operation.h"
#include "storage/slot_table.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

// SAMPLES is checked and makes no difference: a value is one allocation, and nothing is estimated.
bool CheckSamples(Operation& op) {
  for (size_t i = 3; i < op.argc(); i += 2) {
    if (!EqualsIgnoreCase(op.arg(i), "SAMPLES") || i + 1 >= op.argc()) {
      op.reply().Error(errors::kSyntax);
      return false;
    }
    const std::optional<int64_t> samples = protocol::ParseInt64(op.arg(i + 1));
    if (!samples || *samples < 0) {
      op.reply().Error(samples ? errors::kSyntax : errors::kNotAnInteger);
      return false;
    }
  }
  return true;
}

void Usage(Operation& op) {
  if (!CheckSamples(op)) return;
  const storage::Object* found = op.FindExpiredToo(0);
  if (found == nullptr) return op.reply().Null();
  const size_t bytes = found->memory_bytes() + storage::SlotTable::kEntryBytes;
  op.reply().Integer(static_cast<int64_t>(bytes));
}

void Purge(Operation& op) {
  ReturnFreeMemory();
  op.reply().Ok();
}

void MallocStats(Operation& op) { op.reply().Verbatim("txt", AllocatorReport()); }

constexpr std::string_view kReportTips =
    "nondeterministic_output request_policy:all_shards response_policy:special";

constexpr std::array kSubcommands{
    Command{.name = "doctor",
            .arity = 2,
            .handler = DoctorMemory,
            .group = "server",
            .since = "4.0.0",
            .complexity = "O(1)",
            .summary = "Says in words what is noticeable about the server's memory.",
            .tips = kReportTips},
    Command{.name = "malloc-stats",
            .arity = 2,
            .handler = MallocStats,
            .group = "server",
            .since = "4.0.0",
            .complexity = "O(N), N: size classes and arenas of the allocator",
            .summary = "Answers what the allocator tells about itself.",
            .tips = kReportTips},
    Command{.name = "purge",
            .arity = 2,
            .handler = Purge,
            .group = "server",
            .since = "4.0.0",
            .complexity = "O(N), N: memory that is given back",
            .summary = "Gives memory that nobody uses back to the system.",
            .tips = "request_policy:all_shards response_policy:all_succeeded"},
    Command{.name = "stats",
            .arity = 2,
            .scope = Scope::kAllShards,  // it counts the keys
            .handler = ReplyMemoryStats,
            .group = "server",
            .since = "4.0.0",
            .complexity = "O(N), N: databases",
            .summary = "Answers what the server's memory is used for.",
            .tips = kReportTips},
    Command{.name = "usage",
            .arity = -3,
            .flags = kReadonly,
            .keys = {.first = 2, .last = 2, .step = 1, .flags = "RO"},
            .scope = Scope::kKeys,
            .handler = Usage,
            .group = "server",
            .since = "4.0.0",
            .complexity = "O(1)",
            .summary = "Answers how many bytes of memory a key takes, with its value.",
            .syntax = "key [SAMPLES count:integer]"},
    Command{.name = "help",
            .arity = 2,
            .flags = kLoading | kStale,
            .handler = ReplyHelp,
            .group = "server",
            .since = "4.0.0",
            .complexity = "O(1)",
            .summary = "Lists the subcommands."},
};

constexpr std::array kRows{
    Command{.name = "memory",
            .arity = -2,
            .group = "server",
            .since = "4.0.0",
            .complexity = "that of the subcommand",
            .summary = "Commands about memory.",
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> MemoryCommands() { return kRows; }

}  // namespace tally::server
