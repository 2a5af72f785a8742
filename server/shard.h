#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "server/executor.h"
#include "server/input_gate.h"
#include "server/mailbox.h"
#include "server/memory_budget.h"
#include "server/operation.h"
#include "server/reply_gate.h"
#include "storage/commit_log.h"
#include "storage/keyspace.h"

namespace tally::server {

class Announcer;

/// The objects of one core's slots, the turn's change set, and the gate.
///
/// Operations run one after the other, in the order in which they reach the shard. While a spanning
/// operation is *inside*, no other may run: messages and sessions that come meanwhile are parked and
/// go on in their order once it has left.
///
/// An operation that needs an object which is not in memory waits at the input gate until it has come, and
/// all others go on; handlers never notice. Memory beyond the budget is given back at the ends of
/// turns, by letting clean objects go; when there are too few of them a checkpoint is asked for, and
/// writes wait for room: the fuller, the longer.
///
/// A turn gathers the changes of all its operations; `CloseTurn` hands them to the commit log as one
/// change set. Thread: the core's; `keyspace()` alone also the spanning operation's that is inside.
class Shard final : private InputGate::Host {
 public:
  Shard(uint32_t number, const ShardMap& shard_map, int databases, Executor* executor);
  /// Recovery has filled the keyspace: from now on changes go to `log`, and what is not in memory comes
  /// from `database` by way of `loader`. All outlive the shard's use.
  void Attach(storage::CommitLog* log, storage::Database* database, ObjectLoader* loader) {
    log_ = log;
    database_ = database;
    loader_ = loader;
    input_gate_.Attach(database, loader);
    may_be_cold_ = !keyspace_.is_complete();
  }

  /// Who publishes events of keys; has to be there before they are wanted.
  void set_announcer(Announcer* announcer) { announcer_ = announcer; }

  [[nodiscard]] uint32_t number() const { return number_; }
  [[nodiscard]] storage::Keyspace& keyspace() { return keyspace_; }
  [[nodiscard]] ReplyGate& gate() { return gate_; }
  [[nodiscard]] InputGate& input_gate() { return input_gate_; }
  [[nodiscard]] MemoryBudget& memory() { return memory_; }
  [[nodiscard]] Executor& executor() { return *executor_; }
  [[nodiscard]] storage::CommitLog& log() { return *log_; }
  [[nodiscard]] storage::Database* database() const { return database_; }
  [[nodiscard]] ObjectLoader* loader() const { return loader_; }

  /// Whether all that the keys name is in memory. Requires `!occupied()`, as the next.
  [[nodiscard]] bool Knows(int database, std::span<const storage::Key> keys) const;
  /// Whether one of them cannot be read from the disk (InputGate::IsUnreadable).
  [[nodiscard]] bool IsUnreadable(int database, std::span<const storage::Key> keys) const;
  /// Whether the command need not wait for room to write.
  [[nodiscard]] bool HasRoomFor(const Command& command) const { return HasRoomFor(command.flags); }
  /// The same of commands with these flags.
  [[nodiscard]] bool HasRoomFor(uint32_t command_flags) const {
    return (command_flags & kWrite) == 0 || memory_.HasRoom();
  }
  /// Runs one operation all of whose keys are here, and known. Requires `!occupied()`.
  Outcome Run(const Request& request, std::string* out) {
    const uint64_t used = memory_.used();
    const Outcome outcome = executor_->Run(request, keyspaces_.data(), out);
    if (memory_.used() > used) memory_.Spend(memory_.used() - used);
    return outcome;
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

  /// Has the events that were noted here published, once the change set with this ticket is durable. No
  /// change set: once all that they may tell of is. (A turn that is closed has done so.)
  void Announce(storage::Ticket ticket);

  // A spanning operation's visit.
  [[nodiscard]] bool occupied() const override { return occupied_; }
  /// Closes the turn, and nothing else runs here until `Leave`. Requires `!occupied()`.
  storage::Keyspace* Enter();
  /// Delivers what was parked, in order (until one of them enters again).
  void Leave();
  /// To be delivered when the shard is free again. Requires `occupied()`.
  void Park(std::unique_ptr<Message> message) override;
  [[nodiscard]] uint64_t read_ahead_bytes() const override;

  /// At the end of a turn, before it is closed: starts reading what was asked for, lets in who waited for
  /// room. Requires `!occupied()`.
  void LetIn();
  /// After it is closed: keeps memory within its limit, and sees to it that the disk's space comes back after
  /// a flush. Requires `!occupied()`.
  void KeepMemory(int64_t now_us, int64_t now_ms);
  /// `call`: a database was flushed that has something on the disk. Before the shard runs.
  void set_on_flushed_on_disk(std::function<void()> call) { on_flushed_on_disk_ = std::move(call); }
  /// Any thread: whether an operation here may find something missing in memory. A hint.
  [[nodiscard]] bool may_be_cold() const { return may_be_cold_.load(std::memory_order_relaxed); }

 private:
  void DeliverParked();

  const uint32_t number_;
  storage::Keyspace keyspace_;
  std::vector<storage::Keyspace*> keyspaces_;  // by shard; only this one's is not null
  Executor* const executor_;
  storage::CommitLog* log_ = nullptr;
  storage::Database* database_ = nullptr;
  ObjectLoader* loader_ = nullptr;
  Announcer* announcer_ = nullptr;
  ReplyGate gate_;
  InputGate input_gate_;
  MemoryBudget memory_;
  std::function<void()> on_flushed_on_disk_ = [] {};
  std::atomic<bool> may_be_cold_{false};
  std::string change_set_;
  bool occupied_ = false;
  bool delivering_parked_ = false;
  std::deque<std::unique_ptr<Message>> parked_;
};

}  // namespace tally::server
