#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "server/keyspace_walk.h"
#include "server/operation.h"
#include "storage/slot.h"

namespace tally::server {

/// Lets the walks that keep all they find for one reply (`WalkVisitor::gathers`) begin one after the other,
/// in the order of coming; all others begin at once. However many clients ask for all names, memory has those of
/// one, and what is on its way to clients that do not read it.
///
/// Who has left while waiting is forgotten when somebody comes or the next one begins. Once gathered, the names
/// count as unread until their client has taken them, or is gone; beyond `kMaxUnreadBytes` of them no
/// further walk begins, and who takes nothing of them for some time is in the way (Connection::IsStuckInTheWay).
///
/// Threads: any. Limits: those two; a place in the line is as large as its request.
class WalkLine {
 public:
  static constexpr uint64_t kMaxUnreadBytes = uint64_t{32} << 20;

  explicit WalkLine(const KeyspaceWalk::Route& route);
  ~WalkLine();  ///< Stop
  WalkLine(const WalkLine&) = delete;
  WalkLine& operator=(const WalkLine&) = delete;

  /// As KeyspaceWalk::Start, at once or when it is its turn.
  void Walk(std::unique_ptr<WalkVisitor> visitor, int database, storage::SlotPosition from,
            size_t wanted);
  /// Forgets who waits; none begins from now on.
  void Stop();

 private:
  friend class WalkPlace;
  class Line;
  const std::shared_ptr<Line> line_;  // places may outlive this
};

/// The place of a walk that has begun: until it is gathered it is the only one; then what it gathered counts as
/// unread. Ends with its destruction, and the next one goes on.
class WalkPlace final : public ReplyHold {
 public:
  explicit WalkPlace(std::shared_ptr<WalkLine::Line> line);
  ~WalkPlace() override;
  WalkPlace(const WalkPlace&) = delete;
  WalkPlace& operator=(const WalkPlace&) = delete;

  [[nodiscard]] bool others_wait() const;
  /// Once: so many bytes are on their way to the client.
  void OnGathered(size_t bytes);
  [[nodiscard]] bool IsInTheWay() const override;

 private:
  const std::shared_ptr<WalkLine::Line> line_;
  std::atomic<bool> gathered_{false};
  size_t bytes_ = 0;
};

}  // namespace tally::server
