#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "server/command.h"
#include "server/services.h"

namespace tally::server {

// What all cores together have counted. Thread: any.

/// The sum of a counter.
[[nodiscard]] uint64_t SumOf(const Services& services, Counter CoreStatistics::*counter);
/// The largest of a counter.
[[nodiscard]] uint64_t LargestOf(const Services& services, Counter CoreStatistics::*counter);

/// The sums of a command's CommandCounters, without those of its subcommands.
struct CommandTotals {
  uint64_t calls = 0;
  uint64_t nanoseconds = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;

  [[nodiscard]] static CommandTotals Of(const Services& services, const Command& command);
  [[nodiscard]] bool is_used() const { return calls + rejected + failed != 0; }
};

/// Error replies by their first word.
[[nodiscard]] std::map<std::string, uint64_t, std::less<>> ErrorTotals(const Services& services);

}  // namespace tally::server
