// How long a key lives.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/expiry.h"
#include "server/operation.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using storage::kNoExpiry;
using storage::Object;

// The conditions of EXPIRE and its family.
struct Conditions {
  bool if_none = false;     // NX
  bool if_any = false;      // XX
  bool if_later = false;    // GT; no expiry counts as never
  bool if_earlier = false;  // LT
};

// False: they are none, and the error was replied.
bool ParseConditions(Operation& op, size_t first, Conditions* conditions) {
  for (const std::string_view word : op.args().subspan(first)) {
    if (EqualsIgnoreCase(word, "NX")) {
      conditions->if_none = true;
    } else if (EqualsIgnoreCase(word, "XX")) {
      conditions->if_any = true;
    } else if (EqualsIgnoreCase(word, "GT")) {
      conditions->if_later = true;
    } else if (EqualsIgnoreCase(word, "LT")) {
      conditions->if_earlier = true;
    } else {
      op.reply().Error(errors::UnsupportedOption(word));
      return false;
    }
  }
  if (conditions->if_none &&
      (conditions->if_any || conditions->if_later || conditions->if_earlier)) {
    op.reply().Error(errors::kExpireNxWithOthers);
    return false;
  }
  if (conditions->if_later && conditions->if_earlier) {
    op.reply().Error(errors::kExpireGtWithLt);
    return false;
  }
  return true;
}

bool Allow(const Conditions& conditions, int64_t current_ms, int64_t wanted_ms) {
  const bool expires = current_ms != kNoExpiry;
  if (conditions.if_none && expires) return false;
  if (conditions.if_any && !expires) return false;
  if (conditions.if_later && (!expires || wanted_ms <= current_ms)) return false;
  return !(conditions.if_earlier && expires && wanted_ms >= current_ms);
}

void ExpireAtMoment(Operation& op, TimeForm form) {
  Conditions conditions;
  if (!ParseConditions(op, 3, &conditions)) return;
  const std::optional<int64_t> amount = protocol::ParseInt64(op.arg(2));
  if (!amount) return op.reply().Error(errors::kNotAnInteger);
  const std::optional<int64_t> moment_ms = MomentOf(*amount, form, op.now_ms());
  if (!moment_ms) return op.reply().Error(errors::InvalidExpireTime(op.command().name));

  Object* found = op.Find(0);
  if (found == nullptr || !Allow(conditions, found->expires_at_ms(), *moment_ms)) {
    return op.reply().Integer(0);
  }
  if (*moment_ms <= op.now_ms()) {
    op.Erase(0, found);
    op.Notify(kGenericEvent, "del", 0);
  } else {
    if (*moment_ms != found->expires_at_ms()) op.SetExpiry(0, found, *moment_ms);
    op.Notify(kGenericEvent, "expire", 0);
  }
  op.reply().Integer(1);
}

void Expire(Operation& op) { ExpireAtMoment(op, {.in_seconds = true, .absolute = false}); }
void PExpire(Operation& op) { ExpireAtMoment(op, {.in_seconds = false, .absolute = false}); }
void ExpireAt(Operation& op) { ExpireAtMoment(op, {.in_seconds = true, .absolute = true}); }
void PExpireAt(Operation& op) { ExpireAtMoment(op, {.in_seconds = false, .absolute = true}); }

void Persist(Operation& op) {
  Object* found = op.Find(0);
  const bool expires = found != nullptr && found->expires_at_ms() != kNoExpiry;
  if (expires) {
    op.SetExpiry(0, found, kNoExpiry);
    op.Notify(kGenericEvent, "persist", 0);
  }
  op.reply().Integer(expires ? 1 : 0);
}

constexpr int64_t kAnswerAbsent = -2;
constexpr int64_t kAnswerNoExpiry = -1;

int64_t ToNearestSecond(int64_t ms) { return ms / 1000 + (ms % 1000 >= 500 ? 1 : 0); }

