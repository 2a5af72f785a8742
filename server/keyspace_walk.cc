#include "server/keyspace_walk.h"

#include <algorithm>
#include <utility>

#include "server/wall_clock.h"

namespace tally::server {

using storage::kSlotCount;
using storage::SlotPosition;

namespace {
// Complete slots that one step may go through, if they are empty.
constexpr uint32_t kSlotsPerStep = 1024;
}  // namespace

KeyspaceWalk::KeyspaceWalk(const Route& route, std::unique_ptr<WalkVisitor> visitor, int database,
                           SlotPosition from, size_t wanted)
    : route_(route),
      visitor_(std::move(visitor)),
      database_(database),
      wanted_(std::clamp<size_t>(wanted, 1, kMostPerStep)),
      position_(from),
      loaded_until_(from) {}

void KeyspaceWalk::Start(const Route& route, std::unique_ptr<WalkVisitor> visitor, int database,
                         SlotPosition from, size_t wanted) {
  if (from.slot >= kSlotCount) {
    visitor->Finish({kSlotCount, 0}, true);
    return;
  }
  std::unique_ptr<KeyspaceWalk> walk(
      new KeyspaceWalk(route, std::move(visitor), database, from, wanted));
  route.mailboxes->Send(route.shard_map->ShardOf(from.slot), std::move(walk));
}

void KeyspaceWalk::OnRange(SlotPosition end, bool readable) {
  loaded_until_ = end;
  readable_ = readable;
}

// Everything before it is in memory.
SlotPosition KeyspaceWalk::KnownUntil(const storage::Keyspace& keyspace) const {
  if (loaded_until_ > position_) return loaded_until_;
  const uint32_t most = std::min(keyspace.slots().end, position_.slot + kSlotsPerStep);
  uint32_t slot = position_.slot;
  while (slot < most && keyspace.IsSlotComplete(database_, slot)) ++slot;
  return slot == position_.slot ? position_ : SlotPosition{slot, 0};
}

void KeyspaceWalk::Deliver(std::unique_ptr<Message> self) {
  // Behind the last slot it is still at home where that lies.
  const uint32_t slot = std::min<uint32_t>(position_.slot, kSlotCount - 1);
  Shard* const shard = (*route_.shards)[route_.shard_map->ShardOf(slot)];
  if (shard->occupied()) {
    shard->Park(std::move(self));
    return;
  }
  if (!visitor_->IsWanted()) return;
  if (!has_set_out_) SetOut(shard);
  if (readable_) {
    const SlotPosition end = KnownUntil(shard->keyspace());
    if (end == position_) {
      std::unique_ptr<RangeWaiter> waiter(this);
      [[maybe_unused]] Message* const same = self.release();
      shard->input_gate().WaitForRange(std::move(waiter), database_, position_, wanted_,
                                       ObjectLoader::Urgency::kClientWaits);
      return;
    }
    Step(shard, end);
    if (!visitor_->IsDone() && position_.slot < kSlotCount) {
      // By mail even to the same shard: others are let through between two steps.
      loaded_until_ = SlotPosition();
      route_.mailboxes->Send(route_.shard_map->ShardOf(position_.slot), std::move(self));
      return;
    }
  }
  if (shard->IsDurable(depends_on_)) {
    visitor_->Finish(position_, readable_);
    return;
  }
  [[maybe_unused]] Message* const held = self.release();
  shard->gate().Hold(depends_on_, this);
}

void KeyspaceWalk::SetOut(Shard* shard) {
  const storage::DatabaseMap& map = shard->keyspace().map();
  has_set_out_ = true;
  depends_on_ = map.ticket(database_);
  database_ = map.StoredOf(database_);
  // It may wait for the disk, and then this turn is over.
  if (depends_on_ == storage::kOpenTicket) depends_on_ = shard->CloseTurn();
}

void KeyspaceWalk::Step(Shard* shard, SlotPosition end) {
  storage::Keyspace& keyspace = shard->keyspace();
  const int64_t now_ms = WallClock::NowMs();
  depends_on_ = std::max(depends_on_, keyspace.absence_ticket(database_));
  std::vector<storage::Key> expired;  // views of objects that are still there
  position_ = keyspace.Visit(
      database_, position_, end, wanted_, [&](storage::Object* object, uint32_t slot) {
        depends_on_ = std::max(depends_on_, object->ticket());
        if (object->is_tombstone()) return;
        if (!object->IsExpired(now_ms)) return visitor_->Visit(*object);
        if (!visitor_->RemovesExpired()) return;
        expired.push_back({object->name(), static_cast<uint16_t>(slot), object->hash()});
      });
  // Nobody waits for the removals: expiry is a fact of the committed state and the clock.
  storage::Ticket unneeded = storage::kNoTicket;
  for (const storage::Key& key : expired) {
    static_cast<void>(keyspace.Find(database_, key, now_ms, &unneeded));
  }
  // It may go on elsewhere, where this turn means nothing.
  if (depends_on_ == storage::kOpenTicket) depends_on_ = shard->CloseTurn();
}

void KeyspaceWalk::Release() {
  const std::unique_ptr<KeyspaceWalk> self(this);
  visitor_->Finish(position_, readable_);
}

}  // namespace tally::server
