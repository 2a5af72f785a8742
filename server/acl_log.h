#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "storage/thread_annotations.h"

namespace tally::server {

/// What was refused, to a client or to who did not log in: an entry of ACL LOG.
struct AclLogEntry {
  std::string_view reason;   ///< "command", "key", "channel", "auth"
  std::string_view context;  ///< "toplevel", "multi"
  std::string object;        ///< the command, key or channel
  std::string user;
  std::string client_info;
  int64_t time_ms = 0;  ///< of the last of them
  uint64_t count = 1;
};

/// The last refusals, newest first. One like another of the last minute counts up that one, and moves it to the front;
/// only the `kLookedAt` newest are looked at for that.
///
/// Thread: any. Limit: acllog-max-len.
class AclLog {
 public:
  static constexpr size_t kLookedAt = 10;
  static constexpr int64_t kTogetherMs = 60'000;

  void Add(AclLogEntry entry, uint64_t most_entries) EXCLUDES(mutex_);
  /// At most `count` of them.
  [[nodiscard]] std::vector<AclLogEntry> Newest(uint64_t count) const EXCLUDES(mutex_);
  void Clear() EXCLUDES(mutex_);

 private:
  mutable storage::Mutex mutex_;
  std::deque<AclLogEntry> entries_ GUARDED_BY(mutex_);
};

}  // namespace tally::server
