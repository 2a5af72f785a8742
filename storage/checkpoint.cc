#include "storage/checkpoint.h"

#include <future>
#include <utility>

namespace tally::storage {
namespace {

int64_t WallClockMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Checkpointer::Checkpointer(Database* database, CommitLog* log, ShardAccess* shards, Ticket floor,
                           uint64_t recovered_journal_bytes, uint64_t journal_limit_bytes)
    : database_(database),
      log_(log),
      shards_(shards),
      journal_limit_bytes_(journal_limit_bytes),
      recovered_bytes_(recovered_journal_bytes),
      mark_bytes_(log->bytes()) {
  {
    const MutexLock lock(mutex_);
    state_.floor = floor;
  }
  thread_ = std::thread([this] { RunThread(); });
}

Checkpointer::~Checkpointer() { Stop(); }

void Checkpointer::Stop() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool Checkpointer::Start(std::function<void(Status)> done) {
  {
    const MutexLock lock(mutex_);
    if (runs_requested_ || requested_ || stopping_) return false;
    requested_ = true;
    done_ = std::move(done);
  }
  wake_.notify_all();
  return true;
}

Status Checkpointer::Run() {
  std::promise<Status> done;
  while (!Start([&](const Status& status) { done.set_value(status); })) {
    std::this_thread::sleep_for(kPollInterval / 10);
  }
  return done.get_future().get();
}

void Checkpointer::Suggest() {
  {
    const MutexLock lock(mutex_);
    suggested_ = true;
  }
  wake_.notify_all();
}

void Checkpointer::SuggestForSpace() {
  {
    const MutexLock lock(mutex_);
    space_suggested_ = true;
  }
  wake_.notify_all();
}

Checkpointer::State Checkpointer::state() const {
  const MutexLock lock(mutex_);
  State state = state_;
  state.journal_bytes = JournalBytes();
  state.objects = progress_.objects;
  state.bytes = progress_.bytes;
  return state;
}

uint64_t Checkpointer::JournalBytes() const {
  return recovered_bytes_ + log_->bytes() - mark_bytes_;
}

bool Checkpointer::IsDue() const {
  if (requested_) return true;
  const auto now = std::chrono::steady_clock::now();
  if (stopping_ || now < retry_at_) return false;
  return suggested_ || (space_suggested_ && now >= space_at_) ||
         JournalBytes() > journal_limit_bytes_;
}

void Checkpointer::RunThread() {
  while (true) {
    {
      const MutexLock lock(mutex_);
      while (!IsDue() && !stopping_) wake_.wait_for(mutex_, kPollInterval);
      if (!IsDue()) return;
    }
    RunOnce();
  }
}

void Checkpointer::RunOnce() {
  const auto start = std::chrono::steady_clock::now();
  const uint64_t mark_bytes = log_->bytes();
  Ticket floor = kNoTicket;
  std::function<void(Status)> done;
  {
    const MutexLock lock(mutex_);
    floor = state_.floor;
    runs_requested_ = std::exchange(requested_, false);
    suggested_ = false;
    if (std::exchange(space_suggested_, false)) space_at_ = start + kSpaceInterval;
    done = std::exchange(done_, nullptr);
    state_.running = true;
    state_.running_since_ms = WallClockMs();
  }
  CheckpointRun run(database_, log_, shards_, floor, &progress_);
  const Status status = run.Run();
  const auto end = std::chrono::steady_clock::now();
  {
    const MutexLock lock(mutex_);
    state_.running = false;
    runs_requested_ = false;
    state_.running_since_ms = -1;
    state_.last_ok = status.ok();
    state_.last_error = status.message();
    state_.last_duration_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - start).count();
    if (run.floor() != floor) {
      state_.floor = run.floor();
      recovered_bytes_ = 0;
      mark_bytes_ = mark_bytes;
    }
    if (status.ok()) {
      state_.last_success_ms = WallClockMs();
      ++state_.completed;
    } else {
      retry_at_ = end + kRetryInterval;
    }
  }
  if (done) done(status);
}

}  // namespace tally::storage
