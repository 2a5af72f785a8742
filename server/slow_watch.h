#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "server/config.h"
#include "server/latency_monitor.h"
#include "server/slow_log.h"

namespace tally::server {

/// Knows which requests are slow, and where they are noted: in SLOWLOG and in LATENCY's samples.
///
/// Thread: any. Every request asks `IsSlow`, which costs a load of what seldom changes; the rest is for
/// the few that are.
class SlowWatch {
 public:
  [[nodiscard]] bool IsSlow(uint64_t nanoseconds) const {
    return nanoseconds >= threshold_ns_.load(std::memory_order_relaxed);
  }
  /// Whether durations are counted for LATENCY HISTOGRAM and INFO latencystats.
  [[nodiscard]] bool tracks_latency() const {
    return tracks_latency_.load(std::memory_order_relaxed);
  }

  /// Takes over slowlog-log-slower-than, slowlog-max-len, latency-monitor-threshold and latency-tracking.
  void Configure(const Config& config);

  /// Whether what took so long comes into SLOWLOG.
  [[nodiscard]] bool IsForLog(uint64_t nanoseconds) const {
    return nanoseconds >= log_threshold_ns_.load(std::memory_order_relaxed);
  }
  /// Adds a sample to LATENCY's if it took long enough for that.
  void Sample(const Command& command, int64_t time_s, uint64_t nanoseconds);

  [[nodiscard]] SlowLog& log() { return log_; }
  [[nodiscard]] LatencyMonitor& latency() { return latency_; }

 private:
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

  std::atomic<uint64_t> threshold_ns_{kNever};  // the smaller one of the two
  std::atomic<bool> tracks_latency_{true};
  std::atomic<uint64_t> log_threshold_ns_{kNever};
  std::atomic<uint64_t> latency_threshold_ns_{kNever};
  SlowLog log_;
  LatencyMonitor latency_;
};

}  // namespace tally::server
