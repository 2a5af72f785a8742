// TALLY.INSPECT: one key, for people who look at it. Asking is no use of the key.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/command_families.h"
#include "server/json.h"
#include "server/operation.h"
#include "server/string_value.h"
#include "server/type_name.h"

namespace tally::server {
namespace {

// More of a value is not told.
constexpr size_t kMostValueBytes = 4096;

void Inspect(Operation& op) {
  const storage::Object* found = op.FindUntouched(0);
  if (found == nullptr) return op.reply().Null();
  const ValueText text(found);
  const std::string_view told = text.view().substr(0, kMostValueBytes);
  const int64_t ttl_ms = found->expires_at_ms() == storage::kNoExpiry
                             ? -1
                             : std::max<int64_t>(found->expires_at_ms() - op.now_ms(), 0);
  op.reply().Bulk(JsonObject()
                      .Add("name", op.arg(1))
                      .Add("database", op.database())
                      .Add("type", TypeNameOf(found))
                      .Add("encoding", EncodingOf(*found))
                      .Add("value", told)
                      .Add("value_bytes", text.view().size())
                      .Add("cut", told.size() < text.view().size())
                      .Add("ttl_ms", ttl_ms)
                      .Add("was", op.was_cold() ? "cold" : "resident")
                      .text());
}

constexpr std::array kRows{
    Command{.name = "tally.inspect",
            .arity = 2,
            .flags = kReadonly | kFast,
            .keys = {.first = 1, .last = 1, .step = 1, .flags = "RO access"},
            .acl = kAclKeyspace,
            .scope = Scope::kKeys,
            .handler = Inspect,
            .group = "generic",
            .since = "7.2.4",
            .complexity = "O(1)",
            .summary = "Tells, as JSON, a key's type, value (its first 4 KiB), remaining time, and "
                       "whether it had to be read from the disk.",
            .syntax = "key",
            .tips = "nondeterministic_output"},
};

}  // namespace

std::span<const Command> InspectCommands() { return kRows; }

}  // namespace tally::server
