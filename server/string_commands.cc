// Commands on one string.
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/config.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/string_options.h"
#include "server/string_value.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using storage::kNoExpiry;
using storage::Object;

void Get(Operation& op) { ReplyValue(op, op.FindForRead(0)); }

void StrLen(Operation& op) {
  const Object* found = op.FindForRead(0);
  op.reply().Integer(found == nullptr ? 0 : static_cast<int64_t>(ValueSize(*found)));
}

void GetSet(Operation& op) {
  Object* found = op.FindForRead(0);
  ReplyValue(op, found);
  PutValue(op, 0, found, op.arg(2), kNoExpiry);
  op.Notify(kStringEvent, "set", 0);
}

void GetDel(Operation& op) {
  Object* found = op.FindForRead(0);
  ReplyValue(op, found);
  if (found == nullptr) return;
  op.Erase(0, found);
  op.Notify(kGenericEvent, "del", 0);
}

void Set(Operation& op) {
  const std::optional<StringOptions> options = ParseStringOptions(op, 3, StringCommand::kSet);
  if (!options) return op.reply().Error(errors::kSyntax);
  int64_t expires_at_ms = kNoExpiry;
  if (options->expiry == StringOptions::Expiry::kTime) {
    const std::optional<int64_t> moment_ms = ParseExpiry(op, options->amount, options->form);
    if (!moment_ms) return;
    expires_at_ms = *moment_ms;
  }
  Object* found = options->get ? op.FindForRead(0) : op.Find(0);
  if (found != nullptr && options->expiry == StringOptions::Expiry::kKeep) {
    expires_at_ms = found->expires_at_ms();
  }
  const bool refused = found != nullptr ? options->only_if_absent : options->only_if_present;
  if (options->get) {
    ReplyValue(op, found);
  } else if (refused) {
    op.reply().Null();
  } else {
    op.reply().Ok();
  }
  if (refused) return;
  // The moment may be past: as in Redis it is there, and expires when somebody looks.
  PutValue(op, 0, found, op.arg(2), expires_at_ms);
  op.Notify(kStringEvent, "set", 0);
  if (options->expiry == StringOptions::Expiry::kTime) op.Notify(kGenericEvent, "expire", 0);
}

void SetNx(Operation& op) {
  const bool absent = op.Find(0) == nullptr;
  if (absent) {
    PutValue(op, 0, nullptr, op.arg(2), kNoExpiry);
    op.Notify(kStringEvent, "set", 0);
  }
  op.reply().Integer(absent ? 1 : 0);
}

void SetWithExpiry(Operation& op, TimeForm form) {
  const std::optional<int64_t> moment_ms = ParseExpiry(op, op.arg(2), form);
  if (!moment_ms) return;
  PutValue(op, 0, op.Find(0), op.arg(3), *moment_ms);
  op.Notify(kStringEvent, "set", 0);
  op.Notify(kGenericEvent, "expire", 0);
  op.reply().Ok();
}
void SetEx(Operation& op) { SetWithExpiry(op, {.in_seconds = true}); }
void PSetEx(Operation& op) { SetWithExpiry(op, {.in_seconds = false}); }

void GetEx(Operation& op) {
  const std::optional<StringOptions> options = ParseStringOptions(op, 2, StringCommand::kGetEx);
  if (!options) return op.reply().Error(errors::kSyntax);
  Object* found = op.FindForRead(0);
  if (found == nullptr) return op.reply().Null();
  int64_t expires_at_ms = found->expires_at_ms();
  if (options->expiry == StringOptions::Expiry::kTime) {
    // As in Redis, the number is looked at only when there is something to expire.
    const std::optional<int64_t> moment_ms = ParseExpiry(op, options->amount, options->form);
    if (!moment_ms) return;
    expires_at_ms = *moment_ms;
  } else if (options->expiry == StringOptions::Expiry::kRemove) {
    expires_at_ms = kNoExpiry;
  }
  ReplyValue(op, found);
  const bool expires = options->expiry == StringOptions::Expiry::kTime;
  if (expires && expires_at_ms <= op.now_ms()) {
    op.Erase(0, found);
    return op.Notify(kGenericEvent, "del", 0);
  }
  const bool changes = expires_at_ms != found->expires_at_ms();
  if (changes) op.SetExpiry(0, found, expires_at_ms);
  if (expires) {
    op.Notify(kGenericEvent, "expire", 0);
  } else if (changes) {
    op.Notify(kGenericEvent, "persist", 0);
  }
}

// A sum this short may turn out to be an integer.
constexpr size_t kMaxIntegerChars = 20;

