#pragma once

#include <cstdint>
#include <optional>

namespace tally::server {

/// How a client gives a moment: in seconds or milliseconds, from now or as Unix time.
struct TimeForm {
  bool in_seconds = false;
  bool absolute = false;
};

/// The moment in Unix milliseconds; nullopt when it does not fit. It may be negative.
[[nodiscard]] inline std::optional<int64_t> MomentOf(int64_t amount, TimeForm form,
                                                     int64_t now_ms) {
  constexpr int64_t kMsPerSecond = 1000;
  if (form.in_seconds && __builtin_mul_overflow(amount, kMsPerSecond, &amount)) return std::nullopt;
  if (!form.absolute && __builtin_add_overflow(amount, now_ms, &amount)) return std::nullopt;
  return amount;
}

}  // namespace tally::server
