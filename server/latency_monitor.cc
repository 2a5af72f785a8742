#include "server/latency_monitor.h"

#include <algorithm>
#include <iterator>

#include "server/command.h"

namespace tally::server {

void LatencyMonitor::Add(std::string_view name, Sample sample) {
  const storage::MutexLock lock(mutex_);
  auto found = events_.find(name);
  if (found == events_.end()) found = events_.emplace(name, Event{.name = std::string(name)}).first;
  Event& event = found->second;
  event.highest_ms = std::max(event.highest_ms, sample.latency_ms);
  if (!event.samples.empty() && event.samples.back().time_s == sample.time_s) {
    int64_t& latency_ms = event.samples.back().latency_ms;
    latency_ms = std::max(latency_ms, sample.latency_ms);
    return;
  }
  event.samples.push_back(sample);
  if (event.samples.size() > kMostSamples) event.samples.pop_front();
}

std::vector<LatencyMonitor::Event> LatencyMonitor::Events() const {
  const storage::MutexLock lock(mutex_);
  std::vector<Event> events;
  std::ranges::transform(events_, std::back_inserter(events),
                         [](const auto& named) { return named.second; });
  return events;
}

LatencyMonitor::Event LatencyMonitor::Find(std::string_view name) const {
  const storage::MutexLock lock(mutex_);
  const auto found = events_.find(name);
  return found == events_.end() ? Event{} : found->second;
}

size_t LatencyMonitor::Reset(std::span<const std::string_view> names) {
  const storage::MutexLock lock(mutex_);
  return std::erase_if(events_, [names](const auto& event) {
    return names.empty() || std::ranges::any_of(names, [&event](std::string_view name) {
             return EqualsIgnoreCase(name, event.first);
           });
  });
}

}  // namespace tally::server
