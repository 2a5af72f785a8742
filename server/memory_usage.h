#pragma once

#include <cstdint>
#include <string>

namespace tally::server {

/// How much memory the process holds, as its allocator and the system tell it. Bytes; 0 = unknown.
struct MemoryUsage {
  uint64_t used = 0;    ///< handed out by the allocator and not given back
  uint64_t peak = 0;    ///< the most `used` that any measurement of this process has seen
  uint64_t active = 0;  ///< pages that the allocator uses; of jemalloc only
  uint64_t allocator_resident = 0;  ///< pages that the allocator holds in memory; of jemalloc only
  uint64_t resident = 0;            ///< physical memory of the process
  uint64_t system = 0;              ///< physical memory of the machine
  std::string allocator;            ///< "jemalloc-5.3.0", "libc"
};

/// Takes some microseconds (and a system call): for INFO and for a timer, not for every request. Any
/// thread.
[[nodiscard]] MemoryUsage MeasureMemory();

/// Gives memory that the allocator holds and nobody uses back to the system. Takes as long as there is
/// such memory, some ms for a GiB. Any thread.
void ReturnFreeMemory();

/// What the allocator tells about itself, for people; says so if it tells nothing. Any thread.
[[nodiscard]] std::string AllocatorReport();

}  // namespace tally::server
