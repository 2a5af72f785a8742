// MULTI and what belongs to it. How EXEC runs what was queued: transaction_run.h.
#include <array>
#include <memory>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/operation.h"
#include "server/transaction.h"
#include "server/watch.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

void EndTransaction(ClientState* client) {
  client->transaction = nullptr;
  client->watch = nullptr;
}

void Multi(Operation& op) {
  if (op.client()->transaction != nullptr) return op.reply().Error(errors::kNestedMulti);
  op.client()->transaction = std::make_shared<Transaction>();
  op.reply().Ok();
}

// There is nothing to run, or it was aborted: all else the session runs instead of this.
void Exec(Operation& op) {
  if (op.client()->transaction == nullptr) return op.reply().Error(errors::kExecWithoutMulti);
  EndTransaction(op.client());
  op.reply().Error(errors::kExecAbort);
}

void Discard(Operation& op) {
  if (op.client()->transaction == nullptr) return op.reply().Error(errors::kDiscardWithoutMulti);
  EndTransaction(op.client());
  op.reply().Ok();
}

void WatchKeys(Operation& op) {
  if (op.client()->transaction != nullptr) return op.reply().Error(errors::kWatchInsideMulti);
  for (size_t i = 0; i < op.key_count(); ++i) {
    if (!op.client()->watch->Add(&op, i)) return op.reply().Error(errors::kTooManyWatchedKeys);
  }
  op.reply().Ok();
}

// In a transaction nothing is watched any more.
void Unwatch(Operation& op) {
  op.client()->watch = nullptr;
  op.reply().Ok();
}

constexpr uint32_t kAtAnyTime = kNoScript | kLoading | kStale | kFast | kAllowBusy;

constexpr Command Row(Command row) {
  row.acl = kAclTransaction;
  row.group = "transactions";
  return row;
}

constexpr std::array kRows{
    Row({.name = "multi",
         .arity = 1,
         .flags = kAtAnyTime,
         .never_queued = true,
         .handler = Multi,
         .since = "1.2.0",
         .complexity = "O(1)",
         .summary = "Begins a transaction: what follows is queued until EXEC."}),
    Row({.name = "exec",
         .arity = 1,
         .flags = kNoScript | kLoading | kStale | kSkipSlowlog,
         .never_queued = true,
         .handler = Exec,
         .since = "1.2.0",
         .complexity = "that of the queued commands",
         .summary = "Runs what was queued, all of it at one moment; lost whole or not at all."}),
    Row({.name = "discard",
         .arity = 1,
         .flags = kAtAnyTime,
         .never_queued = true,
         .handler = Discard,
         .since = "2.0.0",
         .complexity = "O(N) where N is the number of queued commands",
         .summary = "Ends the transaction and forgets what was queued."}),
    Row({.name = "watch",
         .arity = -2,
         .flags = kAtAnyTime,
         .keys = {.first = 1, .last = -1, .step = 1, .flags = "RO"},
         .scope = Scope::kKeysEntered,
         .never_queued = true,
         .handler = WatchKeys,
         .since = "2.2.0",
         .complexity = "O(log N) for each key, N: keys that are watched",
         .summary = "Makes the next EXEC run nothing if one of the keys changes before it.",
         .syntax = "key..."}),
    Row({.name = "unwatch",
         .arity = 1,
         .flags = kAtAnyTime,
         .handler = Unwatch,
         .since = "2.2.0",
         .complexity = "O(N) where N is the number of watched keys",
         .summary = "Watches no key any more."}),
};

}  // namespace

std::span<const Command> TransactionCommands() { return kRows; }

}  // namespace tally::server
