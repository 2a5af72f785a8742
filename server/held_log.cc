#include "server/held_log.h"

#include <fmt/format.h>

namespace tally::server {

void HeldLog::Add(const std::string& line) {
  const storage::MutexLock lock(mutex_);
  if (released_) {
    out_(line);
  } else if (held_.size() < kMaxHeldLines) {
    held_.push_back(line);
  } else {
    ++dropped_;
  }
}

void HeldLog::Release() {
  const storage::MutexLock lock(mutex_);
  released_ = true;
  for (const std::string& line : held_) out_(line);
  if (dropped_ > 0) out_(fmt::format("{} more lines while starting", dropped_));
  held_.clear();
  dropped_ = 0;
}

}  // namespace tally::server
