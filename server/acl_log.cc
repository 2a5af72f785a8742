#include "server/acl_log.h"

#include <algorithm>
#include <utility>

namespace tally::server {

void AclLog::Add(AclLogEntry entry, uint64_t most_entries) {
  const storage::MutexLock lock(mutex_);
  const auto end =
      entries_.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(entries_.size(), kLookedAt));
  const auto alike = std::find_if(entries_.begin(), end, [&](const AclLogEntry& other) {
    return other.reason == entry.reason && other.context == entry.context &&
           other.object == entry.object && other.user == entry.user &&
           entry.time_ms - other.time_ms <= kTogetherMs;
  });
  if (alike != end) {
    entry.count += alike->count;
    entries_.erase(alike);
  }
  entries_.push_front(std::move(entry));
  while (entries_.size() > most_entries) entries_.pop_back();
}

std::vector<AclLogEntry> AclLog::Newest(uint64_t count) const {
  const storage::MutexLock lock(mutex_);
  const auto wanted = static_cast<std::ptrdiff_t>(std::min<uint64_t>(count, entries_.size()));
  return {entries_.begin(), entries_.begin() + wanted};
}

void AclLog::Clear() {
  const storage::MutexLock lock(mutex_);
  entries_.clear();
}

}  // namespace tally::server
