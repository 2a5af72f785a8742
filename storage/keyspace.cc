#include "storage/keyspace.h"

#include <algorithm>
#include <utility>

#include "storage/invariant.h"

namespace tally::storage {

namespace {

// A table this small is freed in one go.
constexpr size_t kSmallTable = 4096;
// What a change takes beside its name and its bytes, or more.
constexpr size_t kChangeOverheadBytes = 32;

ObjectPtr CloneWithExpiry(const Key& key, const Object& object, int64_t expires_at_ms) {
  return object.is_integer() ? Object::NewInteger(key, object.integer(), expires_at_ms)
                             : Object::NewBytes(key, object.bytes(), {}, expires_at_ms);
}

}  // namespace

Keyspace::Keyspace(SlotRange slots, int databases)
    : slots_(slots), databases_(static_cast<size_t>(databases)) {}

Object* Keyspace::Find(int database, const Key& key, int64_t now_ms, Ticket* seen) {
  Database& db = databases_[Index(database)];
  if (db.tables.empty()) {
    *seen = std::max(*seen, db.flush_ticket);
    return nullptr;
  }
  Object* object = db.tables[Offset(key.slot)].Find(key);
  if (object == nullptr) {
    *seen = std::max(*seen, db.flush_ticket);
    return nullptr;
  }
  *seen = std::max(*seen, object->ticket());
  if (object->is_tombstone()) return nullptr;
  if (object->IsExpired(now_ms)) {
    MakeTombstone(database, key, object);
    ++expired_count_;
    return nullptr;
  }
  return object;
}

void Keyspace::PutInteger(int database, const Key& key, Object* found, int64_t value,
                          int64_t expires_at_ms) {
  if (found == nullptr) {
    Insert(database, key, Object::NewInteger(key, value, expires_at_ms));
  } else if (found->is_integer() && found->expires_at_ms() == expires_at_ms) {
    const bool in_place = found->TrySetInteger(value);
    TALLY_ASSERT(in_place, "an integer always fits where an integer was");
    MarkChanged(database, key.slot, found);
  } else if (found->TrySetInteger(value)) {
    FinishPut(database, key, found, expires_at_ms);
  } else {
    Substitute(database, key, found, Object::NewInteger(key, value, expires_at_ms));
  }
}

void Keyspace::PutBytes(int database, const Key& key, Object* found, std::string_view head,
                        std::string_view tail, int64_t expires_at_ms) {
  changed_bytes_ += head.size() + tail.size();
  if (found == nullptr) {
    Insert(database, key, Object::NewBytes(key, head, tail, expires_at_ms));
  } else if (found->TrySetBytes(head, tail)) {
    FinishPut(database, key, found, expires_at_ms);
  } else {
    Substitute(database, key, found, Object::NewBytes(key, head, tail, expires_at_ms));
  }
}

void Keyspace::SetExpiry(int database, const Key& key, Object* found, int64_t expires_at_ms) {
  changed_bytes_ += found->memory_bytes();
  FinishPut(database, key, found, expires_at_ms);
}

// The value stands; brings the expiry to what it shall be, and marks the change.
void Keyspace::FinishPut(int database, const Key& key, Object* found, int64_t expires_at_ms) {
  const int64_t before_ms = found->expires_at_ms();
  if (before_ms == expires_at_ms) {
    MarkChanged(database, key.slot, found);
    return;
  }
  Database& db = databases_[Index(database)];
  // The number of objects that expire is told, too.
  if ((before_ms == kNoExpiry) != (expires_at_ms == kNoExpiry)) db.size_ticket = kOpenTicket;
  Count(db, key.slot, *found, -1);
  if (found->TrySetExpiry(expires_at_ms)) {
    Count(db, key.slot, *found, +1);
    MarkChanged(database, key.slot, found);
    return;
  }
  Count(db, key.slot, *found, +1);
  Substitute(database, key, found, CloneWithExpiry(key, *found, expires_at_ms));
}

void Keyspace::Erase(int database, const Key& key, Object* found) {
  MakeTombstone(database, key, found);
}

void Keyspace::MakeTombstone(int database, const Key& key, Object* found) {
  // `key` may be a view of the object that is about to go.
  Substitute(database, key, found, Object::NewTombstone(key));
}

void Keyspace::EnsureTables(Database& database) {
  if (!database.tables.empty()) return;
  const size_t count = slots_.end - slots_.first;
  database.tables.resize(count);
  database.expiring_in_slot.assign(count, 0);
  database.tombstones_in_slot.assign(count, 0);
}

void Keyspace::Count(Database& database, uint32_t slot, const Object& object, int sign) {
  const auto amount = static_cast<uint64_t>(static_cast<int64_t>(sign));
  object_bytes_ += amount * object.memory_bytes();
  if (object.is_tombstone()) {
    database.tombstones_in_slot[Offset(slot)] += static_cast<uint32_t>(amount);
    return;
  }
  database.live += amount;
  if (object.expires_at_ms() != kNoExpiry) {
    database.expiring += amount;
    database.expiring_in_slot[Offset(slot)] += static_cast<uint32_t>(amount);
  }
}

void Keyspace::Insert(int database, const Key& key, ObjectPtr object) {
  Database& db = databases_[Index(database)];
  EnsureTables(db);
  SlotTable& table = db.tables[Offset(key.slot)];
  if (Object* tombstone = table.Find(key); tombstone != nullptr) {
    TALLY_ASSERT(tombstone->is_tombstone(), "only a tombstone may be written over as absent");
    Substitute(database, key, tombstone, std::move(object));
    return;
  }
  Object* inserted = table.Insert(std::move(object), key);
  Count(db, key.slot, *inserted, +1);
  MarkChanged(database, key.slot, inserted);
  db.size_ticket = kOpenTicket;
}

void Keyspace::Substitute(int database, const Key& key, Object* found, ObjectPtr replacement) {
  Database& db = databases_[Index(database)];
  SlotTable& table = db.tables[Offset(key.slot)];
  const uint32_t slot = key.slot;
  Count(db, slot, *found, -1);
  if (found->is_tombstone() != replacement->is_tombstone()) db.size_ticket = kOpenTicket;
  if (found->is_pending()) {
    const uint32_t index = found->pending_index();
    Object* object = table.Replace(found, std::move(replacement));
    object->MarkPending(index);
    changed_[index].object = object;
    Count(db, slot, *object, +1);
    return;
  }
  Object* object = table.Replace(found, std::move(replacement));
  Count(db, slot, *object, +1);
  MarkChanged(database, slot, object);
}

void Keyspace::MarkChanged(int database, uint32_t slot, Object* object) {
  if (object->is_pending()) return;
  changed_bytes_ += object->name().size() + kChangeOverheadBytes;
  object->MarkPending(static_cast<uint32_t>(changed_.size()));
  changed_.push_back(
      {object, &databases_[Index(database)].tables[Offset(slot)], static_cast<uint8_t>(database)});
}

void Keyspace::DropTables(int database) {
  Database& db = databases_[Index(database)];
  if (!db.tables.empty()) garbage_.push_back(std::move(db.tables));
  garbage_hash_ = 0;  // freeing goes on with this one, from its front
  db.tables.clear();
  db.live = 0;
  db.expiring = 0;
}

void Keyspace::Flush(int database) {
  // Even if this shard holds nothing: generations are the same on all shards, and whichever of them
  // writes the flushes of a spanning operation has to know all of them.
  Database& db = databases_[Index(database)];
  // What this turn changed in the database is gone before anybody could depend on it.
  std::erase_if(changed_, [&](const Changed& changed) { return changed.database == database; });
  for (size_t i = 0; i < changed_.size(); ++i) {
    changed_[i].object->MarkPending(static_cast<uint32_t>(i));
  }
  DropTables(database);
  ++db.generation;
  db.flush_ticket = kOpenTicket;
  db.size_ticket = kOpenTicket;
  const auto number = static_cast<uint8_t>(database);
  if (std::find(flushed_.begin(), flushed_.end(), number) == flushed_.end()) {
    flushed_.push_back(number);
  }
}

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
        table.Erase(object);
      }
      freed += condemned.size() + 1;
      continue;
    }
    garbage_hash_ = 0;
    table.ForEach([&](Object* object, uint64_t) { object_bytes_ -= object->memory_bytes(); });
    freed += table.size() + 1;  // an empty table costs something, too
    tables.pop_back();
  }
  return !garbage_.empty();
}

