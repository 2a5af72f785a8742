// The files of the database, as RocksDB gets to see them; part of rocks_database.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <rocksdb/env.h>
#include <rocksdb/io_status.h>

#include "storage/rocks_log_file.h"

namespace tally::storage {

/// The system's files, except that
/// - tables refuse to be read in a MemoryOnlyScope (rocks_memory_only.h);
/// - large tables are deleted piece by piece, as soon as GoEasy was called;
/// - logs are laid out ahead (rocks_log_file.h), and what was appended to them is in memory until it is
///   synced or WriteOutLogs was called.
///
/// Must outlive the database. All functions: any thread.
class RocksFiles {
 public:
  /// The file system's own journal stands still for as long as a file is cut or deleted, and with it every
  /// sync: 48 ms were measured for 69 MB.
  static constexpr uint64_t kDeletedAtOnceBytes = uint64_t{1} << 20;

  RocksFiles();

  [[nodiscard]] rocksdb::Env* env() { return env_.get(); }
  /// Somebody is being served now: background work leaves the disk to others in between.
  void GoEasy() { easy_ = true; }
  /// What RocksDB has appended without a sync survives this process.
  rocksdb::IOStatus WriteOutLogs() { return log_layer_.WriteOut(); }

 private:
  std::atomic<bool> easy_{false};
  LogLayer log_layer_;
  const std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace tally::storage
