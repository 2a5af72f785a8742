#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "storage/checkpoint_run.h"
#include "storage/commit_log.h"
#include "storage/database.h"
#include "storage/shard_access.h"
#include "storage/status.h"
#include "storage/thread_annotations.h"
#include "storage/ticket.h"

namespace tally::storage {

/// Writes changed objects to their place in the database and cuts the journal.
///
/// Steps: a fresh journal part is started, which gives the *floor* (the highest ticket in the older
/// parts). Slot by slot, in steps of about CheckpointRun::kObjectsPerStep objects or kBytesPerStep bytes, each
/// owner copies what changed after the previous floor, deletions included; meanwhile everything goes on,
/// so copies may be newer than the floor. They are written to a sorted file, which is ingested once all
/// that it holds is synced in the journal: objects never run ahead of it. A synced meta record says the
/// new floor, then the older journal parts go, then the shards forget the tombstones up to the floor.
/// A crash between any two steps leaves the old or the new checkpoint, and a journal that covers the rest.
///
/// A database that was flushed since the last checkpoint (its generation tells) is first deleted on
/// disk as a whole. What is alive in it was written after the flush, so it is among the copies.
///
/// Memory: one step's copies, whatever the number of objects.
///
/// Threads: its own; the public functions from any.
/// Failure: a checkpoint that fails changes nothing and is reported; the journal stays and the next one
/// tries again. (A failed commit is the CommitLog's matter and final.)
class Checkpointer {
 public:
  /// How often the journal's size is looked at.
  static constexpr std::chrono::milliseconds kPollInterval{100};
  /// After a failure the next one starts by itself no sooner.
  static constexpr std::chrono::seconds kRetryInterval{10};
  /// For the sake of disk space one begins no sooner after the last such one began.
  static constexpr std::chrono::seconds kSpaceInterval{5};

  struct State {
    bool running = false;
    bool last_ok = true;
    int64_t running_since_ms = -1;  // wall clock
    int64_t last_success_ms = 0;    // wall clock; 0 = none since start
    int64_t last_duration_ms = -1;
    uint64_t completed = 0;
    Ticket floor = kNoTicket;
    uint64_t journal_bytes = 0;  // since the floor
    uint64_t objects = 0;        // copied so far, or by the last one
    uint64_t bytes = 0;          // of them
    std::string last_error;      // why the last one failed; empty when it did not
  };

  /// `floor`: what recovery found. A checkpoint starts by itself when the journal has grown by more than
  /// `journal_limit_bytes` since the last one began.
  Checkpointer(Database* database, CommitLog* log, ShardAccess* shards, Ticket floor,
               uint64_t recovered_journal_bytes, uint64_t journal_limit_bytes);
  ~Checkpointer();  ///< Stop

  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Lets a running checkpoint end; none begins from then on. One thread; again: nothing.
  void Stop() EXCLUDES(mutex_);

  /// Starts one now, or behind one that runs by itself. `done` is called on the checkpointer's thread. False
  /// when one that was asked for is running or about to (then `done` is not called).
  bool Start(std::function<void(Status)> done) EXCLUDES(mutex_);
  /// Starts one, behind any other that is running or about to, and waits for its end. Not after Stop.
  Status Run() EXCLUDES(mutex_);
  /// One would be good soon: objects have to become clean, so that memory can be given back.
  void Suggest() EXCLUDES(mutex_);
  /// One would be good: what was flushed shall leave the disk. Who flushes again and again gets one each
  /// kSpaceInterval.
  void SuggestForSpace() EXCLUDES(mutex_);
  [[nodiscard]] State state() const EXCLUDES(mutex_);

 private:
  void RunThread() EXCLUDES(mutex_);
  void RunOnce() EXCLUDES(mutex_);
  [[nodiscard]] bool IsDue() const REQUIRES(mutex_);
  [[nodiscard]] uint64_t JournalBytes() const REQUIRES(mutex_);

  Database* const database_;
  CommitLog* const log_;
  ShardAccess* const shards_;
  const uint64_t journal_limit_bytes_;
  CheckpointProgress progress_;

  mutable Mutex mutex_;
  std::condition_variable_any wake_;
  State state_ GUARDED_BY(mutex_);
  bool requested_ GUARDED_BY(mutex_) = false;
  bool runs_requested_ GUARDED_BY(mutex_) = false;
  bool suggested_ GUARDED_BY(mutex_) = false;
  bool space_suggested_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::function<void(Status)> done_ GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point retry_at_ GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point space_at_ GUARDED_BY(mutex_);
  // The journal since the floor is what recovery found, and what the log has written since a mark.
  uint64_t recovered_bytes_ GUARDED_BY(mutex_);
  uint64_t mark_bytes_ GUARDED_BY(mutex_) = 0;

  std::thread thread_;
};

}  // namespace tally::storage
