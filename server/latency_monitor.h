#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/thread_annotations.h"

namespace tally::server {

/// What LATENCY tells: of each kind of event ("command", "fast-command") the last times that it took long.
///
/// Thread: any. Limits: `kMostSamples` of each event; events are the server's own, so they are few.
class LatencyMonitor {
 public:
  static constexpr size_t kMostSamples = 160;

  struct Sample {
    int64_t time_s = 0;
    int64_t latency_ms = 0;
  };
  struct Event {
    std::string name;
    std::deque<Sample> samples = {};  ///< oldest first, never empty
    int64_t highest_ms = 0;           ///< since the last reset
  };

  /// Of the event `name` one sample a second is kept, the longest.
  void Add(std::string_view name, Sample sample) EXCLUDES(mutex_);
  [[nodiscard]] std::vector<Event> Events() const EXCLUDES(mutex_);
  /// Without samples if there is no such event.
  [[nodiscard]] Event Find(std::string_view name) const EXCLUDES(mutex_);
  /// Forgets the named events, in any case of letters, or all of them; returns how many there were.
  size_t Reset(std::span<const std::string_view> names) EXCLUDES(mutex_);

 private:
  mutable storage::Mutex mutex_;
  std::map<std::string, Event, std::less<>> events_ GUARDED_BY(mutex_);
};

}  // namespace tally::server
