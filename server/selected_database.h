#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/errors.h"
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

/// The database that a client names, and what SELECT, COPY and MOVE say if it is none.
struct NamedDatabase {
  int number = 0;
  std::string error;  // not empty: it is none
};

[[nodiscard]] inline NamedDatabase ReadDatabase(std::string_view text, int databases) {
  const std::optional<int64_t> number = protocol::ParseInt64(text);
  if (!number) return {0, std::string(protocol::errors::kNotAnInteger)};
  if (!std::in_range<int>(*number)) {
    return {0, protocol::errors::MustBeBetween(std::numeric_limits<int>::min(),
                                               std::numeric_limits<int>::max())};
  }
  if (*number < 0 || *number >= databases) {
    return {0, std::string(protocol::errors::kDbIndexOutOfRange)};
  }
  return {static_cast<int>(*number), {}};
}

/// The database that SELECT with this argument chooses; none when it refuses.
[[nodiscard]] inline std::optional<int> SelectedDatabase(std::string_view index, int databases) {
  const NamedDatabase named = ReadDatabase(index, databases);
  return named.error.empty() ? std::optional(named.number) : std::nullopt;
}

}  // namespace tally::server