void Keyspace::EncodeFlushes(std::string* out) const {
  for (const uint8_t database : flushed_) {
    AppendFlush(out, database, databases_[database].generation);
  }
}

void Keyspace::EncodeObjects(std::string* out) const {
  for (const Changed& changed : changed_) AppendChange(out, changed.database, *changed.object);
}

void Keyspace::Stamp(Ticket ticket) {
  for (const Changed& changed : changed_) {
    changed.object->set_ticket(ticket);
    changed.table->set_last_change(ticket);
  }
  changed_.clear();
  flushed_.clear();
  changed_bytes_ = 0;
  for (Database& db : databases_) {
    if (db.flush_ticket == kOpenTicket) db.flush_ticket = ticket;
    if (db.size_ticket == kOpenTicket) db.size_ticket = ticket;
  }
}

void Keyspace::LoadObject(uint8_t database, const Key& key, const ObjectRecord& record) {
  Database& db = databases_[Index(database)];
  if (record.generation < db.generation) return;
  EnsureTables(db);
  const Object* object = db.tables[Offset(key.slot)].Insert(MakeObject(key, record), key);
  Count(db, key.slot, *object, +1);
}

void Keyspace::SetGeneration(int database, uint32_t generation) {
  databases_[Index(database)].generation = generation;
}

void Keyspace::ReplayObject(const Key& key, const Change& change, Ticket ticket) {
  Database& db = databases_[change.database];
  EnsureTables(db);
  SlotTable& table = db.tables[Offset(key.slot)];
  ObjectPtr made = MakeObject(key, change);
  Object* object = table.Find(key);
  if (object == nullptr) {
    object = table.Insert(std::move(made), key);
  } else {
    Count(db, key.slot, *object, -1);
    object = table.Replace(object, std::move(made));
  }
  Count(db, key.slot, *object, +1);
  object->set_ticket(ticket);
  table.set_last_change(ticket);
}

void Keyspace::ReplayFlush(int database, uint32_t generation, Ticket ticket) {
  DropTables(database);
  Database& db = databases_[Index(database)];
  db.generation = generation;
  db.flush_ticket = ticket;
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
    MakeTombstone(database, key, object);
  }
  expired_count_ += condemned.size();
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
    if (object->is_tombstone() && object->ticket() <= floor) forgotten.push_back(object);
  });
  for (Object* object : forgotten) {
    Count(db, slot, *object, -1);
    table.Erase(object);
  }
  return next;
}

}  // namespace tally::storage
