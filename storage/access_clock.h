#pragma once

#include <cstdint>

namespace tally::storage {

// When an object was last used, in 16 bits of its header: whole seconds, modulo 2^16, so it wraps
// about every 18 hours. Enough to tell what was used lately from what was not, and no more.
//
// A wrap would make an old object young. So who owns objects looks at each at least once in
// kMaxIdleSeconds and stores SaturatedClock of it: an age then stops growing at kMaxIdleSeconds, and
// everything above means "longer than anybody counts".
using AccessClock = uint16_t;

inline constexpr uint16_t kMaxIdleSeconds = 32767;

[[nodiscard]] constexpr AccessClock AccessClockAt(int64_t now_ms) {
  return static_cast<AccessClock>(now_ms / 1000);
}

// Seconds from `then` to `now`, modulo 2^16.
[[nodiscard]] constexpr uint16_t IdleSeconds(AccessClock now, AccessClock then) {
  return static_cast<uint16_t>(now - then);
}

// The moment that lies `idle_seconds` before `now`.
[[nodiscard]] constexpr AccessClock ClockIdleFor(AccessClock now, uint16_t idle_seconds) {
  return static_cast<AccessClock>(now - idle_seconds);
}

// What to store in place of `then`, so that at `now` no age is above kMaxIdleSeconds.
[[nodiscard]] constexpr AccessClock SaturatedClock(AccessClock now, AccessClock then) {
  return IdleSeconds(now, then) <= kMaxIdleSeconds ? then : ClockIdleFor(now, kMaxIdleSeconds);
}

}  // namespace tally::storage
