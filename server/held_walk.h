#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/keyspace_walk.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/shard.h"
#include "storage/keyspace.h"
#include "storage/slot.h"
#include "storage/ticket.h"

namespace tally::server {

/// Walks inside a transaction: through databases of shards that all are entered, at one moment, and done
/// when `Walk` returns.
///
/// What is not in memory is read from the disk here and now, and is not kept: the shards stand meanwhile
/// (docs/ARCHITECTURE.md, "Known limits"). Thread: the transaction's. Limits: memory for one step's records.
class HeldWalk final : public Walker {
 public:
  static constexpr size_t kMostPerStep = KeyspaceWalk::kMostPerStep;
  static constexpr size_t kMostBytesPerStep = size_t{1} << 20;

  /// All of `keyspaces`, by shard, are entered.
  HeldWalk(storage::Keyspace* const* keyspaces, const ShardMap* shard_map, storage::Database* disk,
           int64_t now_ms)
      : keyspaces_(keyspaces), shard_map_(shard_map), disk_(disk), now_ms_(now_ms) {}

  void Walk(std::unique_ptr<WalkVisitor> visitor, int database, storage::SlotPosition from,
            size_t wanted) override;
  /// On what all that was seen so far depends.
  [[nodiscard]] storage::Ticket depends_on() const { return depends_on_; }

 private:
  /// False: the disk could not be read.
  bool Step(WalkVisitor* visitor, int database, size_t wanted, storage::SlotPosition* position);
  /// Objects that only the disk has, from `begin` on; `*end` comes closer if that were too many.
  bool ReadCold(const storage::Keyspace& keyspace, int database, size_t wanted,
                storage::SlotPosition begin, storage::SlotPosition* end,
                std::vector<storage::ObjectPtr>* cold) const;

  storage::Keyspace* const* const keyspaces_;
  const ShardMap* const shard_map_;
  storage::Database* const disk_;
  const int64_t now_ms_;
  storage::Ticket depends_on_ = storage::kNoTicket;
};

}  // namespace tally::server
