// The keyspace's background work: what goes through many objects, in steps.
#include <algorithm>

#include "storage/invariant.h"
#include "storage/keyspace.h"

namespace tally::storage {

void Keyspace::SwapDatabases(int a, int b, int64_t now_ms) {
  if (a == b) return;
  if (!watches_.empty()) {
    watches_.OnSwap(map_.StoredOf(a), map_.StoredOf(b),
                    [this, now_ms](int database, uint32_t slot, uint64_t hash) {
                      return MayExist(database, slot, hash, now_ms);
                    });
  }
  map_.Swap(a, b);
}

// Whether there is an object with this hash: where memory cannot say, there may be.
bool Keyspace::MayExist(int database, uint32_t slot, uint64_t hash, int64_t now_ms) const {
  bool is_known = IsSlotComplete(database, slot);
  bool exists = false;
  const SlotPosition end{slot, hash + 1};
  for (SlotPosition at{slot, hash}; at < end;) {
    at = Visit(database, at, end, 1, [&](const Object* object, uint32_t /*slot*/) {
      is_known = true;
      exists = exists || (!object->is_tombstone() && !object->IsExpired(now_ms));
    });
  }
  return exists || !is_known;
}

namespace {

// A table this small is freed in one go.
constexpr size_t kSmallTable = 4096;

}  // namespace

bool Keyspace::FreeStep(size_t max_objects) {
  size_t freed = 0;
  while (!garbage_.empty() && freed < max_objects) {
    std::vector<SlotTable>& tables = garbage_.back();
    if (tables.empty()) {
      garbage_.pop_back();
      continue;
    }
    SlotTable& table = tables.back();
    if (table.size() > kSmallTable) {
      std::vector<Object*> condemned;
      garbage_hash_ = table.ForEachFrom(garbage_hash_, max_objects, [&](Object* object, uint64_t) {
        condemned.push_back(object);
      });
      for (Object* object : condemned) {
        object_bytes_ -= object->memory_bytes();
        --resident_objects_;
        EraseFrom(&table, object);
      }
      freed += condemned.size() + 1;
      continue;
    }
    garbage_hash_ = 0;
    table.ForEach([&](Object* object, uint64_t) { object_bytes_ -= object->memory_bytes(); });
    resident_objects_ -= table.size();
    table_bytes_ -= table.table_bytes();
    freed += table.size() + 1;  // an empty table costs something, too
    tables.pop_back();
  }
  return !garbage_.empty();
}

uint64_t Keyspace::ExpireFrom(int database, uint32_t slot, int64_t now_ms, uint64_t first_hash,
                              size_t wanted, size_t* looked_at) {
  Database& db = databases_[Index(database)];
  if (db.tables.empty() || db.expiring_in_slot[Offset(slot)] == 0) return SlotTable::kHashEnd;
  std::vector<Object*> condemned;
  const uint64_t next =
      db.tables[Offset(slot)].ForEachFrom(first_hash, wanted, [&](Object* object, uint64_t) {
        ++*looked_at;
        if (!object->is_tombstone() && object->IsExpired(now_ms)) condemned.push_back(object);
      });
  for (Object* object : condemned) {
    const Key key{object->name(), static_cast<uint16_t>(slot), object->hash()};
    Expire(database, key, object);
  }
  return next;
}

uint64_t Keyspace::ForEachDirtyFrom(
    int database, uint32_t slot, Ticket floor, uint64_t first_hash, size_t wanted,
    size_t* looked_at, const std::function<void(const Object&, uint64_t hash)>& visit) const {
  TALLY_ASSERT(!has_changes(), "a checkpoint copies between turns");
  const Database& db = databases_[Index(database)];
  if (db.tables.empty()) return SlotTable::kHashEnd;
  const SlotTable& table = db.tables[Offset(slot)];
  if (table.last_change() <= floor) return SlotTable::kHashEnd;
  return table.ForEachFrom(first_hash, wanted, [&](const Object* object, uint64_t hash) {
    ++*looked_at;
    if (object->ticket() > floor) visit(*object, hash);
  });
}

uint64_t Keyspace::PurgeTombstonesFrom(int database, uint32_t slot, Ticket floor,
                                       uint64_t first_hash, size_t wanted, size_t* looked_at) {
  Database& db = databases_[Index(database)];
  if (db.tables.empty() || db.tombstones_in_slot[Offset(slot)] == 0) return SlotTable::kHashEnd;
  SlotTable& table = db.tables[Offset(slot)];
  std::vector<Object*> forgotten;
  const uint64_t next = table.ForEachFrom(first_hash, wanted, [&](Object* object, uint64_t) {
    ++*looked_at;
    if (object->is_tombstone() && object->ticket() <= floor &&
        !IsPinned(database, slot, object->hash())) {
      forgotten.push_back(object);
    }
  });
  for (Object* object : forgotten) LetGo(db, slot, object);
  return next;
}

SlotPosition Keyspace::Visit(int database, SlotPosition from, SlotPosition end, size_t wanted,
                             const std::function<void(Object*, uint32_t slot)>& visit) const {
  const Database& db = databases_[Index(database)];
  if (db.tables.empty()) return end;
  size_t left = wanted;
  for (size_t slots_left = wanted; from < end && left > 0 && slots_left > 0; --slots_left) {
    const uint32_t slot = from.slot;
    const uint64_t next =
        db.tables[Offset(slot)].ForEachFrom(from.hash, left, [&](Object* object, uint64_t hash) {
          if (SlotPosition{slot, hash} >= end) return;
          visit(object, slot);
          if (left > 0) --left;
        });
    from = next < SlotTable::kHashEnd ? SlotPosition{slot, next} : SlotPosition{slot + 1, 0};
  }
  return std::min(from, end);
}

}  // namespace tally::storage
