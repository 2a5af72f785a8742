#include "server/core_totals.h"

#include <algorithm>

namespace tally::server {

uint64_t SumOf(const Services& services, Counter CoreStatistics::*counter) {
  uint64_t sum = 0;
  for (const CoreStatistics* core : services.statistics()) sum += (core->*counter).value();
  return sum;
}

uint64_t LargestOf(const Services& services, Counter CoreStatistics::*counter) {
  uint64_t largest = 0;
  for (const CoreStatistics* core : services.statistics()) {
    largest = std::max(largest, (core->*counter).value());
  }
  return largest;
}

CommandTotals CommandTotals::Of(const Services& services, const Command& command) {
  CommandTotals totals;
  for (const CoreStatistics* core : services.statistics()) {
    const CommandCounters& counters = core->commands[command.id];
    totals.calls += counters.calls.value();
    totals.nanoseconds += counters.nanoseconds.value();
    totals.rejected += counters.rejected.value();
    totals.failed += counters.failed.value();
  }
  return totals;
}

std::map<std::string, uint64_t, std::less<>> ErrorTotals(const Services& services) {
  std::map<std::string, uint64_t, std::less<>> totals;
  for (const CoreStatistics* core : services.statistics()) {
    for (const auto& [kind, count] : core->ErrorCounts()) totals[kind] += count;
  }
  return totals;
}

}  // namespace tally::server
