#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "tests/crash/history.h"

namespace tally::test {

/// The largest value among all facts that were known before a time.
class KnownBefore {
 public:
  void Add(TimeNs time, int64_t value) { facts_.emplace_back(time, value); }

  void Sort() {
    std::sort(facts_.begin(), facts_.end());
    for (size_t i = 1; i < facts_.size(); ++i) {
      facts_[i].second = std::max(facts_[i].second, facts_[i - 1].second);
    }
  }

  /// The largest value of a fact strictly before `time`; nullopt when there is none.
  [[nodiscard]] std::optional<int64_t> Largest(TimeNs time) const {
    const auto after = std::lower_bound(
        facts_.begin(), facts_.end(), time,
        [](const std::pair<TimeNs, int64_t>& fact, TimeNs t) { return fact.first < t; });
    if (after == facts_.begin()) return std::nullopt;
    return std::prev(after)->second;
  }

 private:
  std::vector<std::pair<TimeNs, int64_t>> facts_;
};

}  // namespace tally::test
