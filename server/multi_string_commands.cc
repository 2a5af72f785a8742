// Commands on several strings at once. A key may be named more than once: each mention counts, in
// order.
#include <array>
#include <cstdint>
#include <string_view>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/operation.h"
#include "server/string_value.h"

namespace tally::server {
namespace {

void MGet(Operation& op) {
  op.reply().Array(op.key_count());
  for (size_t i = 0; i < op.key_count(); ++i) ReplyValue(op, op.FindForRead(i));
}

// Whether every key has its value; else the error was replied.
bool ArePairs(Operation& op) {
  if (op.argc() % 2 == 1) return true;
  op.reply().Error(protocol::errors::WrongArgumentCount(op.command().name));
  return false;
}

void PutPairs(Operation& op) {
  for (size_t i = 0; i < op.key_count(); ++i) {
    PutValue(op, i, op.Find(i), op.arg(2 + 2 * i), storage::kNoExpiry);
    op.Notify(kStringEvent, "set", i);
  }
}

void MSet(Operation& op) {
  if (!ArePairs(op)) return;
  PutPairs(op);
  op.reply().Ok();
}

void MSetNx(Operation& op) {
  if (!ArePairs(op)) return;
  for (size_t i = 0; i < op.key_count(); ++i) {
    if (op.Find(i) != nullptr) return op.reply().Integer(0);
  }
  PutPairs(op);
  op.reply().Integer(1);
}

constexpr std::array kRows{
    Command{.name = "mget",
            .arity = -2,
            .flags = kReadonly | kFast,
            .keys = {.first = 1, .last = -1, .step = 1, .flags = "RO access"},
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = MGet,
            .group = "string",
            .since = "1.0.0",
            .complexity = "O(N) where N is the number of keys",
            .summary = "Answers the strings of several keys, seen at one moment.",
            .syntax = "key...",
            .tips = "request_policy:multi_shard"},
    Command{.name = "mset",
            .arity = -3,
            .flags = kWrite | kDenyOom,
            .keys = {.first = 1, .last = -1, .step = 2, .flags = "OW update"},
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = MSet,
            .group = "string",
            .since = "1.0.1",
            .complexity = "O(N) where N is the number of keys",
            .summary = "Gives several keys a string each, all or none.",
            .syntax = "{key_value=key value}...",
            .tips = "request_policy:multi_shard response_policy:all_succeeded"},
    Command{.name = "msetnx",
            .arity = -3,
            .flags = kWrite | kDenyOom,
            .keys = {.first = 1, .last = -1, .step = 2, .flags = "OW insert"},
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = MSetNx,
            .group = "string",
            .since = "1.0.1",
            .complexity = "O(N) where N is the number of keys",
            .summary = "Gives several keys a string each if all of them are absent, else none.",
            .syntax = "{key_value=key value}...",
            .tips = "request_policy:multi_shard response_policy:agg_min"},
};

}  // namespace

std::span<const Command> MultiStringCommands() { return kRows; }

}  // namespace tally::server
