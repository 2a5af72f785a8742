#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/command.h"
#include "server/latency_histogram.h"
#include "server/latency_monitor.h"
#include "server/services.h"

namespace tally::server {

/// How long a command's calls took, of all cores, since CONFIG RESETSTAT.
struct CommandLatency {
  uint64_t calls = 0;
  std::array<uint64_t, LatencyHistogram::kClasses> counts{};

  [[nodiscard]] static CommandLatency Of(const Services& services, const Command& command);
  /// What `percentile` percent of the calls were shorter than; 0 without calls.
  [[nodiscard]] double PercentileUs(double percentile) const;
};

/// An event's samples as columns of stars, with the highest and the lowest told above and how long ago
/// each was below. The event has samples.
[[nodiscard]] std::string LatencyGraph(const LatencyMonitor::Event& event, int64_t now_s);

/// What the samples say, in words.
[[nodiscard]] std::string LatencyReport(const std::vector<LatencyMonitor::Event>& events,
                                        int64_t threshold_ms);

}  // namespace tally::server
