// Commands on keys of any type. A key may be named more than once: each mention counts, in order.
#include <array>
#include <cstdint>
#include <string_view>

#include "server/command_families.h"
#include "server/operation.h"
#include "server/type_name.h"

namespace tally::server {
namespace {

void Del(Operation& op) {
  int64_t removed = 0;
  for (size_t i = 0; i < op.key_count(); ++i) {
    storage::Object* found = op.FindUntouched(i);
    if (found == nullptr) continue;
    op.Erase(i, found);
    op.Notify(kGenericEvent, "del", i);
    ++removed;
  }
  op.reply().Integer(removed);
}

void Exists(Operation& op) {
  int64_t present = 0;
  for (size_t i = 0; i < op.key_count(); ++i) {
    present += op.FindForReadUntouched(i) != nullptr ? 1 : 0;
  }
  op.reply().Integer(present);
}

void Touch(Operation& op) {
  int64_t present = 0;
  for (size_t i = 0; i < op.key_count(); ++i) present += op.FindForRead(i) != nullptr ? 1 : 0;
  op.reply().Integer(present);
}

void Type(Operation& op) { op.reply().Status(TypeNameOf(op.FindForReadUntouched(0))); }

constexpr KeyPositions Keys(std::string_view flags) {
  return {.first = 1, .last = -1, .step = 1, .flags = flags};
}

constexpr std::array kRows{
    Command{.name = "del",
            .arity = -2,
            .flags = kWrite,
            .keys = Keys("RM delete"),
            .acl = kAclKeyspace,
            .scope = Scope::kKeys,
            .handler = Del,
            .group = "generic",
            .since = "1.0.0",
            .complexity = "O(N) where N is the number of keys",
            .summary = "Removes keys, all at once, and answers how many there were.",
            .syntax = "key...",
            .tips = "request_policy:multi_shard response_policy:agg_sum"},
    Command{.name = "unlink",
            .arity = -2,
            .flags = kWrite | kFast,
            .keys = Keys("RM delete"),
            .acl = kAclKeyspace,
            .scope = Scope::kKeys,
            .handler = Del,
            .group = "generic",
            .since = "4.0.0",
            .complexity = "O(N) where N is the number of keys",
            .summary = "Removes keys as DEL does; memory may be freed later.",
            .syntax = "key...",
            .tips = "request_policy:multi_shard response_policy:agg_sum"},
    Command{.name = "exists",
            .arity = -2,
            .flags = kReadonly | kFast,
            .keys = Keys("RO"),
            .acl = kAclKeyspace,
            .scope = Scope::kKeys,
            .handler = Exists,
            .group = "generic",
            .since = "1.0.0",
            .complexity = "O(N) where N is the number of keys",
            .summary = "Answers how many of the named keys exist.",
            .syntax = "key...",
            .tips = "request_policy:multi_shard response_policy:agg_sum"},
    Command{.name = "touch",
            .arity = -2,
            .flags = kReadonly | kFast,
            .keys = Keys("RO"),
            .acl = kAclKeyspace,
            .scope = Scope::kKeys,
            .handler = Touch,
            .group = "generic",
            .since = "3.2.1",
            .complexity = "O(N) where N is the number of keys",
            .summary = "Marks keys as used just now and answers how many of them exist.",
            .syntax = "key...",
            .tips = "request_policy:multi_shard response_policy:agg_sum"},
    Command{.name = "type",
            .arity = 2,
            .flags = kReadonly | kFast,
            .keys = {.first = 1, .last = 1, .step = 1, .flags = "RO"},
            .acl = kAclKeyspace,
            .scope = Scope::kKeys,
            .handler = Type,
            .group = "generic",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Answers the type of a key's value, \"none\" for an absent key.",
            .syntax = "key"},
};

}  // namespace

std::span<const Command> KeyCommands() { return kRows; }

}  // namespace tally::server
