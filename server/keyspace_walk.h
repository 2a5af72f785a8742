#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "server/input_gate.h"
#include "server/mailbox.h"
#include "server/operation.h"
#include "server/reply_gate.h"
#include "server/shard.h"
#include "storage/object.h"
#include "storage/slot.h"
#include "storage/ticket.h"

namespace tally::server {

class WalkPlace;

/// What a walk through a database is for. Called on the threads of the shards, one after the other. Where it
/// is no longer wanted it is destroyed without a last call.
class WalkVisitor {
 public:
  virtual ~WalkVisitor() = default;
  /// It keeps much until its end: one such walk at a time (walk_line.h). Before the walk it is given its place.
  [[nodiscard]] virtual bool gathers() const { return false; }
  // NOLINTNEXTLINE(performance-unnecessary-value-param): whoever overrides it keeps it
  virtual void TakePlace(std::shared_ptr<WalkPlace> /*place*/) {}
  /// Asked before each step, and, while it waits for its turn, on any thread.
  [[nodiscard]] virtual bool IsWanted() const { return true; }
  /// A live object, in no particular order within a step.
  virtual void Visit(const storage::Object& object) = 0;
  /// Whether an expired object that the walk meets shall be removed on the way, as one that is asked for is.
  [[nodiscard]] virtual bool RemovesExpired() const { return false; }
  /// Asked between steps: enough was seen.
  [[nodiscard]] virtual bool IsDone() const = 0;
  /// The last call: everything before `next` was visited (its slot is kSlotCount: to the end), and all of
  /// it is durable. Not readable: the disk failed, and something may be missing.
  virtual void Finish(storage::SlotPosition next, bool readable) = 0;
};

/// Goes through one database in the order of slots and hashes, over objects in memory and cold ones alike,
/// in steps that let other operations through.
///
/// What is there during the whole walk is visited exactly once; what comes or goes meanwhile may be
/// visited or not. Expired objects are not visited. Cold ones come into memory on the way.
///
/// Thread: one core at a time. Limits: one step's objects.
class KeyspaceWalk final : public RangeWaiter, public HeldReply {
 public:
  struct Route {
    Mailboxes* mailboxes;
    const std::vector<Shard*>* shards;
    const ShardMap* shard_map;
  };
  static constexpr size_t kMostPerStep = 1000;

  /// Any thread. Begins at `from`, with about `wanted` objects a step.
  /// `database` as clients number it when the walk sets out; SWAPDB does not turn it aside.
  static void Start(const Route& route, std::unique_ptr<WalkVisitor> visitor, int database,
                    storage::SlotPosition from, size_t wanted);

  void Deliver(std::unique_ptr<Message> self) override;
  void OnRange(storage::SlotPosition end, bool readable) override;
  void Release() override;

 private:
  KeyspaceWalk(const Route& route, std::unique_ptr<WalkVisitor> visitor, int database,
               storage::SlotPosition from, size_t wanted);

  [[nodiscard]] storage::SlotPosition KnownUntil(const storage::Keyspace& keyspace) const;
  void SetOut(Shard* shard);
  void Step(Shard* shard, storage::SlotPosition end);

  const Route route_;
  const std::unique_ptr<WalkVisitor> visitor_;
  int database_;  // once it has set out, the stored one
  bool has_set_out_ = false;
  const size_t wanted_;
  storage::SlotPosition position_;
  storage::SlotPosition loaded_until_;
  bool readable_ = true;
  storage::Ticket depends_on_ = storage::kNoTicket;
};

}  // namespace tally::server
