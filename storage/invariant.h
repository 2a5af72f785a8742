// TALLY_ASSERT(condition, message): an invariant that must hold, checked in release too.
//
// A broken invariant means that memory no longer says what was promised, so the process ends
// (promise 7: fail stop): "file:line: message (condition)" goes to stderr and std::abort() follows.
// Never for anything that input, a client or the disk can cause: those are values.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tally::storage {

[[noreturn, gnu::cold, gnu::noinline]] inline void InvariantBroken(const char* file, int line,
                                                                   const char* condition,
                                                                   std::string_view message) {
  std::fprintf(stderr, "%s:%d: %.*s (%s)\n", file, line, static_cast<int>(message.size()),
               message.data(), condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace tally::storage

#define TALLY_ASSERT(condition, message) \
  (static_cast<bool>(condition)          \
       ? static_cast<void>(0)            \
       : ::tally::storage::InvariantBroken(__FILE__, __LINE__, #condition, message))
