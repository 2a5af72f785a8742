#pragma once

#include <cstdint>
#include <limits>

namespace tally::server {

/// What INCREX does to a number: a sum that must stay within bounds. `Number` is int64_t or
/// long double; finite, but for bounds. Pure functions.
template <typename Number>
struct Bounds {
  Number lower = std::numeric_limits<Number>::lowest();
  Number upper = std::numeric_limits<Number>::max();
};

enum class BoundedResult : uint8_t {
  kApplied,   ///< value and applied say how
  kRejected,  ///< out of bounds: nothing is to change
  kTooFar,    ///< what it takes to reach the bound is beyond the type
};

template <typename Number>
struct BoundedSum {
  BoundedResult result = BoundedResult::kRejected;
  Number value = 0;    ///< the new value; the old one if rejected
  Number applied = 0;  ///< what was added
};

/// `current` + `increment`. A sum out of bounds, or of the type's range, is rejected or, if told to
/// saturate, becomes the nearest bound. A current value out of bounds is no obstacle in itself.
[[nodiscard]] BoundedSum<int64_t> AddBounded(int64_t current, int64_t increment,
                                             Bounds<int64_t> bounds, bool saturate);
[[nodiscard]] BoundedSum<long double> AddBounded(long double current, long double increment,
                                                 Bounds<long double> bounds, bool saturate);

}  // namespace tally::server
