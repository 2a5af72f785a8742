#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace tally::server {

/// A clock for measuring commands: a few ns a reading, monotonic on one core's thread, good to about a
/// percent. The processor's time-stamp counter where there is one, else std::chrono::steady_clock.
class CycleClock {
 public:
  [[nodiscard]] static uint64_t Now() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
  }
  /// Cycles of `Now` to nanoseconds; calibrated once, before threads start (`Calibrate`).
  [[nodiscard]] static uint64_t ToNanoseconds(uint64_t cycles) {
    return static_cast<uint64_t>(static_cast<double>(cycles) * nanoseconds_per_cycle_);
  }
  /// Takes a few ms.
  static void Calibrate();

 private:
  inline static double nanoseconds_per_cycle_ = 1.0;
};

}  // namespace tally::server
