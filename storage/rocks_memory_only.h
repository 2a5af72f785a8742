// Reads that must not wait for the disk; part of rocks_database.
#pragma once

#include <memory>

#include <rocksdb/file_system.h>

namespace tally::storage {

/// While it lives, reads of table files on its thread fail instead of going to the disk, if the database
/// was opened with RocksFiles. RocksDB's own kBlockCacheTier does not keep that promise: version 7.8
/// forgets it when it reads a piece of a partitioned index. One at a time per thread.
class MemoryOnlyScope {
 public:
  MemoryOnlyScope();
  ~MemoryOnlyScope();
  /// Whether a read was refused. Then no answer is to be believed.
  [[nodiscard]] bool refused() const { return refused_; }
  MemoryOnlyScope(const MemoryOnlyScope&) = delete;
  MemoryOnlyScope& operator=(const MemoryOnlyScope&) = delete;

  /// Called by table files before they read. True: there is a scope on this thread, and they must not.
  static bool RefusesReads();

 private:
  bool refused_ = false;
};

/// The table file, with that added.
[[nodiscard]] std::unique_ptr<rocksdb::FSRandomAccessFile> RefusableTable(
    std::unique_ptr<rocksdb::FSRandomAccessFile> plain);

}  // namespace tally::storage
