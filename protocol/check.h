#pragma once

#include <cstdio>
#include <cstdlib>

namespace tally::protocol {

// Ends the process when an invariant of this library, or a contract its caller promised to keep, is
// broken. It stays on in release builds: going on after such a bug could answer a client with bytes
// that are not its own.
inline void Check(bool holds, const char* what) {
  if (holds) [[likely]] {
    return;
  }
  std::fprintf(stderr, "tally: protocol invariant broken: %s\n", what);
  std::abort();
}

}  // namespace tally::protocol
