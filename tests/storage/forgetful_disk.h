#pragma once

#include <string>

namespace tally::storage {

/// Knows which part of a directory is on disk, and what a power cut would leave of it: so that a test
/// sees a forgotten sync although the kernel keeps what was written.
///
/// It takes the place of this program's fsync, fdatasync and pwritev2 (those of libraries, too) and notes what
/// they were called for: how long a file was, what a log held, or what names a directory had. The rest, however long ago
/// it was written, counts as lost. It is harsher than a disk in that, and milder in that a deletion or a
/// replacement takes effect at once. Files, apart from logs, only grow or are replaced.
///
/// Threads: any. One at a time.
class ForgetfulDisk {
 public:
  /// Made before anything is in `directory`.
  explicit ForgetfulDisk(const std::string& directory);
  ~ForgetfulDisk();
  ForgetfulDisk(const ForgetfulDisk&) = delete;
  ForgetfulDisk& operator=(const ForgetfulDisk&) = delete;

  [[nodiscard]] const std::string& directory() const { return directory_; }
  /// The power goes at this moment; what is in the directory from now on is what was synced. Whoever
  /// still has the old files open keeps them, and harms nobody.
  void PowerCut();
  /// The two halves of that, where somebody still works there: notes the moment and takes a copy, which
  /// takes the directory's place later.
  void NoteForPowerCut();
  void EndPowerCut();

 private:
  [[nodiscard]] std::string copy() const { return directory_ + ".after-power-cut"; }

  const std::string directory_;
};

}  // namespace tally::storage
