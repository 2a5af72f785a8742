#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tally::bench {

/// How long many things took, in microseconds. Exact below 128 us, within 1/64 above; the largest is kept exactly.
class LatencyHistogram {
 public:
  void Add(uint64_t us, uint64_t count = 1) {
    counts_[Bucket(us)] += count;
    total_ += count;
    max_us_ = std::max(max_us_, us);
  }

  [[nodiscard]] uint64_t total() const { return total_; }
  [[nodiscard]] uint64_t max_us() const { return max_us_; }

  /// What `share` (0 to 1) of them did not exceed.
  [[nodiscard]] uint64_t Percentile(double share) const {
    const double wanted = share * static_cast<double>(total_);
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (static_cast<double>(seen) >= wanted && seen != 0)
        return std::min(LargestOf(bucket), max_us_);
    }
    return max_us_;
  }

 private:
  // Two powers of two for each step in precision: a bucket is named by the place of the highest bit and the 6 bits after it.
  static constexpr uint64_t kExact = 128;
  static constexpr unsigned kBits = 6;
  static constexpr size_t kBuckets = (64 - kBits + 1) << kBits;

  static size_t Bucket(uint64_t us) {
    if (us < kExact) return us;
    const auto shift = static_cast<unsigned>(std::bit_width(us)) - kBits - 1;
    return (static_cast<size_t>(shift) << kBits) + (us >> shift);
  }
  static uint64_t LargestOf(size_t bucket) {
    if (bucket < kExact) return bucket;
    const size_t shift = (bucket >> kBits) - 1;
    return ((((bucket & ((size_t{1} << kBits) - 1)) | (size_t{1} << kBits)) + 1) << shift) - 1;
  }

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t total_ = 0;
  uint64_t max_us_ = 0;
};

}  // namespace tally::bench
