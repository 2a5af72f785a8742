#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "storage/checkpoint_record.h"
#include "storage/commit_log.h"
#include "storage/database.h"
#include "storage/keyspace.h"
#include "storage/recovery.h"
#include "storage/shard_access.h"
#include "storage/status.h"
#include "storage/ticket.h"

namespace tally::storage {

/// How far the running checkpoint, or else the last one, has come. Written by its thread, read by any.
struct CheckpointProgress {
  std::atomic<uint64_t> objects{0};  // copied, deletions included
  std::atomic<uint64_t> bytes{0};    // of them
};

/// The steps of one checkpoint (see Checkpointer for what they add up to). Made for one Run, on the
/// checkpointer's thread.
class CheckpointRun {
 public:
  /// A visit to a shard ends behind so many objects looked at, or so many bytes copied.
  static constexpr size_t kObjectsPerStep = 2000;
  static constexpr size_t kBytesPerStep = size_t{1} << 20;
  /// How long the journal may take to be synced.
  static constexpr std::chrono::seconds kSyncTimeout{60};

  /// `floor`: of the last checkpoint.
  CheckpointRun(Database* database, CommitLog* log, ShardAccess* shards, Ticket floor,
                CheckpointProgress* progress)
      : database_(database), log_(log), shards_(shards), floor_(floor), progress_(progress) {}

  Status Run();
  /// After Run: the floor that is on disk now. A run that fails late may have moved it already; if it
  /// is not known whether the new one reached the disk, this is the old one, which stays right.
  [[nodiscard]] Ticket floor() const { return floor_; }

 private:
  class Copies;
  /// Where the visit to one shard's objects in one database goes on.
  struct Position {
    uint32_t slot = 0;
    uint64_t hash = 0;
  };

  Status ReadPreviousRecord(CheckpointRecord* previous);
  Status BeginOnShards(CheckpointRecord* next);
  Status SampleCounts(std::vector<CheckpointRecord::ShardCounts>* counts);
  Status CopyChanged(ObjectFile* file);
  Status CopyFromShard(uint32_t shard, uint8_t database, ObjectFile* file);
  static bool CopyStep(const Keyspace& keyspace, uint8_t database, Ticket floor, Position* position,
                       Copies* copies);
  Status WaitUntilSynced(Ticket ticket);
  Status DeleteFlushed(const std::vector<uint32_t>& before, const std::vector<uint32_t>& now);
  Status EndOnShards();
  Status ForgetTombstones();
  static bool ForgetStep(Keyspace* keyspace, int database, Ticket floor, Position* position);
  Status Visit(uint32_t shard, const std::function<void(Keyspace&)>& visit);

  Database* const database_;
  CommitLog* const log_;
  ShardAccess* const shards_;
  Ticket floor_;
  CheckpointProgress* const progress_;
  int databases_ = 0;
};

}  // namespace tally::storage
