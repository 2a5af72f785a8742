// OBJECT: how a key's value lies in memory, as Redis would tell it. Asking is no use of the key.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/operation.h"
#include "server/string_value.h"
#include "storage/access_clock.h"

namespace tally::server {
namespace {

using storage::Object;

// Redis has one object for each of these numbers, which all keys with that value share.
constexpr int64_t kSharedIntegers = 10'000;

// The object, or null once a null was replied.
const Object* FindOrReplyNull(Operation& op) {
  const Object* found = op.FindForReadUnnoticed(0);
  if (found == nullptr) op.reply().Null();
  return found;
}

void Encoding(Operation& op) {
  const Object* found = FindOrReplyNull(op);
  if (found == nullptr) return;
  op.reply().Bulk(EncodingOf(*found));
}

void IdleTime(Operation& op) {
  const Object* found = FindOrReplyNull(op);
  if (found == nullptr) return;
  const storage::AccessClock now = storage::AccessClockAt(op.now_ms());
  op.reply().Integer(
      std::min(storage::IdleSeconds(now, found->access_clock()), storage::kMaxIdleSeconds));
}

void Freq(Operation& op) {
  if (FindOrReplyNull(op) != nullptr) op.reply().Error(protocol::errors::kNoAccessFrequency);
}

// Nothing is shared here. Clients see in Redis that small numbers are, and some look.
void RefCount(Operation& op) {
  const Object* found = FindOrReplyNull(op);
  if (found == nullptr) return;
  const bool shared = found->is_integer() && !found->is_edited() && found->integer() >= 0 &&
                      found->integer() < kSharedIntegers;
  op.reply().Integer(shared ? std::numeric_limits<int32_t>::max() : 1);
}

constexpr Command Row(std::string_view name, Handler handler, std::string_view since,
                      std::string_view summary) {
  return {.name = name,
          .arity = 3,
          .flags = kReadonly,
          .keys = {.first = 2, .last = 2, .step = 1, .flags = "RO"},
          .acl = kAclKeyspace,
          .scope = Scope::kKeys,
          .handler = handler,
          .group = "generic",
          .since = since,
          .complexity = "O(1)",
          .summary = summary,
          .syntax = "key",
          .tips = "nondeterministic_output"};
}

constexpr std::array kSubcommands{
    Row("encoding", Encoding, "2.2.3",
        "Answers how a value is kept: int, embstr (a short string) or raw (a longer one)."),
    Row("idletime", IdleTime, "2.2.3",
        "Answers how many seconds ago a key was used, 32767 if it was longer ago."),
    Row("freq", Freq, "4.0.0", "An error: how often a key is used is not counted."),
    Row("refcount", RefCount, "2.2.3",
        "Answers 1, and the largest int for the numbers that Redis shares between keys."),
    Command{.name = "help",
            .arity = 2,
            .flags = kLoading | kStale,
            .acl = kAclKeyspace,
            .handler = ReplyHelp,
            .group = "generic",
            .since = "6.2.0",
            .complexity = "O(1)",
            .summary = "Lists the subcommands."},
};

constexpr std::array kRows{
    Command{.name = "object",
            .arity = -2,
            .group = "generic",
            .since = "2.2.3",
            .complexity = "that of the subcommand",
            .summary = "Commands about how a value is kept.",
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> ObjectCommands() { return kRows; }

}  // namespace tally::server
