// Commands on whole databases.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/operation.h"

namespace tally::server {
namespace {

// ASYNC and SYNC are the same here: the database is empty at once, and nobody waits for its memory.
bool CheckFlushMode(Operation& op) {
  const bool fits = op.argc() == 1 || (op.argc() == 2 && (EqualsIgnoreCase(op.arg(1), "ASYNC") ||
                                                          EqualsIgnoreCase(op.arg(1), "SYNC")));
  if (!fits) op.reply().Error(protocol::errors::kSyntax);
  return fits;
}

void FlushDb(Operation& op) {
  if (!CheckFlushMode(op)) return;
  op.Flush(op.database());
  op.ForgetCopies();
  op.reply().Ok();
}

void FlushAll(Operation& op) {
  if (!CheckFlushMode(op)) return;
  for (int database = 0; database < op.databases(); ++database) op.Flush(database);
  op.ForgetCopies();
  op.reply().Ok();
}

void DbSize(Operation& op) {
  op.reply().Integer(static_cast<int64_t>(op.CountObjects(op.database())));
}

// A number that fits an int, though perhaps no database's; nullopt for anything else.
std::optional<int> ReadIndex(std::string_view text) {
  const std::optional<int64_t> number = protocol::ParseInt64(text);
  if (!number || !std::in_range<int>(*number)) return std::nullopt;
  return static_cast<int>(*number);
}

void SwapDb(Operation& op) {
  const std::optional<int> a = ReadIndex(op.arg(1));
  if (!a) return op.reply().Error(protocol::errors::kInvalidFirstDbIndex);
  const std::optional<int> b = ReadIndex(op.arg(2));
  if (!b) return op.reply().Error(protocol::errors::kInvalidSecondDbIndex);
  if (*a < 0 || *a >= op.databases() || *b < 0 || *b >= op.databases()) {
    return op.reply().Error(protocol::errors::kDbIndexOutOfRange);
  }
  op.SwapDatabases(*a, *b);
  op.reply().Ok();
}

constexpr std::array kRows{
    Command{.name = "flushdb",
            .arity = -1,
            .flags = kWrite,
            .acl = kAclKeyspace | kAclDangerous,
            .scope = Scope::kAllShards,
            .handler = FlushDb,
            .group = "server",
            .since = "1.0.0",
            .complexity = "O(1); memory is freed afterwards, in steps",
            .summary = "Removes all keys of the current database.",
            .syntax = "[async=ASYNC@4.0.0|SYNC@6.2.0]",
            .tips = "request_policy:all_shards response_policy:all_succeeded"},
    Command{.name = "flushall",
            .arity = -1,
            .flags = kWrite,
            .acl = kAclKeyspace | kAclDangerous,
            .scope = Scope::kAllShards,
            .handler = FlushAll,
            .group = "server",
            .since = "1.0.0",
            .complexity =
                "O(N) where N is the number of databases; memory is freed afterwards, in steps",
            .summary = "Removes all keys of all databases.",
            .syntax = "[async=ASYNC@4.0.0|SYNC@6.2.0]",
            .tips = "request_policy:all_shards response_policy:all_succeeded"},
    Command{.name = "dbsize",
            .arity = 1,
            .flags = kReadonly | kFast,
            .acl = kAclKeyspace,
            .scope = Scope::kAllShards,
            .handler = DbSize,
            .group = "server",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Answers how many keys the current database holds.",
            .tips = "request_policy:all_shards response_policy:agg_sum"},
    Command{.name = "swapdb",
            .arity = 3,
            .flags = kWrite | kFast,
            .acl = kAclKeyspace | kAclDangerous,
            .scope = Scope::kAllShards,
            .handler = SwapDb,
            .group = "server",
            .since = "4.0.0",
            .complexity = "O(N) where N is the number of watched keys in both databases",
            .summary = "Exchanges two databases, for all clients at once.",
            .syntax = "index1:integer index2:integer"},
};

}  // namespace

std::span<const Command> DatabaseCommands() { return kRows; }

}  // namespace tally::server
