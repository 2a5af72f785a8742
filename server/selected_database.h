#pragma once

#include <optional>
#include <string_view>

#include "protocol/number.h"
#include "server/command.h"

namespace tally::server {

/// Whether the command chooses the database of those behind it: none but SELECT does, in a transaction.
[[nodiscard]] inline bool IsSelect(const Command& command) {
  return command.parent.empty() && command.name == "select";
}

/// Whether the command exchanges two databases.
[[nodiscard]] inline bool IsSwapDb(const Command& command) {
  return command.parent.empty() && command.name == "swapdb";
}

/// The database that SELECT with this argument chooses; none when it refuses.
[[nodiscard]] inline std::optional<int> SelectedDatabase(std::string_view index, int databases) {
  const std::optional<int64_t> number = protocol::ParseInt64(index);
  if (!number || *number < 0 || *number >= databases) return std::nullopt;
  return static_cast<int>(*number);
}

}  // namespace tally::server
