#include "server/redaction.h"

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

bool IsSecret(const Command& command, std::span<const std::string_view> args, size_t index) {
  if (command.name == "auth") return index >= 1;
  if (command.name == "hello") return IsSecretOfHello(args, index);
  return command.name == "set" && command.parent == "config" && index >= 3 && index % 2 != 0 &&
         EqualsIgnoreCase(args[index - 1], "requirepass");
}

}  // namespace

std::string_view ShownArgument(const Command& command, std::span<const std::string_view> args,
                               size_t index) {
  return IsSecret(command, args, index) ? "(redacted)" : args[index];
}

}  // namespace tally::server
