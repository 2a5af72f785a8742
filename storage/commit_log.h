#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "storage/database.h"
#include "storage/durable_notice.h"
#include "storage/thread_annotations.h"
#include "storage/ticket.h"

namespace tally::storage {

/// When a commit counts as durable.
enum class Durability : uint8_t {
  kSynced,            ///< appendfsync always: on disk
  kSyncedEachSecond,  ///< everysec: written; a sync follows within a second
  kWritten,           ///< no: written; the operating system syncs when it likes
};

/// The one order of all changes, and the group commit that makes them durable.
///
/// `Append` gives a change set its ticket and returns at once; a *commit* takes all change sets that
/// wait and writes them as one journal entry with one sync. Commits run one at a time, so while one is
/// on its way to the disk the next one gathers.
///
/// Who leads a commit. While syncs are short (moving average below `kShortSync`) the thread that finds
/// change sets waiting and no commit under way, from `LeadCommit`: its replies need no wake-up.
/// Otherwise the log's own thread, so that no core stands still for the disk. The two marks differ, so
/// that the choice does not flicker.
///
/// Failure: the first failed write or sync is final. `on_failure` is called once with a message, nothing
/// becomes durable afterwards, and `durable()` keeps its value. The server's `on_failure` ends the
/// process; no retry, because after a failed sync the kernel may have dropped the dirty pages.
///
/// Threads: every public function from any thread, unless it says otherwise.
class CommitLog {
 public:
  static constexpr std::chrono::microseconds kShortSync{500};
  static constexpr std::chrono::microseconds kLongSync{700};
  static constexpr std::chrono::seconds kSyncInterval{1};
  /// So much may wait for one commit. A larger change set waits alone.
  static constexpr size_t kMaxGatheredBytes = size_t{64} << 20;

  struct Callbacks {
    /// `durable()` advanced. Called by the committing thread, without locks held.
    std::function<void()> on_durable = [] {};
    std::function<void(const std::string& message)> on_failure = [](const std::string&) {};
  };

  /// What `commit_log` readers like INFO and WAITAOF want to know.
  struct Statistics {
    Ticket appended = kNoTicket;
    Ticket durable = kNoTicket;
    Ticket synced = kNoTicket;
    uint64_t commits = 0;
    uint64_t syncs = 0;
    uint64_t bytes = 0;
    double average_sync_us = 0;
    double sync_seconds = 0;  ///< of all syncs together
    bool led_by_callers = true;
  };

  /// `last` is the highest ticket recovered. `database` outlives the log.
  CommitLog(Database* database, Ticket last, Durability durability, Callbacks callbacks);
  ~CommitLog();  ///< Stop

  CommitLog(const CommitLog&) = delete;
  CommitLog& operator=(const CommitLog&) = delete;

  /// Commits what waits, syncs, answers who waits in WhenSynced, and ends the thread. Nothing may be
  /// appended from then on. One thread; again: nothing.
  void Stop() EXCLUDES(mutex_);

  /// Adds one encoded change set. Callers make sure that change sets that touch the same object are
  /// appended in the order of the changes. Returns at once unless more than `kMaxGatheredBytes` would
  /// wait: then it commits, or waits for the commit under way (backpressure of a slow disk).
  ///
  /// `notice` (or null) is told when the change set is durable, before `durable()` says so to anybody: whoever sees
  /// that the ticket is durable comes after the notice. Notices are told in the order of tickets. Where the commit
  /// fails, they are not told.
  Ticket Append(std::string_view change_set, std::unique_ptr<DurableNotice> notice = nullptr)
      EXCLUDES(mutex_);

  /// True when `LeadCommit` would find something to do: a caller that is about to sleep must call it.
  [[nodiscard]] bool WantsLeader() const {
    return waiting_.load(std::memory_order_seq_cst) &&
           callers_lead_.load(std::memory_order_relaxed) &&
           !committing_.load(std::memory_order_seq_cst);
  }
  /// Commits what waits, if it is the callers' turn to lead and no commit is under way. Returns after
  /// the sync. True when a commit was made.
  bool LeadCommit() EXCLUDES(mutex_);

