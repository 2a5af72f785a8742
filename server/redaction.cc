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

bool IsSecret(const Command& command, std::span<const std::string_view> args, size_t index) {
  if (command.name == "auth") return index >= 1;
  if (command.name == "hello") return IsSecretOfHello(args, index);
  return command.name == "set" && command.parent == "config" && index >= 3 && index % 2 != 0 &&
         IsSecretParameter(args[index - 1]);
}

}  // namespace

std::string_view ShownArgument(const Command& command, std::span<const std::string_view> args,
                               size_t index) {
  return IsSecret(command, args, index) ? "(redacted)" : args[index];
}

}  // namespace tally::server