void Append(Operation& op) {
  Object* found = op.Find(0);
  const std::string_view tail = op.arg(2);
  if (found == nullptr) {
    PutValue(op, 0, nullptr, tail, kNoExpiry);
    op.Notify(kStringEvent, "append", 0);
    return op.reply().Integer(static_cast<int64_t>(tail.size()));
  }
  const size_t size = ValueSize(*found) + tail.size();
  if (size > op.services().config().proto_max_bulk_bytes || size > storage::kMaxValueBytes) {
    return op.reply().Error(errors::kStringTooLong);
  }
  op.reply().Integer(static_cast<int64_t>(size));
  op.Notify(kStringEvent, "append", 0);
  if (tail.empty()) return;

  const ValueText text_before(found);
  const std::string_view head = text_before.view();
  if (size <= kMaxIntegerChars) {
    char text[kMaxIntegerChars];
    std::memcpy(text, head.data(), head.size());
    std::memcpy(text + head.size(), tail.data(), tail.size());
    PutValue(op, 0, found, {text, size}, found->expires_at_ms(), /*edited=*/true);
  } else {
    op.PutBytes(0, found, head, tail, found->expires_at_ms(), /*edited=*/true);
  }
}

constexpr KeyPositions Key(std::string_view flags, std::string_view notes = {}) {
  return {.first = 1, .last = 1, .step = 1, .flags = flags, .notes = notes};
}

constexpr std::array kRows{
    Command{.name = "get",
            .arity = 2,
            .flags = kReadonly | kFast,
            .keys = Key("RO access"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = Get,
            .group = "string",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Answers a key's string.",
            .syntax = "key"},
    Command{.name = "set",
            .arity = -3,
            .flags = kWrite | kDenyOom,
            .keys = Key("RW access update variable_flags",
                        "RW and ACCESS due to the optional `GET` argument"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = Set,
            .group = "string",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary =
                "Gives a key a string, whatever it held; its expiry goes unless KEEPTTL is said.",
            .syntax = "key value [condition=NX|XX]@2.6.12 [GET]@6.2.0 "
                      "[expiration=EX seconds:integer@2.6.12|PX milliseconds:integer@2.6.12|"
                      "EXAT unix-time-seconds:unix-time@6.2.0|"
                      "PXAT unix-time-milliseconds:unix-time@6.2.0|KEEPTTL@6.0.0]"},
    Command{.name = "setnx",
            .arity = 3,
            .flags = kWrite | kDenyOom | kFast,
            .keys = Key("OW insert"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = SetNx,
            .group = "string",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Gives an absent key a string; a key that exists stays as it is.",
            .syntax = "key value"},
    Command{.name = "setex",
            .arity = 4,
            .flags = kWrite | kDenyOom,
            .keys = Key("OW update"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = SetEx,
            .group = "string",
            .since = "2.0.0",
            .complexity = "O(1)",
            .summary = "Gives a key a string that lives for so many seconds.",
            .syntax = "key seconds:integer value"},
    Command{.name = "psetex",
            .arity = 4,
            .flags = kWrite | kDenyOom,
            .keys = Key("OW update"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = PSetEx,
            .group = "string",
            .since = "2.6.0",
            .complexity = "O(1)",
            .summary = "Gives a key a string that lives for so many milliseconds.",
            .syntax = "key milliseconds:integer value"},
    Command{.name = "getset",
            .arity = 3,
            .flags = kWrite | kDenyOom | kFast,
            .keys = Key("RW access update"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = GetSet,
            .group = "string",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Gives a key a string and answers the one it held.",
            .syntax = "key value",
            .deprecated_since = "6.2.0",
            .replaced_by = "SET with GET"},
    Command{.name = "getdel",
            .arity = 2,
            .flags = kWrite | kFast,
            .keys = Key("RW access delete"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = GetDel,
            .group = "string",
            .since = "6.2.0",
            .complexity = "O(1)",
            .summary = "Removes a key and answers the string it held.",
            .syntax = "key"},
    Command{.name = "getex",
            .arity = -2,
            .flags = kWrite | kFast,
            .keys = Key("RW access update", "RW and UPDATE because it changes the TTL"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = GetEx,
            .group = "string",
            .since = "6.2.0",
            .complexity = "O(1)",
            .summary = "Answers a key's string and, if asked to, sets or removes its expiry.",
            .syntax = "key [expiration=EX seconds:integer|PX milliseconds:integer|"
                      "EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|"
                      "PERSIST]"},
    Command{.name = "append",
            .arity = 3,
            .flags = kWrite | kDenyOom | kFast,
            .keys = Key("RW insert"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = Append,
            .group = "string",
            .since = "2.0.0",
            .complexity = "O(N) where N is the length of the whole string",
            .summary = "Puts bytes at the end of a key's string and answers the new length.",
            .syntax = "key value"},
    Command{.name = "strlen",
            .arity = 2,
            .flags = kReadonly | kFast,
            .keys = Key("RO"),
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = StrLen,
            .group = "string",
            .since = "2.2.0",
            .complexity = "O(1)",
            .summary = "Answers the length of a key's string in bytes.",
            .syntax = "key"},
};

}  // namespace

std::span<const Command> StringCommands() { return kRows; }

}  // namespace tally::server
