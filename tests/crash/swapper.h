#pragma once

#include <cstdint>
#include <mutex>
#include <stop_token>

#include "tests/crash/history.h"

namespace tally::test {

/// One more client, which exchanges two databases again and again with SWAPDB, and counts in the same
/// transaction how often. Each of the two has a key that says where it was first; so how often they were
/// exchanged and where they are now must agree, at every moment and after every crash.
///
/// The increments go to the history, as those of a counter of their own; that the two disagree, as a wrong reply.

/// The counter's number.
inline constexpr uint32_t kSwapCounter = 1'000'000;

/// Until the connection breaks or `stop` is requested. `mutex` guards `history`.
void RunSwapper(uint16_t port, std::stop_token stop, std::mutex* mutex, History* history);

/// Looks without an exchange. False when not all was answered.
[[nodiscard]] bool ReadSwaps(uint16_t port, History* history);

}  // namespace tally::test
