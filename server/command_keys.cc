#include "server/command_keys.h"

namespace tally::server {
namespace {

// SET reads if GET is among its options.
std::string_view AccessOfSet(std::span<const std::string_view> options) {
  for (const std::string_view option : options) {
    if (EqualsIgnoreCase(option, "GET")) return "RW access update";
  }
  return "OW update";
}

// BITFIELD only reads if nothing but whole GETs and OVERFLOWs are among its operations.
std::string_view AccessOfBitField(std::span<const std::string_view> operations) {
  while (!operations.empty()) {
    if (EqualsIgnoreCase(operations[0], "GET") && operations.size() > 2) {
      operations = operations.subspan(3);
    } else if (EqualsIgnoreCase(operations[0], "OVERFLOW") && operations.size() > 1) {
      operations = operations.subspan(2);
    } else {
      return "RW access update";
    }
  }
  return "RO access";
}

}  // namespace

std::vector<std::string_view> KeysOf(const Command& command,
                                     std::span<const std::string_view> request) {
  const auto size = static_cast<int>(request.size());
  const int last = command.keys.last < 0 ? size + command.keys.last : command.keys.last;
  std::vector<std::string_view> keys;
  for (int i = command.keys.first; i <= last && i < size; i += command.keys.step) {
    keys.push_back(request[static_cast<size_t>(i)]);
  }
  return keys;
}

std::string_view AccessFlags(const Command& command, std::span<const std::string_view> request,
                             size_t key_index) {
  if (key_index > 0 && !command.keys.rest_flags.empty()) return command.keys.rest_flags;
  if (!command.keys.flags.ends_with(" variable_flags")) return command.keys.flags;
  return command.name == "set" ? AccessOfSet(request.subspan(3))
                               : AccessOfBitField(request.subspan(2));
}

}  // namespace tally::server
