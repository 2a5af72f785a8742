#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace tally::server {

/// The time of day, in ms since 1970, for expiries. Tests can put their own in its place.
class WallClock {
 public:
  [[nodiscard]] static int64_t NowMs() {
    const int64_t fixed = fixed_ms_.load(std::memory_order_relaxed);
    if (fixed != 0) return fixed;
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  /// In us, for what is only shown; tests cannot change it.
  [[nodiscard]] static int64_t NowUs() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  /// For tests: from now on the clock stands at `now_ms`; 0 lets it run again.
  static void SetForTest(int64_t now_ms) { fixed_ms_.store(now_ms, std::memory_order_relaxed); }

 private:
  inline static std::atomic<int64_t> fixed_ms_{0};
};

}  // namespace tally::server
