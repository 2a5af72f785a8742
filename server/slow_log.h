#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/command.h"
#include "storage/thread_annotations.h"

namespace tally::server {

/// A request that took long: what SLOWLOG tells of it.
struct SlowRequest {
  uint64_t id = 0;  ///< set by the log; rises, never given twice
  int64_t time_s = 0;
  int64_t duration_us = 0;  ///< of its handler, without waiting for objects or a commit
  std::vector<std::string> arguments;
  std::string address;
  std::string client_name;

  static constexpr size_t kMostArguments = 32;
  static constexpr size_t kMostArgumentBytes = 128;
  /// Copies the arguments, no more and no longer than the limits: what is left out is told in words.
  /// Passwords are left out. Address and name are the caller's to fill in.
  [[nodiscard]] static SlowRequest Of(const Command& command,
                                      std::span<const std::string_view> args, int64_t time_s,
                                      int64_t duration_us);
};

/// The last slow requests, newest first. Which ones are slow is decided elsewhere (slow_watch.h).
///
/// Thread: any. Limit: the number that the operator set (slowlog-max-len).
class SlowLog {
 public:
  void SetLimit(uint64_t entries) EXCLUDES(mutex_);
  void Add(SlowRequest request) EXCLUDES(mutex_);
  /// At most `count` of them.
  [[nodiscard]] std::vector<SlowRequest> Newest(uint64_t count) const EXCLUDES(mutex_);
  [[nodiscard]] size_t size() const EXCLUDES(mutex_);
  void Clear() EXCLUDES(mutex_);

 private:
  mutable storage::Mutex mutex_;
  std::deque<SlowRequest> requests_ GUARDED_BY(mutex_);
  uint64_t limit_ GUARDED_BY(mutex_) = 128;
  uint64_t next_id_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tally::server
