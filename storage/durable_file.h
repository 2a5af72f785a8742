// Small files that are there whole after a power cut, or as they were before.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "storage/status.h"

namespace tally::storage {

/// Owns a file descriptor; -1 is none.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { Close(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  void Close();

  int fd_ = -1;
};

/// The longest file that ReadSmallFile takes.
inline constexpr size_t kSmallFileBytes = 4096;

/// "cannot <what> <path>: <strerror(error)>".
[[nodiscard]] Status FileFailure(std::string_view what, const std::string& path, int error);

/// Replaces the file: writes `path`.new, syncs it, renames it, syncs the directory. After a failure
/// the file holds the old or the new contents. Who may read it stays as it was.
Status WriteFileDurably(const std::string& path, std::string_view contents);
/// A missing file is no failure: *exists is false then. A longer one than kSmallFileBytes is.
Status ReadSmallFile(const std::string& path, std::string* contents, bool* exists);
/// Puts the directory's entries, not the files, on the disk.
Status SyncDirectory(const std::string& directory);
/// Makes the directory and those above it that are missing, each synced into the one above. One that
/// exists is fine.
Status MakeDirectories(const std::string& directory);

}  // namespace tally::storage
