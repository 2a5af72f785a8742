#include "server/latency_reports.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tally::server {

CommandLatency CommandLatency::Of(const Services& services, const Command& command) {
  CommandLatency sum;
  for (const CoreStatistics* core : services.statistics()) {
    const LatencyHistogram* const part = core->commands[command.id].latency_if_any();
    if (part == nullptr) continue;
    for (size_t i = 0; i < sum.counts.size(); ++i) {
      sum.counts[i] += part->count(i);
      sum.calls += part->count(i);
    }
  }
  return sum;
}

double CommandLatency::PercentileUs(double percentile) const {
  constexpr double kPercent = 100;
  constexpr double kNsPerUs = 1000;
  const double wanted =
      std::max(1.0, std::ceil(static_cast<double>(calls) * percentile / kPercent));
  uint64_t seen = 0;
  for (size_t i = 0; i < counts.size() && calls != 0; ++i) {
    seen += counts[i];
    if (static_cast<double>(seen) < wanted) continue;
    return static_cast<double>(LatencyHistogram::EndOf(i)) / kNsPerUs;
  }
  return 0;
}

std::string LatencyGraph(const LatencyMonitor::Event& event, int64_t now_s) {
  constexpr int64_t kHeight = 4;
  const auto [lowest, highest] =
      std::ranges::minmax(event.samples, {}, &LatencyMonitor::Sample::latency_ms);
  std::string graph = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n", event.name,
                                  highest.latency_ms, lowest.latency_ms, event.highest_ms);
  graph += std::string(60, '-') + '\n';
  const int64_t step = std::max<int64_t>(1, (highest.latency_ms + kHeight - 1) / kHeight);
  for (int64_t level = kHeight - 1; level >= 0; --level) {
    for (const LatencyMonitor::Sample& sample : event.samples) {
      graph += sample.latency_ms > level * step ? '*' : ' ';
    }
    graph.erase(graph.find_last_not_of(' ') + 1);
    graph += '\n';
  }
  const int64_t oldest_s = std::max<int64_t>(now_s - event.samples.front().time_s, 0);
  const int64_t newest_s = std::max<int64_t>(now_s - event.samples.back().time_s, 0);
  return graph + fmt::format("from {} s to {} s ago\n", oldest_s, newest_s);
}

std::string LatencyReport(const std::vector<LatencyMonitor::Event>& events, int64_t threshold_ms) {
  if (events.empty()) {
    return threshold_ms > 0
               ? fmt::format("Nothing took {} ms or longer since it is watched.\n", threshold_ms)
               : "Nothing is watched: CONFIG SET latency-monitor-threshold <milliseconds> says "
                 "from "
                 "where on.\n";
  }
  std::string report = "What took long:\n\n";
  for (const LatencyMonitor::Event& event : events) {
    int64_t sum_ms = 0;
    for (const LatencyMonitor::Sample& sample : event.samples) sum_ms += sample.latency_ms;
    const auto count = static_cast<int64_t>(event.samples.size());
    report += fmt::format("* {}: {} times, {} ms on average, {} ms at its peak.\n", event.name,
                          count, sum_ms / count, event.highest_ms);
  }
  return report +
         "\nSLOWLOG GET tells which requests these were, if they were slow enough for it.\n";
}

}  // namespace tally::server
