#pragma once

#include <cstdint>

namespace tally::server {

/// How often this thread has asked for memory (malloc and its kin, so `new` too) since it began.
[[nodiscard]] uint64_t AllocationsOfThisThread();

/// False where a sanitizer owns malloc: nothing is counted then.
[[nodiscard]] bool AllocationsAreCounted();

}  // namespace tally::server
