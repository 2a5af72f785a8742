#include "server/held_walk.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "storage/object_codec.h"

namespace tally::server {

using storage::kSlotCount;
using storage::ScanStep;
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
  const auto number = static_cast<uint8_t>(database);
  std::string first;
  std::string last;
  storage::AppendHashPrefix(&first, number, static_cast<uint16_t>(begin.slot), begin.hash);
  storage::AppendHashPrefix(&last, number, static_cast<uint16_t>(end->slot), end->hash);
  bool readable = true;
  size_t looked_at = 0;
  size_t bytes = 0;
  SlotPosition previous = begin;
  const storage::Status status =
      disk_->ScanObjects(first, last, [&](std::string_view key, std::string_view value) {
        storage::ObjectKey object;
        storage::ObjectRecord record;
        if (!storage::ParseObjectKey(key, &object) || !storage::ParseObjectValue(value, &record)) {
          readable = false;
          return ScanStep::kStop;
        }
        // What has the same hash belongs together: a step ends between two hashes.
        const SlotPosition position{object.key.slot, object.key.hash};
        if ((looked_at >= wanted || bytes >= kMostBytesPerStep) && position != previous) {
          *end = position;
          return ScanStep::kStop;
        }
        previous = position;
        ++looked_at;
        bytes += key.size() + value.size();
        if (keyspace.Knows(database, object.key)) return ScanStep::kContinue;
        if (record.generation < keyspace.generation(database)) return ScanStep::kContinue;
        storage::ObjectPtr made = storage::MakeObject(object.key, record);
        if (!made->IsExpired(now_ms_)) cold->push_back(std::move(made));
        return ScanStep::kContinue;
      });
  return readable && status.ok();
}

}  // namespace tally::server
