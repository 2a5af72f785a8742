#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace tally::server {

/// Sees to it that the disk is not filled to the last byte, where a commit would fail and the server end:
/// writes are refused before that, reads go on, and writing resumes by itself when there is room.
///
/// Thread: `Check` one at a time, `writes_refused` any.
class DiskSpaceWatch {
 public:
  /// `directory`: a place on the volume; empty: there is none to watch. Writes are refused while fewer than
  /// `low_bytes` are free there, and taken again from twice as many on. On a small volume its
  /// sixteenth part counts instead.
  DiskSpaceWatch(std::string directory, uint64_t low_bytes)
      : directory_(std::move(directory)), low_bytes_(low_bytes) {}

  /// Looks, and logs when it comes to think otherwise.
  void Check();
  [[nodiscard]] const std::atomic<bool>& writes_refused() const { return writes_refused_; }

 private:
  const std::string directory_;
  const uint64_t low_bytes_;
  std::atomic<bool> writes_refused_{false};
};

}  // namespace tally::server
