#pragma once

#include <chrono>
#include <cstdint>

namespace tally::server {

/// For intervals: microseconds since some moment, never backwards.
inline int64_t MonotonicUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace tally::server