  /// Replies that depend on tickets up to this one may be told.
  [[nodiscard]] Ticket durable() const { return durable_.load(std::memory_order_seq_cst); }
  /// Everything up to this ticket is on disk, whatever the durability setting.
  [[nodiscard]] Ticket synced() const { return synced_.load(std::memory_order_acquire); }
  [[nodiscard]] Ticket appended() const { return appended_.load(std::memory_order_acquire); }
  /// Journal bytes written since the log was made.
  [[nodiscard]] uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  /// After kSynced, nothing is durable that is not synced: what was only written before is synced here,
  /// on the calling thread, and commits under way are synced before they count. A failure as ever.
  void set_durability(Durability durability) EXCLUDES(mutex_);

  /// Calls `done(true)` once `synced() >= ticket`, `done(false)` when `timeout` passed first (zero = no
  /// limit), a commit failed, or the log ended; on the log's thread. Commits and syncs for it if nothing
  /// else would. A wait for more than was appended ends, too, when `abandoned()` says that nobody cares
  /// any more: it is asked on the log's thread, under its lock, once a second and in `LookAtWaiters`.
  void WhenSynced(Ticket ticket, std::chrono::milliseconds timeout, std::function<void(bool)> done,
                  std::function<bool()> abandoned = {}) EXCLUDES(mutex_);
  /// Some wait may be abandoned now.
  void LookAtWaiters() EXCLUDES(mutex_) {
    if (has_waiters_.load(std::memory_order_seq_cst)) WakeThread();
  }

  /// Ends all waits of WhenSynced that nothing appended so far can fulfil, with `done(false)`, on the
  /// calling thread: for the end of serving.
  void CancelHopelessWaiters() EXCLUDES(mutex_);

  [[nodiscard]] Statistics statistics() const;

 private:
  struct SyncWaiter {
    Ticket ticket;
    std::chrono::steady_clock::time_point deadline;
    std::function<void(bool)> done;
    std::function<bool()> abandoned;
  };

  bool Commit() EXCLUDES(mutex_);
  void AwaitRoom(size_t bytes) EXCLUDES(mutex_);
  bool SyncNow() EXCLUDES(mutex_);
  void WakeThread() EXCLUDES(mutex_);
  void Fail(const std::string& message);
  /// False: as things are now, it has to be synced first.
  [[nodiscard]] bool Publish(Ticket last, bool synced) EXCLUDES(mutex_);
  void TellNotices();
  void NoteSyncTime(std::chrono::nanoseconds elapsed);
  void CountSync(std::chrono::nanoseconds elapsed);
  void RunThread() EXCLUDES(mutex_);
  [[nodiscard]] bool ThreadLeads(bool committed_before) const;
  void ServeWaiters(bool last_call) EXCLUDES(mutex_);
  [[nodiscard]] std::chrono::steady_clock::time_point NextDeadline(
      std::chrono::steady_clock::time_point deadline) const REQUIRES(mutex_);

  Database* const database_;
  const Callbacks callbacks_;

  Mutex mutex_;
  std::condition_variable_any wake_;
  std::string gathering_ GUARDED_BY(mutex_);  // journal entry that the next commit will write
  std::string committing_entry_;              // owned by whoever holds committing_
  std::vector<std::unique_ptr<DurableNotice>> notices_ GUARDED_BY(mutex_);  // of what is in it
  std::vector<std::unique_ptr<DurableNotice>> committing_notices_;          // as committing_entry_
  std::vector<SyncWaiter> waiters_ GUARDED_BY(mutex_);
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;

  std::atomic<bool> waiting_{false};
  std::atomic<size_t> gathered_bytes_{0};
  std::atomic<bool> committing_{false};
  std::atomic<bool> callers_lead_{true};
  std::atomic<bool> failed_{false};
  std::atomic<bool> has_waiters_{false};
  std::atomic<Durability> durability_;
  std::atomic<Ticket> appended_;
  std::atomic<Ticket> durable_;
  std::atomic<Ticket> synced_;
  std::atomic<uint64_t> commits_{0};
  std::atomic<uint64_t> syncs_{0};
  std::atomic<uint64_t> bytes_{0};
  std::atomic<int64_t> average_sync_ns_{0};
  std::atomic<int64_t> sync_ns_{0};

  std::thread thread_;
};

}  // namespace tally::storage
