#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/statistics.h"

namespace tally::server {

/// How much happened per second lately, for INFO: the average of the last kSamples intervals between
/// calls of Sample. A timer should call it every kIntervalMs (then it looks back 1.6 s, as Redis does);
/// other intervals give true rates, too, over another time.
///
/// Thread: Sample on one thread, the rest on any.
class RateSampler {
 public:
  static constexpr int64_t kIntervalMs = 100;
  static constexpr size_t kSamples = 16;

  /// What was counted up to now. It may fall back to zero (CONFIG RESETSTAT).
  struct Totals {
    uint64_t commands = 0;
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
  };

  /// `now_us` is of a clock that never goes back. A call within a millisecond of the last one is
  /// ignored; the first call only sets the start.
  void Sample(int64_t now_us, const Totals& totals);

  [[nodiscard]] double commands_per_second() const { return rates_[0].load(); }
  [[nodiscard]] double bytes_in_per_second() const { return rates_[1].load(); }
  [[nodiscard]] double bytes_out_per_second() const { return rates_[2].load(); }

 private:
  static constexpr size_t kSeries = 3;
  static constexpr int64_t kMinIntervalUs = 1000;

  using Values = std::array<uint64_t, kSeries>;

  int64_t last_us_ = -1;
  Values last_{};
  size_t count_ = 0;  // samples taken
  std::array<std::array<double, kSeries>, kSamples> samples_{};
  std::array<std::atomic<double>, kSeries> rates_{};
};

/// The totals of all cores, for Sample.
[[nodiscard]] RateSampler::Totals TotalsOf(const std::vector<const CoreStatistics*>& cores);

}  // namespace tally::server
