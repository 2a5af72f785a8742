#include "server/bounded_counter.h"

#include <algorithm>
#include <cmath>

namespace tally::server {
namespace {

// Sums and differences; true: beyond the type, and `*out` is then its nearest value.
bool Add(int64_t a, int64_t b, int64_t* out) {
  if (!__builtin_add_overflow(a, b, out)) return false;
  *out = b > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::lowest();
  return true;
}

bool Add(long double a, long double b, long double* out) {
  *out = a + b;
  if (std::isfinite(*out)) return false;
  *out =
      b > 0 ? std::numeric_limits<long double>::max() : std::numeric_limits<long double>::lowest();
  return true;
}

bool Subtract(int64_t a, int64_t b, int64_t* out) { return __builtin_sub_overflow(a, b, out); }

bool Subtract(long double a, long double b, long double* out) {
  *out = a - b;
  return !std::isfinite(*out);
}

template <typename Number>
BoundedSum<Number> Sum(Number current, Number increment, Bounds<Number> bounds, bool saturate) {
  Number sum = 0;
  const bool is_beyond = Add(current, increment, &sum);
  if (!is_beyond && sum >= bounds.lower && sum <= bounds.upper) {
    return {BoundedResult::kApplied, sum, increment};
  }
  if (!saturate) return {BoundedResult::kRejected, current, 0};
  const Number value = std::clamp(sum, bounds.lower, bounds.upper);
  Number applied = 0;
  if (Subtract(value, current, &applied)) return {BoundedResult::kTooFar, current, 0};
  return {BoundedResult::kApplied, value, applied};
}

}  // namespace

BoundedSum<int64_t> AddBounded(int64_t current, int64_t increment, Bounds<int64_t> bounds,
                               bool saturate) {
  return Sum(current, increment, bounds, saturate);
}

BoundedSum<long double> AddBounded(long double current, long double increment,
                                   Bounds<long double> bounds, bool saturate) {
  return Sum(current, increment, bounds, saturate);
}

}  // namespace tally::server
