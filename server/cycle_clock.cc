#include "server/cycle_clock.h"

#include <thread>

namespace tally::server {

void CycleClock::Calibrate() {
#if defined(__x86_64__)
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const uint64_t start_cycles = Now();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto elapsed = Clock::now() - start;
  const uint64_t cycles = Now() - start_cycles;
  if (cycles == 0) return;
  nanoseconds_per_cycle_ =
      static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count()) /
      static_cast<double>(cycles);
#endif
}

}  // namespace tally::server
