#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tally::server {

/// A checkpoint is due when the last is longer ago than `seconds` and the journal has at least `changes` change sets
/// since. Only starts and memory gain from one; no data depends on it.
struct SavePoint {
  int64_t seconds;
  int64_t changes;

  bool operator==(const SavePoint&) const = default;
};

/// "3600 1 300 100", numbers one blank apart; "" is none. nullopt: something else.
[[nodiscard]] std::optional<std::vector<SavePoint>> ParseSavePoints(std::string_view text);

/// The text that ParseSavePoints makes the same of.
[[nodiscard]] std::string SavePointsText(std::span<const SavePoint> points);

[[nodiscard]] bool IsAnyDue(std::span<const SavePoint> points, int64_t seconds_since_last,
                            uint64_t changes_since_last);

}  // namespace tally::server
