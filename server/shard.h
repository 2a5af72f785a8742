#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "server/executor.h"
#include "server/mailbox.h"
#include "server/operation.h"
#include "server/reply_gate.h"
#include "storage/commit_log.h"
#include "storage/keyspace.h"

namespace tally::server {

/// The objects of one core's slots, the turn's change set, and the gate.
///
/// Operations run one after the other, in the order in which they reach the shard. While a spanning
/// operation is *inside*, no other may run: messages and sessions that come meanwhile are parked and
/// go on in their order once it has left.
///
/// This is also where an operation will wait for an object that is not in memory (the input gate): its
/// caller parks itself the same way and is delivered again when the object has come; handlers never
/// notice.
///
/// A turn gathers the changes of all its operations; `CloseTurn` hands them to the commit log as one
/// change set. Thread: the core's; `keyspace()` alone also the spanning operation's that is inside.
class Shard {
 public:
  Shard(uint32_t number, const ShardMap& shard_map, int databases, Executor* executor);
  /// Recovery has filled the keyspace: from now on changes go to `log`, which outlives the shard's use.
  void Attach(storage::CommitLog* log) { log_ = log; }

  [[nodiscard]] uint32_t number() const { return number_; }
  [[nodiscard]] storage::Keyspace& keyspace() { return keyspace_; }
  [[nodiscard]] ReplyGate& gate() { return gate_; }
  [[nodiscard]] Executor& executor() { return *executor_; }
  [[nodiscard]] storage::CommitLog& log() { return *log_; }

  /// Runs one operation all of whose keys are here. Requires `!occupied()`.
  Outcome Run(const Request& request, std::string* out) {
    return executor_->Run(request, keyspaces_.data(), out);
  }
  /// Whether a reply that depends on `ticket` may be told now.
  [[nodiscard]] bool IsDurable(storage::Ticket ticket) const { return ticket <= log_->durable(); }

  /// Ends the turn's change set: it gets its ticket, and the replies that depend on it wait for that.
  /// Replies that depend on the open turn have to be at the gate by then. `kNoTicket` when nothing had
  /// changed. Requires `!occupied()`.
  storage::Ticket CloseTurn();
  /// So many bytes of changes are enough for one change set: whoever runs operations closes the turn.
  /// Requires `!occupied()`.
  static constexpr size_t kMaxTurnBytes = size_t{16} << 20;
  [[nodiscard]] bool TurnIsFull() const { return keyspace_.changed_bytes() > kMaxTurnBytes; }

  // A spanning operation's visit.
  [[nodiscard]] bool occupied() const { return occupied_; }
  /// Closes the turn, and nothing else runs here until `Leave`. Requires `!occupied()`.
  storage::Keyspace* Enter();
  /// Delivers what was parked, in order (until one of them enters again).
  void Leave();
  /// To be delivered when the shard is free again. Requires `occupied()`.
  void Park(std::unique_ptr<Message> message);

 private:
  void DeliverParked();

  const uint32_t number_;
  storage::Keyspace keyspace_;
  std::vector<storage::Keyspace*> keyspaces_;  // by shard; only this one's is not null
  Executor* const executor_;
  storage::CommitLog* log_ = nullptr;
  ReplyGate gate_;
  std::string change_set_;
  bool occupied_ = false;
  bool delivering_parked_ = false;
  std::deque<std::unique_ptr<Message>> parked_;
};

}  // namespace tally::server
