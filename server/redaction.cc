#include "server/redaction.h"

#include <algorithm>
#include <array>

namespace tally::server {
namespace {

// HELLO version [AUTH user password] [SETNAME name]
bool IsSecretOfHello(std::span<const std::string_view> args, size_t index) {
  for (size_t i = 2; i < index;) {
    if (EqualsIgnoreCase(args[i], "AUTH")) {
      if (index <= i + 2) return true;
      i += 3;
    } else {
      i += 2;
    }
  }
  return false;
}

bool IsSecretParameter(std::string_view name) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"});
  return std::ranges::any_of(
      kNames, [name](std::string_view secret) { return EqualsIgnoreCase(name, secret); });
}

bool IsSecret(const Command& command, std::span<const std::string_view> args, size_t index);

// ACL DRYRUN user command …
bool IsSecretOfDryRun(std::span<const std::string_view> args, size_t index) {
  constexpr size_t kCommand = 3;
  if (index <= kCommand) return false;
  bool unknown_subcommand = false;
  const std::span<const std::string_view> request = args.subspan(kCommand);
  const Command* const command = FindCommand(request, &unknown_subcommand);
  const bool is_another = command != nullptr && command->name != "dryrun";  // else without an end
  return is_another && IsSecret(*command, request, index - kCommand);
}

bool IsSecret(const Command& command, std::span<const std::string_view> args, size_t index) {
  if (command.name == "auth") return index >= 1;
  if (command.name == "hello") return IsSecretOfHello(args, index);
  if (command.parent == "acl" && command.name == "setuser") return index >= 2;
  if (command.parent == "acl" && command.name == "dryrun") return IsSecretOfDryRun(args, index);
  return command.name == "set" && command.parent == "config" && index >= 3 && index % 2 != 0 &&
         IsSecretParameter(args[index - 1]);
}

}  // namespace

std::string_view ShownArgument(const Command& command, std::span<const std::string_view> args,
                               size_t index) {
  return IsSecret(command, args, index) ? "(redacted)" : args[index];
}

}  // namespace tally::server
