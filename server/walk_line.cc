#include "server/walk_line.h"

#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "storage/invariant.h"

namespace tally::server {

using storage::SlotPosition;

class WalkLine::Line : public std::enable_shared_from_this<Line> {
 public:
  explicit Line(const KeyspaceWalk::Route& route) : route_(route) {}

  void Begin(std::unique_ptr<WalkVisitor> visitor, int database, SlotPosition from,
             size_t wanted) const {
    KeyspaceWalk::Start(route_, std::move(visitor), database, from, wanted);
  }
  void Enter(std::unique_ptr<WalkVisitor> visitor, int database, SlotPosition from, size_t wanted) {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      waiting_.push_back({std::move(visitor), database, from, wanted});
    }
    GoOn();
  }
  void OnGathered(size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      gathering_ = false;
      unread_bytes_ += bytes;
    }
    GoOn();
  }
  /// Read or dropped; `gathered`: OnGathered was told, with so many bytes.
  void Leave(bool gathered, size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (!gathered) gathering_ = false;
      unread_bytes_ -= bytes;
    }
    GoOn();
  }
  void Stop() {
    std::deque<Waiting> forgotten;  // their replies are sent when the lock is free
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    forgotten.swap(waiting_);
  }
  [[nodiscard]] bool others_wait() const {
    const std::lock_guard lock(mutex_);
    return !waiting_.empty();
  }
  [[nodiscard]] bool IsFull() const {
    const std::lock_guard lock(mutex_);
    return !waiting_.empty() && unread_bytes_ > kMaxUnreadBytes;
  }

 private:
  struct Waiting {
    std::unique_ptr<WalkVisitor> visitor;
    int database;
    SlotPosition from;
    size_t wanted;
  };

  void GoOn() {
    std::vector<std::unique_ptr<WalkVisitor>> left;
    std::optional<Waiting> next;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(waiting_, [&](Waiting& waiting) {
        if (waiting.visitor->IsWanted()) return false;
        left.push_back(std::move(waiting.visitor));
        return true;
      });
      if (stopped_ || gathering_ || unread_bytes_ > kMaxUnreadBytes || waiting_.empty()) return;
      gathering_ = true;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    next->visitor->TakePlace(std::make_shared<WalkPlace>(shared_from_this()));
    Begin(std::move(next->visitor), next->database, next->from, next->wanted);
  }

  const KeyspaceWalk::Route route_;
  mutable std::mutex mutex_;
  std::deque<Waiting> waiting_;
  bool gathering_ = false;
  bool stopped_ = false;
  uint64_t unread_bytes_ = 0;
};

WalkLine::WalkLine(const KeyspaceWalk::Route& route) : line_(std::make_shared<Line>(route)) {}

WalkLine::~WalkLine() { Stop(); }

void WalkLine::Walk(std::unique_ptr<WalkVisitor> visitor, int database, SlotPosition from,
                    size_t wanted) {
  if (visitor->gathers() && from.slot < storage::kSlotCount) {
    line_->Enter(std::move(visitor), database, from, wanted);
  } else {
    line_->Begin(std::move(visitor), database, from, wanted);
  }
}

void WalkLine::Stop() { line_->Stop(); }

WalkPlace::WalkPlace(std::shared_ptr<WalkLine::Line> line) : line_(std::move(line)) {}

WalkPlace::~WalkPlace() { line_->Leave(gathered_, bytes_); }

bool WalkPlace::others_wait() const { return line_->others_wait(); }

void WalkPlace::OnGathered(size_t bytes) {
  bytes_ = bytes;
  const bool had_gathered = gathered_.exchange(true);
  TALLY_ASSERT(!had_gathered, "a walk gathers once");
  line_->OnGathered(bytes);
}

bool WalkPlace::IsInTheWay() const { return gathered_ && line_->IsFull(); }

}  // namespace tally::server
