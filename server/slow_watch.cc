#include "server/slow_watch.h"

#include <algorithm>

namespace tally::server {
namespace {

constexpr uint64_t kNsPerUs = 1000;
constexpr uint64_t kNsPerMs = 1'000'000;

}  // namespace

void SlowWatch::Configure(const Config& config) {
  const auto threshold = [](uint64_t amount, uint64_t unit_ns) {
    return amount > kNever / unit_ns ? kNever : amount * unit_ns;
  };
  const int64_t log_us = config.slowlog_slower_than_us;
  const int64_t latency_ms = config.latency_threshold_ms;
  log_threshold_ns_ = log_us < 0 ? kNever : threshold(static_cast<uint64_t>(log_us), kNsPerUs);
  latency_threshold_ns_ =
      latency_ms <= 0 ? kNever : threshold(static_cast<uint64_t>(latency_ms), kNsPerMs);
  threshold_ns_ = std::min(log_threshold_ns_.load(), latency_threshold_ns_.load());
  tracks_latency_ = config.latency_tracking.load();
  log_.SetLimit(config.slowlog_max_len);
}

void SlowWatch::Sample(const Command& command, int64_t time_s, uint64_t nanoseconds) {
  if (nanoseconds < latency_threshold_ns_.load(std::memory_order_relaxed)) return;
  latency_.Add((command.flags & kFast) != 0 ? "fast-command" : "command",
               {time_s, static_cast<int64_t>(nanoseconds / kNsPerMs)});
}

}  // namespace tally::server
