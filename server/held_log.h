#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "storage/thread_annotations.h"

namespace tally::server {

/// Keeps lines back until it is known that they are wanted. RocksDB's warnings go through it: a start that is
/// refused says why in one line of its own, which most of them would only repeat; of a start that
/// succeeds they are told afterwards, and those that come later at once.
///
/// Threads: any. Order: as added. Of more than `kMaxHeldLines` before `Release` only the number is told.
class HeldLog {
 public:
  static constexpr size_t kMaxHeldLines = 100;

  /// `out` gets the lines, one call at a time; it must not add any.
  explicit HeldLog(std::function<void(const std::string& line)> out) : out_(std::move(out)) {}

  void Add(const std::string& line) EXCLUDES(mutex_);
  /// Passes on what was held back; from now on nothing is.
  void Release() EXCLUDES(mutex_);

 private:
  storage::Mutex mutex_;
  const std::function<void(const std::string& line)> out_;
  bool released_ GUARDED_BY(mutex_) = false;
  std::vector<std::string> held_ GUARDED_BY(mutex_);
  size_t dropped_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tally::server