// The time of the key's expiry after `base_ms`, and not before it, in the form's unit.
void ReplyExpiry(Operation& op, int64_t base_ms, bool in_seconds) {
  const Object* found = op.FindForReadUntouched(0);
  if (found == nullptr) return op.reply().Integer(kAnswerAbsent);
  const int64_t expires_at_ms = found->expires_at_ms();
  if (expires_at_ms == kNoExpiry) return op.reply().Integer(kAnswerNoExpiry);
  const int64_t ms = expires_at_ms > base_ms ? expires_at_ms - base_ms : 0;
  op.reply().Integer(in_seconds ? ToNearestSecond(ms) : ms);
}

void Ttl(Operation& op) { ReplyExpiry(op, op.now_ms(), true); }
void PTtl(Operation& op) { ReplyExpiry(op, op.now_ms(), false); }
void ExpireTime(Operation& op) { ReplyExpiry(op, 0, true); }
void PExpireTime(Operation& op) { ReplyExpiry(op, 0, false); }

constexpr KeyPositions Key(std::string_view flags) {
  return {.first = 1, .last = 1, .step = 1, .flags = flags};
}

constexpr Command SettingRow(std::string_view name, Handler handler, std::string_view since,
                             std::string_view summary, std::string_view syntax) {
  return {.name = name,
          .arity = -3,
          .flags = kWrite | kFast,
          .keys = Key("RW update"),
          .acl = kAclKeyspace,
          .scope = Scope::kKeys,
          .handler = handler,
          .group = "generic",
          .since = since,
          .complexity = "O(1)",
          .summary = summary,
          .syntax = syntax};
}

constexpr Command AskingRow(std::string_view name, Handler handler, std::string_view since,
                            std::string_view summary, std::string_view tips = {}) {
  return {.name = name,
          .arity = 2,
          .flags = kReadonly | kFast,
          .keys = Key("RO access"),
          .acl = kAclKeyspace,
          .scope = Scope::kKeys,
          .handler = handler,
          .group = "generic",
          .since = since,
          .complexity = "O(1)",
          .summary = summary,
          .syntax = "key",
          .tips = tips};
}

constexpr std::array kRows{
    SettingRow("expire", Expire, "1.0.0", "Lets a key live for so many more seconds.",
               "key seconds:integer [condition=NX|XX|GT|LT]@7.0.0"),
    SettingRow("pexpire", PExpire, "2.6.0", "Lets a key live for so many more milliseconds.",
               "key milliseconds:integer [condition=NX|XX|GT|LT]@7.0.0"),
    SettingRow("expireat", ExpireAt, "1.2.0", "Lets a key live until a Unix time in seconds.",
               "key unix-time-seconds:unix-time [condition=NX|XX|GT|LT]@7.0.0"),
    SettingRow("pexpireat", PExpireAt, "2.6.0",
               "Lets a key live until a Unix time in milliseconds.",
               "key unix-time-milliseconds:unix-time [condition=NX|XX|GT|LT]@7.0.0"),
    AskingRow("ttl", Ttl, "1.0.0", "Answers how many seconds a key has to live.",
              "nondeterministic_output"),
    AskingRow("pttl", PTtl, "2.6.0", "Answers how many milliseconds a key has to live.",
              "nondeterministic_output"),
    AskingRow("expiretime", ExpireTime, "7.0.0", "Answers at which Unix second a key expires."),
    AskingRow("pexpiretime", PExpireTime, "7.0.0",
              "Answers at which Unix millisecond a key expires."),
    Command{.name = "persist",
            .arity = 2,
            .flags = kWrite | kFast,
            .keys = Key("RW update"),
            .acl = kAclKeyspace,
            .scope = Scope::kKeys,
            .handler = Persist,
            .group = "generic",
            .since = "2.2.0",
            .complexity = "O(1)",
            .summary = "Takes a key's expiry away, so that it lives until it is removed.",
            .syntax = "key"},
};

}  // namespace

std::span<const Command> ExpireCommands() { return kRows; }

}  // namespace tally::server
