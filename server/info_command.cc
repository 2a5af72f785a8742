// INFO: which of its sections are told.
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "server/command_families.h"
#include "server/info_sections.h"
#include "server/operation.h"

namespace tally::server {
namespace {

bool Wants(const InfoSection& section, std::span<const std::string_view> asked) {
  if (asked.empty()) return section.in_default;
  return std::ranges::any_of(asked, [&](std::string_view word) {
    if (EqualsIgnoreCase(word, "DEFAULT")) return section.in_default;
    return EqualsIgnoreCase(word, "ALL") || EqualsIgnoreCase(word, "EVERYTHING") ||
           EqualsIgnoreCase(word, section.name);
  });
}

// Sections have their fixed order and come once, whatever the order of the arguments; an unknown one is
// passed over. A section that is not asked for is not looked at either, so that only who asks for the
// keyspace waits for changes of it that are not yet durable.
void Info(Operation& op) {
  InfoText text;
  for (const InfoSection& section : InfoSections()) {
    if (!Wants(section, op.args().subspan(1))) continue;
    text.Section(section.title);
    section.write(op, &text);
  }
  op.reply().Verbatim("txt", text.text());
}

constexpr std::array kRows{
    Command{.name = "info",
            .arity = -1,
            .flags = kLoading | kStale,
            .acl = kAclDangerous,
            .scope = Scope::kAllShards,
            .handler = Info,
            .group = "server",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Tells what the server is and does, in sections.",
            .syntax = "[section...]",
            .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
};

}  // namespace

std::span<const Command> InfoCommands() { return kRows; }

}  // namespace tally::server
