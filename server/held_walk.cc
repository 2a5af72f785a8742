#include "server/held_walk.h"

#include <algorithm>
#include <limits>

#include "storage/object_codec.h"
#include "storage/object_scan.h"

namespace tally::server {

using storage::kSlotCount;
using storage::SlotPosition;

void HeldWalk::Walk(std::unique_ptr<WalkVisitor> visitor, int database, SlotPosition from,
                    size_t wanted) {
  const size_t per_step = std::clamp<size_t>(wanted, 1, kMostPerStep);
  SlotPosition position = from;
  bool readable = true;
  // The same on all shards.
  const storage::DatabaseMap& map =
      keyspaces_[shard_map_->ShardOf(std::min<uint32_t>(from.slot, kSlotCount - 1))]->map();
  depends_on_ = std::max(depends_on_, map.ticket(database));
  while (readable && position.slot < kSlotCount && !visitor->IsDone()) {
    readable = Step(visitor.get(), map.StoredOf(database), per_step, &position);
  }
  visitor->Finish(position, readable);
}

bool HeldWalk::Step(WalkVisitor* visitor, int database, size_t wanted, SlotPosition* position) {
  const storage::Keyspace& keyspace = *keyspaces_[shard_map_->ShardOf(position->slot)];
  const bool is_complete = keyspace.IsSlotComplete(database, position->slot);
  SlotPosition end{position->slot + 1, 0};
  while (end.slot < keyspace.slots().end &&
         keyspace.IsSlotComplete(database, end.slot) == is_complete) {
    ++end.slot;
  }
  // As far as memory has enough, then as far as the disk has: what lies before that is visited.
  end = keyspace.Visit(database, *position, end, wanted, [](storage::Object*, uint32_t) {});
  std::vector<storage::ObjectPtr> cold;
  if (!is_complete && !ReadCold(keyspace, database, wanted, *position, &end, &cold)) return false;
  depends_on_ = std::max(depends_on_, keyspace.absence_ticket(database));
  const SlotPosition after =
      keyspace.Visit(database, *position, end, std::numeric_limits<size_t>::max(),
                     [&](storage::Object* object, uint32_t) {
                       depends_on_ = std::max(depends_on_, object->ticket());
                       if (object->is_tombstone() || object->IsExpired(now_ms_)) return;
                       visitor->Visit(*object);
                     });
  for (const storage::ObjectPtr& object : cold) visitor->Visit(*object);
  *position = after;
  return true;
}

bool HeldWalk::ReadCold(const storage::Keyspace& keyspace, int database, size_t wanted,
                        SlotPosition begin, SlotPosition* end,
                        std::vector<storage::ObjectPtr>* cold) const {
  const storage::ScannedPart part = storage::ScanPart(
      disk_, database, begin, *end, {.objects = wanted, .bytes = kMostBytesPerStep},
      [&](const storage::ScannedObject& scanned) {
        if (keyspace.Knows(database, scanned.object.key)) return;
        if (scanned.record.generation < keyspace.generation(database)) return;
        storage::ObjectPtr made = storage::MakeObject(scanned.object.key, scanned.record);
        if (!made->IsExpired(now_ms_)) cold->push_back(std::move(made));
      });
  *end = part.end;
  return part.status.ok();
}

}  // namespace tally::server
