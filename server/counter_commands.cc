// Counters: strings that hold a number. A command keeps the object's expiry.
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/operation.h"
#include "server/string_value.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

void AddInteger(Operation& op, int64_t amount) {
  storage::Object* found = op.Find(0);
  int64_t value = 0;
  int64_t expires_at_ms = storage::kNoExpiry;
  if (found != nullptr) {
    // A string that is an integer is always stored as one.
    if (!found->is_integer()) return op.reply().Error(errors::kNotAnInteger);
    value = found->integer();
    expires_at_ms = found->expires_at_ms();
  }
  if (__builtin_add_overflow(value, amount, &value)) return op.reply().Error(errors::kOverflow);
  op.PutInteger(0, found, value, expires_at_ms);
  op.Notify(kStringEvent, "incrby", 0);
  op.reply().Integer(value);
}

void Incr(Operation& op) { AddInteger(op, 1); }
void Decr(Operation& op) { AddInteger(op, -1); }

void IncrBy(Operation& op) {
  const std::optional<int64_t> amount = protocol::ParseInt64(op.arg(2));
  if (!amount) return op.reply().Error(errors::kNotAnInteger);
  AddInteger(op, *amount);
}

void DecrBy(Operation& op) {
  const std::optional<int64_t> amount = protocol::ParseInt64(op.arg(2));
  if (!amount) return op.reply().Error(errors::kNotAnInteger);
  if (*amount == std::numeric_limits<int64_t>::min()) {
    return op.reply().Error(errors::kDecrementOverflow);
  }
  AddInteger(op, -*amount);
}

std::optional<long double> NumberOf(const storage::Object& object) {
  if (object.is_integer()) return static_cast<long double>(object.integer());
  return protocol::ParseLongDouble(object.bytes());
}

void IncrByFloat(Operation& op) {
  storage::Object* found = op.Find(0);
  const std::optional<long double> value = found == nullptr ? 0.0L : NumberOf(*found);
  const std::optional<long double> amount = protocol::ParseLongDouble(op.arg(2));
  if (!value || !amount) return op.reply().Error(errors::kNotAFloat);
  const long double sum = *value + *amount;
  if (!std::isfinite(sum)) return op.reply().Error(errors::kNanOrInfinity);
  const std::string text = protocol::FormatLongDoubleHuman(sum);
  PutValue(op, 0, found, text, found == nullptr ? storage::kNoExpiry : found->expires_at_ms());
  op.Notify(kStringEvent, "incrbyfloat", 0);
  op.reply().Bulk(text);
}

constexpr uint32_t kFlags = kWrite | kDenyOom | kFast;
constexpr KeyPositions kKey{.first = 1, .last = 1, .step = 1, .flags = "RW access update"};

constexpr std::array kRows{
    Command{
        .name = "incr",
        .arity = 2,
        .flags = kFlags,
        .keys = kKey,
        .acl = kAclString,
        .scope = Scope::kKeys,
        .handler = Incr,
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Adds one to a counter and answers its new value. An absent key counts as 0.",
        .syntax = "key"},
    Command{
        .name = "decr",
        .arity = 2,
        .flags = kFlags,
        .keys = kKey,
        .acl = kAclString,
        .scope = Scope::kKeys,
        .handler = Decr,
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Takes one from a counter and answers its new value. An absent key counts as 0.",
        .syntax = "key"},
    Command{.name = "incrby",
            .arity = 3,
            .flags = kFlags,
            .keys = kKey,
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = IncrBy,
            .group = "string",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Adds an integer to a counter and answers its new value.",
            .syntax = "key increment:integer"},
    Command{.name = "decrby",
            .arity = 3,
            .flags = kFlags,
            .keys = kKey,
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = DecrBy,
            .group = "string",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Takes an integer from a counter and answers its new value.",
            .syntax = "key decrement:integer"},
    Command{.name = "incrbyfloat",
            .arity = 3,
            .flags = kFlags,
            .keys = kKey,
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = IncrByFloat,
            .group = "string",
            .since = "2.6.0",
            .complexity = "O(1)",
            .summary = "Adds a decimal number to the number in a key and answers the sum.",
            .syntax = "key increment:double"},
};

}  // namespace

std::span<const Command> CounterCommands() { return kRows; }

}  // namespace tally::server
