// Stands before the C library's malloc in the test program. What it returns is the library's own, so
// free() needs no counterpart.
#include "tests/server/allocation_counter.h"

#include <cstddef>

#include "tests/end_to_end/support/sanitizers.h"

namespace {
thread_local uint64_t allocations = 0;
}  // namespace

#if !TALLY_IS_SANITIZED
extern "C" {
void* __libc_malloc(size_t size);                 // NOLINT(*-reserved-identifier)
void* __libc_calloc(size_t count, size_t size);   // NOLINT(*-reserved-identifier)
void* __libc_realloc(void* memory, size_t size);  // NOLINT(*-reserved-identifier)

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
}
#endif

namespace tally::server {

uint64_t AllocationsOfThisThread() { return allocations; }

bool AllocationsAreCounted() { return !tally::test::kIsSanitized; }

}  // namespace tally::server
