#pragma once

#include <algorithm>
#include <cstdint>

namespace tally::server {

/// Part of a string, both ends included; empty when `first` > `last`.
struct IndexRange {
  int64_t first = 0;
  int64_t last = -1;

  [[nodiscard]] bool empty() const { return first > last; }
};

/// What clients mean by `start` and `end` of a string of `size` units: negative numbers count from its
/// end, and what lies outside is cut off.
[[nodiscard]] inline IndexRange ResolveRange(int64_t start, int64_t end, int64_t size) {
  const auto from_begin = [size](int64_t index) {
    return std::max<int64_t>(index < 0 ? size + index : index, 0);
  };
  return {from_begin(start), std::min(from_begin(end), size - 1)};
}

/// Both count from the end, in the wrong order. ResolveRange may find one unit there, when both lie in front
/// of the string; GETRANGE and BITCOUNT do not.
[[nodiscard]] inline bool IsReversedFromEnd(int64_t start, int64_t end) {
  return start < 0 && end < 0 && start > end;
}

}  // namespace tally::server
