// DUMP and RESTORE: a value travels to another server, and back. The payload: protocol/dump_payload.h.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/dump_payload.h"
#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/operation.h"
#include "server/string_value.h"
#include "storage/access_clock.h"
#include "storage/object.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using storage::kNoExpiry;
using storage::Object;

void Dump(Operation& op) {
  const Object* const found = op.FindForRead(0);
  if (found == nullptr) return op.reply().Null();
  op.reply().Bulk(protocol::DumpString(ValueText(found).view()));
}

struct RestoreOptions {
  bool replaces = false;
  bool is_absolute = false;  // the time to live is a Unix time
  std::optional<int64_t> idle_seconds;
  std::optional<int64_t> frequency;  // of use: not counted here, so it is looked at and no more
};

constexpr int64_t kMostFrequency = 255;

// nullopt: they are none, and the error was replied.
std::optional<RestoreOptions> ReadOptions(Operation& op) {
  RestoreOptions options;
  const auto refuse = [&op](std::string_view error) {
    op.reply().Error(error);
    return std::nullopt;
  };
  for (size_t i = 4; i < op.argc(); ++i) {
    const bool has_next = i + 1 < op.argc();
    if (EqualsIgnoreCase(op.arg(i), "REPLACE")) {
      options.replaces = true;
    } else if (EqualsIgnoreCase(op.arg(i), "ABSTTL")) {
      options.is_absolute = true;
    } else if (EqualsIgnoreCase(op.arg(i), "IDLETIME") && has_next && !options.frequency) {
      options.idle_seconds = protocol::ParseInt64(op.arg(++i));
      if (!options.idle_seconds) return refuse(errors::kNotAnInteger);
      if (*options.idle_seconds < 0) return refuse(errors::kInvalidIdleTime);
    } else if (EqualsIgnoreCase(op.arg(i), "FREQ") && has_next && !options.idle_seconds) {
      options.frequency = protocol::ParseInt64(op.arg(++i));
      if (!options.frequency) return refuse(errors::kNotAnInteger);
      if (*options.frequency < 0 || *options.frequency > kMostFrequency) {
        return refuse(errors::kInvalidFrequency);
      }
    } else {
      return refuse(errors::kSyntax);
    }
  }
  return options;
}

// The moment that a time to live means; kNoExpiry for 0. What is too far away to be told counts as past,
// as in Redis, where the sum goes round.
int64_t MomentOfTtl(int64_t ttl_ms, bool is_absolute, int64_t now_ms) {
  if (ttl_ms == 0) return kNoExpiry;
  int64_t moment_ms = ttl_ms;
  if (!is_absolute && __builtin_add_overflow(ttl_ms, now_ms, &moment_ms)) return 0;
  return moment_ms;
}

void SetIdle(Operation& op, int64_t idle_seconds) {
  const auto idle = static_cast<uint16_t>(
      std::min<int64_t>(idle_seconds, static_cast<int64_t>(storage::kMaxIdleSeconds)));
  Object* const restored = op.FindUntouched(0);
  restored->set_access_clock(storage::ClockIdleFor(storage::AccessClockAt(op.now_ms()), idle));
}

void Restore(Operation& op) {
  const std::optional<RestoreOptions> options = ReadOptions(op);
  if (!options) return;
  // What is replaced was deleted, even if its time had come.
  Object* const found = options->replaces ? op.FindExpiredToo(0) : op.Find(0);
  if (found != nullptr && !options->replaces) return op.reply().Error(errors::kBusyKey);
  const std::optional<int64_t> ttl_ms = protocol::ParseInt64(op.arg(2));
  if (!ttl_ms) return op.reply().Error(errors::kNotAnInteger);
  if (*ttl_ms < 0) return op.reply().Error(errors::kInvalidTtl);
  std::string room;
  std::string_view text;
  switch (protocol::ReadDump(op.arg(3), storage::kMaxValueBytes, &room, &text)) {
    case protocol::DumpStatus::kBadFooter:
      return op.reply().Error(errors::kBadDumpFooter);
    case protocol::DumpStatus::kBadData:
      return op.reply().Error(errors::kBadDumpData);
    case protocol::DumpStatus::kOk:
      break;
  }
  const int64_t expires_at_ms = MomentOfTtl(*ttl_ms, options->is_absolute, op.now_ms());
  if (expires_at_ms != kNoExpiry && expires_at_ms <= op.now_ms()) {
    if (found != nullptr) {
      op.Erase(0, found);
      op.Notify(kGenericEvent, "del", 0);
    }
  } else {
    PutValue(op, 0, found, text, expires_at_ms);
    if (found != nullptr) op.NotifyNew(op.database(), 0);
    op.Notify(kGenericEvent, "restore", 0);
    SetIdle(op, options->idle_seconds.value_or(0));
  }
  op.reply().Ok();
}

constexpr std::array kRows{
    Command{.name = "dump",
            .arity = 2,
            .flags = kReadonly,
            .keys = {.first = 1, .last = 1, .step = 1, .flags = "RO access"},
            .acl = kAclKeyspace,
            .scope = Scope::kKeys,
            .handler = Dump,
            .group = "generic",
            .since = "2.6.0",
            .complexity = "O(N) where N is the size of the value",
            .summary = "Answers a value in the form that RESTORE reads, here or in Redis.",
            .syntax = "key",
            .tips = "nondeterministic_output"},
    Command{.name = "restore",
            .arity = -4,
            .flags = kWrite | kDenyOom,
            .keys = {.first = 1, .last = 1, .step = 1, .flags = "OW update"},
            .acl = kAclKeyspace | kAclDangerous,
            .scope = Scope::kKeys,
            .handler = Restore,
            .group = "generic",
            .since = "2.6.0",
            .complexity = "O(N) where N is the size of the value",
            .summary = "Makes a key of what DUMP answered, here or in Redis; a string.",
            .syntax = "key ttl:integer serialized-value [REPLACE]@3.0.0 [ABSTTL]@5.0.0 [IDLETIME "
                      "seconds:integer]@5.0.0 [FREQ frequency:integer]@5.0.0"},
};

}  // namespace

std::span<const Command> DumpCommands() { return kRows; }

}  // namespace tally::server
