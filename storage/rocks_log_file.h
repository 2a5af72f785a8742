// A write-ahead log of RocksDB, laid out ahead; part of rocks_database.
//
// A sync of a file that has grown waits for the file system's own journal, and that for what others have
// written meanwhile: tables, deletions. So zeros are written, and synced, some way ahead; a commit then only
// overwrites, and its sync waits for its own bytes. A log that was not closed ends in zeros; whoever reads it
// takes them for its end (rocks_log_scan.h; RocksDB does, too).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <rocksdb/file_system.h>

#include "storage/durable_file.h"
#include "storage/thread_annotations.h"

namespace tally::storage {

/// Threads: any; RocksDB appends on one at a time. After a failure the log is not to be used further.
class LaidOutLog {
 public:
  /// Laid out beyond what is written; begun again when half of it is used.
  static constexpr uint64_t kAheadBytes = uint64_t{1} << 20;
  /// Between two syncs of zeros: a commit meanwhile may wait for as much.
  static constexpr uint64_t kStepBytes = uint64_t{128} << 10;

  /// An empty one, in place of what is there.
  static rocksdb::IOStatus Create(const std::string& path, std::shared_ptr<LaidOutLog>* log);
  LaidOutLog(std::string path, FileDescriptor file, FileDescriptor layer);

  /// Kept in memory until it is written out, or synced.
  void Append(std::string_view bytes) EXCLUDES(mutex_);
  /// What was appended survives this process. The log is not laid out then, until the next Sync: pages reach
  /// the disk in any order, and RocksDB would read on behind a page of zeros.
  rocksdb::IOStatus WriteOut() EXCLUDES(mutex_);
  /// What was appended is on the disk.
  rocksdb::IOStatus Sync() EXCLUDES(mutex_);
  /// Writes the rest, cuts off the zeros.
  rocksdb::IOStatus Close() EXCLUDES(mutex_);
  [[nodiscard]] uint64_t size() const EXCLUDES(mutex_);

  [[nodiscard]] bool WantsLayOut() const EXCLUDES(mutex_);
  /// Blocks for the disk. A failure is nobody's: the log is then written as any file is.
  void LayOut() EXCLUDES(mutex_);

 private:
  rocksdb::IOStatus Write(int flags) REQUIRES(mutex_);
  rocksdb::IOStatus CutZeros() REQUIRES(mutex_);
  bool LayOutPiece(uint64_t end) EXCLUDES(mutex_);
  [[nodiscard]] rocksdb::IOStatus Failure(const char* what) const;

  const std::string path_;
  const FileDescriptor file_;
  // Another one for the zeros: each descriptor is told of an error once, and a commit's must not be missed.
  const FileDescriptor layer_;
  mutable Mutex mutex_;
  std::string buffer_ GUARDED_BY(mutex_);
  uint64_t written_ GUARDED_BY(mutex_) = 0;
  uint64_t laid_out_ GUARDED_BY(mutex_) = 0;  // the file's size, where that is more than written_
  bool unsynced_ GUARDED_BY(mutex_) = false;
  bool may_lay_out_ GUARDED_BY(mutex_) = true;
};

/// Keeps logs laid out, on a thread of its own.
class LogLayer {
 public:
  LogLayer();
  ~LogLayer();
  LogLayer(const LogLayer&) = delete;
  LogLayer& operator=(const LogLayer&) = delete;

  void Add(const std::shared_ptr<LaidOutLog>& log) EXCLUDES(mutex_);
  /// A log may want more.
  void Wake() EXCLUDES(mutex_);
  /// LaidOutLog::WriteOut of all.
  rocksdb::IOStatus WriteOut() EXCLUDES(mutex_);

 private:
  void Run() EXCLUDES(mutex_);
  std::vector<std::shared_ptr<LaidOutLog>> Logs() EXCLUDES(mutex_);

  Mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<std::weak_ptr<LaidOutLog>> logs_ GUARDED_BY(mutex_);
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

/// The log as RocksDB gets it. `layer` must outlive it.
rocksdb::IOStatus NewLogFile(const std::string& path, LogLayer* layer,
                             std::unique_ptr<rocksdb::FSWritableFile>* file);

}  // namespace tally::storage
