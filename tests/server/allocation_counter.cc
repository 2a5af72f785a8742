// Stands before the C library's malloc in the test program. What it returns is the library's own, so
// free() needs no counterpart.
#include "tests/server/allocation_counter.h"

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TALLY_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TALLY_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef TALLY_COUNTS_ALLOCATIONS
#define TALLY_COUNTS_ALLOCATIONS 1
#endif

namespace {
thread_local uint64_t allocations = 0;
}  // namespace

#if TALLY_COUNTS_ALLOCATIONS
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

bool AllocationsAreCounted() { return TALLY_COUNTS_ALLOCATIONS != 0; }

}  // namespace tally::server
