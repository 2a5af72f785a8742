#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "server/counter.h"

namespace tally::server {

/// Counts durations by their size: four classes to each doubling, so that what it tells is at most a quarter
/// too much.
///
/// Thread: one writes, any reads.
class LatencyHistogram {
 public:
  static constexpr unsigned kFirstOctave = 8;  ///< all below 256 ns are one class
  static constexpr unsigned kOctaves = 28;     ///< up to 68 s; the last class has the longer ones
  static constexpr unsigned kParts = 4;
  static constexpr size_t kClasses = 1 + size_t{kOctaves} * kParts;

  void Add(uint64_t nanoseconds) { counts_[ClassOf(nanoseconds)].Add(1); }
  void Reset() {
    for (Counter& count : counts_) count.Set(0);
  }
  [[nodiscard]] uint64_t count(size_t index) const { return counts_[index].value(); }

  [[nodiscard]] static constexpr size_t ClassOf(uint64_t nanoseconds) {
    if (nanoseconds < uint64_t{1} << kFirstOctave) return 0;
    const auto octave = static_cast<unsigned>(std::bit_width(nanoseconds)) - 1;
    if (octave >= kFirstOctave + kOctaves) return kClasses - 1;
    const uint64_t part = (nanoseconds >> (octave - 2)) & (kParts - 1);
    return 1 + size_t{octave - kFirstOctave} * kParts + part;
  }
  /// What all durations of the class are shorter than.
  [[nodiscard]] static constexpr uint64_t EndOf(size_t index) {
    if (index == 0) return uint64_t{1} << kFirstOctave;
    const uint64_t octave = (index - 1) / kParts + kFirstOctave;
    const uint64_t part = (index - 1) % kParts;
    return (uint64_t{1} << octave) + ((part + 1) << (octave - 2));
  }

 private:
  std::array<Counter, kClasses> counts_;
};

}  // namespace tally::server
