// SLOWLOG: which requests took long.
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/operation.h"
#include "server/services.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

void Get(Operation& op) {
  constexpr uint64_t kDefaultCount = 10;
  uint64_t count = kDefaultCount;
  if (op.argc() > 3) return op.reply().Error(errors::BadSubcommand(op.arg(1), "slowlog"));
  if (op.argc() == 3) {
    const std::optional<int64_t> given = protocol::ParseInt64(op.arg(2));
    if (!given || *given < -1) return op.reply().Error(errors::kSlowLogCount);
    count = *given == -1 ? std::numeric_limits<uint64_t>::max() : static_cast<uint64_t>(*given);
  }
  const std::vector<SlowRequest> requests = op.services().slow_watch().log().Newest(count);
  op.reply().Array(requests.size());
  for (const SlowRequest& request : requests) {
    constexpr size_t kFields = 6;
    op.reply().Array(kFields);
    op.reply().Integer(static_cast<int64_t>(request.id));
    op.reply().Integer(request.time_s);
    op.reply().Integer(request.duration_us);
    op.reply().Array(request.arguments.size());
    for (const std::string& argument : request.arguments) op.reply().Bulk(argument);
    op.reply().Bulk(request.address);
    op.reply().Bulk(request.client_name);
  }
}

void Len(Operation& op) {
  op.reply().Integer(static_cast<int64_t>(op.services().slow_watch().log().size()));
}

void Reset(Operation& op) {
  op.services().slow_watch().log().Clear();
  op.reply().Ok();
}

constexpr Command Row(Command row) {
  row.flags |= kLoading | kStale;
  row.group = "server";
  return row;
}

constexpr std::array kSubcommands{
    Row({.name = "get",
         .arity = -2,
         .flags = kAdmin,
         .handler = Get,
         .since = "2.2.12",
         .complexity = "O(N), N: requests answered",
         .summary = "Answers the last requests that took long; ten if no number is given.",
         .syntax = "[count:integer]",
         .tips = "request_policy:all_nodes nondeterministic_output"}),
    Row({.name = "help",
         .arity = 2,
         .handler = ReplyHelp,
         .since = "6.2.0",
         .complexity = "O(1)",
         .summary = "Lists the subcommands."}),
    Row({.name = "len",
         .arity = 2,
         .flags = kAdmin,
         .handler = Len,
         .since = "2.2.12",
         .complexity = "O(1)",
         .summary = "Answers how many such requests are kept.",
         .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output"}),
    Row({.name = "reset",
         .arity = 2,
         .flags = kAdmin,
         .handler = Reset,
         .since = "2.2.12",
         .complexity = "O(N), N: requests kept",
         .summary = "Forgets them.",
         .tips = "request_policy:all_nodes response_policy:all_succeeded"}),
};

constexpr std::array kRows{
    Command{.name = "slowlog",
            .arity = -2,
            .group = "server",
            .since = "2.2.12",
            .complexity = "that of the subcommand",
            .summary = "Commands about requests that took long.",
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> SlowLogCommands() { return kRows; }

}  // namespace tally::server
