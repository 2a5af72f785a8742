#include "storage/commit_log.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "storage/invariant.h"
#include "storage/journal_entry.h"

namespace tally::storage {

namespace {
// A buffer that a burst has blown up is given back after the commit.
constexpr size_t kKeptBufferBytes = size_t{4} << 20;
// Weight of the newest sync in the moving average: 1/16.
constexpr int64_t kAverageShift = 4;
constexpr std::chrono::milliseconds kLongestCounted{4};
}  // namespace

CommitLog::CommitLog(Database* database, Ticket last, Durability durability, Callbacks callbacks)
    : database_(database),
      callbacks_(std::move(callbacks)),
      durability_(durability),
      appended_(last),
      durable_(last),
      synced_(last),
      thread_([this] { RunThread(); }) {}

CommitLog::~CommitLog() { Stop(); }

void CommitLog::Stop() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void CommitLog::AwaitRoom(size_t bytes) {
  constexpr std::chrono::microseconds kPollInterval{200};
  while (true) {
    const size_t gathered = gathered_bytes_.load(std::memory_order_relaxed);
    if (gathered == 0 || gathered + bytes <= kMaxGatheredBytes) return;
    if (failed_.load(std::memory_order_acquire)) return;
    if (!Commit()) std::this_thread::sleep_for(kPollInterval);
  }
}

Ticket CommitLog::Append(std::string_view change_set, std::unique_ptr<DurableNotice> notice) {
  AwaitRoom(change_set.size());
  Ticket ticket;
  {
    const MutexLock lock(mutex_);
    ticket = appended_.load(std::memory_order_relaxed) + 1;
    if (!waiting_.load(std::memory_order_relaxed)) BeginEntry(&gathering_, ticket);
    AppendChangeSet(&gathering_, change_set);
    if (notice != nullptr) notices_.push_back(std::move(notice));
    gathered_bytes_.store(gathering_.size(), std::memory_order_relaxed);
    appended_.store(ticket, std::memory_order_release);
    waiting_.store(true, std::memory_order_seq_cst);
  }
  if (!callers_lead_.load(std::memory_order_seq_cst))
    wake_.notify_one();  // sees waiting_ before it sleeps
  return ticket;
}

bool CommitLog::LeadCommit() {
  if (!callers_lead_.load(std::memory_order_relaxed)) return false;
  if (!waiting_.load(std::memory_order_seq_cst)) return false;
  const bool committed = Commit();
  // The commit may have shown that syncs are long now: what gathered meanwhile is the thread's.
  if (!callers_lead_.load(std::memory_order_seq_cst)) WakeThread();
  return committed;
}

bool CommitLog::Commit() {
  if (failed_.load(std::memory_order_acquire)) return false;
  if (committing_.exchange(true, std::memory_order_seq_cst)) return false;
  Ticket last = kNoTicket;
  {
    const MutexLock lock(mutex_);
    if (!waiting_.load(std::memory_order_relaxed)) {
      committing_.store(false, std::memory_order_seq_cst);
      return false;
    }
    std::swap(gathering_, committing_entry_);
    std::swap(notices_, committing_notices_);
    gathered_bytes_.store(0, std::memory_order_relaxed);
    last = appended_.load(std::memory_order_relaxed);
    waiting_.store(false, std::memory_order_seq_cst);
  }
  FinishEntry(&committing_entry_, last);
  bool sync = durability_.load(std::memory_order_acquire) == Durability::kSynced;
  const auto start = std::chrono::steady_clock::now();
  const Status status = database_->AppendJournal(last, committing_entry_, sync);
  if (!status.ok()) {
    Fail(status.message());
    return false;  // committing_ stays set: nothing is ever written after a failure
  }
  if (sync) NoteSyncTime(std::chrono::steady_clock::now() - start);
  commits_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(committing_entry_.size(), std::memory_order_relaxed);
  if (committing_entry_.capacity() > kKeptBufferBytes) std::string().swap(committing_entry_);
  while (!Publish(last, sync)) {
    // The durability has become stricter since this commit began.
    const auto second_start = std::chrono::steady_clock::now();
    if (const Status synced = database_->SyncJournal(); !synced.ok()) {
      Fail(synced.message());
      return false;
    }
    CountSync(std::chrono::steady_clock::now() - second_start);
    sync = true;
  }
  committing_.store(false, std::memory_order_seq_cst);
  // Not before committing_ is clear: the thread would find this commit under way and sleep again.
  if (has_waiters_.load(std::memory_order_seq_cst)) WakeThread();
  callbacks_.on_durable();
  return true;
}

bool CommitLog::Publish(Ticket last, bool synced) {
  if (synced) {
    TellNotices();
    synced_.store(last, std::memory_order_seq_cst);
    durable_.store(last, std::memory_order_seq_cst);
    return true;
  }
  const MutexLock lock(mutex_);  // see set_durability
  if (durability_.load(std::memory_order_acquire) == Durability::kSynced) return false;
  TellNotices();
  durable_.store(last, std::memory_order_seq_cst);
  return true;
}

void CommitLog::TellNotices() {
  for (const std::unique_ptr<DurableNotice>& notice : committing_notices_) notice->Tell();
  committing_notices_.clear();
}

void CommitLog::NoteSyncTime(std::chrono::nanoseconds elapsed) {
  CountSync(elapsed);
  int64_t average = average_sync_ns_.load(std::memory_order_relaxed);
  // One hiccup of the disk shall not change who leads.
  elapsed = std::min<std::chrono::nanoseconds>(elapsed, kLongestCounted);
  average += (elapsed.count() - average) / (int64_t{1} << kAverageShift);
  average_sync_ns_.store(average, std::memory_order_relaxed);
  const bool callers_lead = callers_lead_.load(std::memory_order_relaxed);
  const auto mark =
      std::chrono::duration_cast<std::chrono::nanoseconds>(callers_lead ? kLongSync : kShortSync);
  const bool is_short = average < mark.count();
  if (is_short != callers_lead) callers_lead_.store(is_short, std::memory_order_seq_cst);
}

void CommitLog::CountSync(std::chrono::nanoseconds elapsed) {
  syncs_.fetch_add(1, std::memory_order_relaxed);
  sync_ns_.fetch_add(elapsed.count(), std::memory_order_relaxed);
}

bool CommitLog::SyncNow() {
  if (failed_.load(std::memory_order_acquire)) return false;
  const Ticket written = durable_.load(std::memory_order_seq_cst);
  if (synced_.load(std::memory_order_seq_cst) >= written) return true;
  const auto start = std::chrono::steady_clock::now();
  const Status status = database_->SyncJournal();
  if (!status.ok()) {
    Fail(status.message());
    return false;
  }
  CountSync(std::chrono::steady_clock::now() - start);
  Ticket before = synced_.load(std::memory_order_seq_cst);
  while (before < written && !synced_.compare_exchange_weak(before, written)) {
  }
  return true;
}

void CommitLog::Fail(const std::string& message) {
  if (failed_.exchange(true, std::memory_order_acq_rel)) return;
  callbacks_.on_failure(message);
  WakeThread();  // who waits for a sync waits in vain
}

void CommitLog::set_durability(Durability durability) {
  {
    // A commit under way either was published before, or finds the new durability when it wants to be.
    const MutexLock lock(mutex_);
    durability_.store(durability, std::memory_order_release);
  }
  if (durability == Durability::kSynced) SyncNow();
  WakeThread();
}

void CommitLog::WakeThread() {
  {
    const MutexLock lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void CommitLog::WhenSynced(Ticket ticket, std::chrono::milliseconds timeout,
                           std::function<void(bool)> done, std::function<bool()> abandoned) {
  const auto deadline = timeout.count() > 0 ? std::chrono::steady_clock::now() + timeout
                                            : std::chrono::steady_clock::time_point::max();
  {
    const MutexLock lock(mutex_);
    waiters_.push_back({ticket, deadline, std::move(done), std::move(abandoned)});
    has_waiters_.store(true, std::memory_order_seq_cst);
  }
  WakeThread();
}

void CommitLog::CancelHopelessWaiters() {
  std::vector<SyncWaiter> hopeless;
  {
    const MutexLock lock(mutex_);
    const auto first = std::stable_partition(
        waiters_.begin(), waiters_.end(),
        [&](const SyncWaiter& waiter) { return waiter.ticket <= appended(); });
    std::move(first, waiters_.end(), std::back_inserter(hopeless));
    waiters_.erase(first, waiters_.end());
    has_waiters_.store(!waiters_.empty(), std::memory_order_seq_cst);
  }
  for (SyncWaiter& waiter : hopeless) waiter.done(false);
}

CommitLog::Statistics CommitLog::statistics() const {
  Statistics result;
  result.synced = synced();
  result.durable = durable();
  result.appended = appended();
  result.commits = commits_.load(std::memory_order_relaxed);
  result.syncs = syncs_.load(std::memory_order_relaxed);
  result.bytes = bytes();
  result.sync_seconds = static_cast<double>(sync_ns_.load(std::memory_order_relaxed)) / 1e9;
  result.average_sync_us =
      static_cast<double>(average_sync_ns_.load(std::memory_order_relaxed)) / 1e3;
  result.led_by_callers = callers_lead_.load(std::memory_order_relaxed);
  return result;
}

std::chrono::steady_clock::time_point CommitLog::NextDeadline(
    std::chrono::steady_clock::time_point deadline) const {
  for (const SyncWaiter& waiter : waiters_) deadline = std::min(deadline, waiter.deadline);
  return deadline;
}

void CommitLog::ServeWaiters(bool last_call) {
  if (!has_waiters_.load(std::memory_order_seq_cst)) return;
  // With a policy that does not sync, or did not when this was written, the sync is made here.
  if (synced() < durable()) SyncNow();
  std::vector<SyncWaiter> ready;
  {
    const MutexLock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const Ticket synced_now = synced();
    const bool in_vain = last_call || failed_.load(std::memory_order_acquire);
    const auto due = [&](const SyncWaiter& waiter) {
      return in_vain || waiter.ticket <= synced_now || waiter.deadline <= now ||
             (waiter.ticket > appended() && waiter.abandoned && waiter.abandoned());
    };
    const auto first_due = std::stable_partition(waiters_.begin(), waiters_.end(),
                                                 [&](const SyncWaiter& w) { return !due(w); });
    std::move(first_due, waiters_.end(), std::back_inserter(ready));
    waiters_.erase(first_due, waiters_.end());
    has_waiters_.store(!waiters_.empty(), std::memory_order_seq_cst);
  }
  for (SyncWaiter& waiter : ready) waiter.done(waiter.ticket <= synced());
}

bool CommitLog::ThreadLeads(bool committed_before) const {
  if (!waiting_.load(std::memory_order_seq_cst)) return false;
  if (committing_.load(std::memory_order_seq_cst)) return false;  // who commits wakes this thread
  // What gathered while this thread committed is this thread's, even if the callers lead again: they
  // found a commit under way and sleep.
  return committed_before || !callers_lead_.load(std::memory_order_seq_cst) ||
         has_waiters_.load(std::memory_order_seq_cst);
}

void CommitLog::RunThread() {
  auto next_sync = std::chrono::steady_clock::now() + kSyncInterval;
  bool committed = false;
  bool stop = false;
  while (!stop) {
    {
      const MutexLock lock(mutex_);
      if (!ThreadLeads(committed) && !stopping_ && !woken_) {
        wake_.wait_until(mutex_, NextDeadline(next_sync));
      }
      woken_ = false;
      stop = stopping_;
    }
    committed = (stop || ThreadLeads(committed)) && Commit();
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_sync) {
      next_sync = now + kSyncInterval;
      if (durability_.load(std::memory_order_acquire) == Durability::kSyncedEachSecond) SyncNow();
    }
    ServeWaiters(/*last_call=*/false);
  }
  SyncNow();
  ServeWaiters(/*last_call=*/true);
}

}  // namespace tally::storage
