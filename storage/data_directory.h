#pragma once

#include <memory>
#include <string>

#include "storage/durable_file.h"
#include "storage/status.h"

namespace tally::storage {

/// The directory that holds everything Tally knows, opened by one process at a time.
///
///   format        what it is and the version of its layout; written last when it is made
///   high-water    see high_water.h
///   rocks/        the database (rocks_database.h)
///   pid           of the process that serves, or last served, from here: for messages, and as a sign,
///                 written after `format`, that there was more than is found
///
/// The lock is a `flock` on the directory itself, so that deleting a file does not lift it; it ends
/// with this object or the process. Open refuses, with a message that names the file and says what to
/// do, a directory that is in use, that holds other things, that is of another version, or that lacks
/// a part; nothing is changed then.
///
/// Threads: open and destroy on one; the paths from any.
class DataDirectory {
 public:
  static constexpr int kFormatVersion = 1;

  /// Makes the directory if it is missing or empty. `lost+found`, of a file system's root, does not
  /// count.
  static Status Open(const std::string& given_path, std::unique_ptr<DataDirectory>* out);

  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string rocks_path() const { return path_ + "/rocks"; }
  [[nodiscard]] std::string high_water_path() const { return path_ + "/high-water"; }
  /// Once the start is accepted: a refused one leaves this file, too, as it was. A failure does no harm.
  void WritePid() const;
  /// Open has made it: this is the first start.
  [[nodiscard]] bool created() const { return created_; }

 private:
  explicit DataDirectory(std::string path) : path_(std::move(path)) {}

  Status Lock();
  Status Create();
  Status Check(const std::string& format) const;
  Status RefuseStrangers() const;
  [[nodiscard]] std::string format_path() const { return path_ + "/format"; }
  [[nodiscard]] std::string pid_path() const { return path_ + "/pid"; }

  const std::string path_;
  FileDescriptor directory_;  // holds the lock
  bool created_ = false;
};

}  // namespace tally::storage
