#include "storage/keyspace.h"

#include <algorithm>
#include <utility>

#include "storage/access_clock.h"
#include "storage/invariant.h"

namespace tally::storage {

namespace {

// What a change takes beside its name and its bytes, or more.
constexpr size_t kChangeOverheadBytes = 32;

ObjectPtr Edited(ObjectPtr object, bool edited) {
  object->set_edited(edited);
  return object;
}

ObjectPtr CloneWithExpiry(const Key& key, const Object& object, int64_t expires_at_ms) {
  return Edited(object.is_integer() ? Object::NewInteger(key, object.integer(), expires_at_ms)
                                    : Object::NewBytes(key, object.bytes(), {}, expires_at_ms),
                object.is_edited());
}

}  // namespace

Keyspace::Keyspace(SlotRange slots, int databases)
    : slots_(slots), map_(databases), databases_(static_cast<size_t>(databases)) {}

Object* Keyspace::Find(int database, const Key& key, int64_t now_ms, Ticket* seen) {
  Object* const object = FindExpiredToo(database, key, now_ms, seen);
  if (object != nullptr && object->IsExpired(now_ms)) {
    if (Expire(database, key, object)) *seen = kOpenTicket;
    return nullptr;
  }
  return object;
}

Object* Keyspace::FindExpiredToo(int database, const Key& key, int64_t now_ms, Ticket* seen) {
  Database& db = databases_[Index(database)];
  access_clock_ = AccessClockAt(now_ms);
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
  return object->is_tombstone() ? nullptr : object;
}

void Keyspace::PutInteger(int database, const Key& key, Object* found, int64_t value,
                          int64_t expires_at_ms, bool edited) {
  if (found == nullptr) {
    Insert(database, key, Edited(Object::NewInteger(key, value, expires_at_ms), edited));
  } else if (found->is_integer() && found->expires_at_ms() == expires_at_ms) {
    const bool in_place = found->TrySetInteger(value);
    TALLY_ASSERT(in_place, "an integer always fits where an integer was");
    if (edited) found->set_edited(true);
    MarkChanged(database, key.slot, found);
  } else if (found->TrySetInteger(value)) {
    found->set_edited(edited);
    FinishPut(database, key, found, expires_at_ms);
  } else {
    Substitute(database, key, found, Edited(Object::NewInteger(key, value, expires_at_ms), edited));
  }
}

void Keyspace::PutBytes(int database, const Key& key, Object* found, std::string_view head,
                        std::string_view tail, int64_t expires_at_ms, bool edited) {
  changed_bytes_ += head.size() + tail.size();
  if (found == nullptr) {
    Insert(database, key, Edited(Object::NewBytes(key, head, tail, expires_at_ms), edited));
  } else if (found->TrySetBytes(head, tail)) {
    found->set_edited(edited);
    FinishPut(database, key, found, expires_at_ms);
  } else {
    Substitute(database, key, found,
               Edited(Object::NewBytes(key, head, tail, expires_at_ms), edited));
  }
}

void Keyspace::PutCopy(int database, const Key& key, Object* found, const Object& source) {
  if (source.is_integer()) {
    PutInteger(database, key, found, source.integer(), source.expires_at_ms(), source.is_edited());
  } else {
    PutBytes(database, key, found, source.bytes(), {}, source.expires_at_ms(), source.is_edited());
  }
}

void Keyspace::SetExpiry(int database, const Key& key, Object* found, int64_t expires_at_ms) {
  changed_bytes_ += found->memory_bytes();
  FinishPut(database, key, found, expires_at_ms);
}

void Keyspace::Watch(int database, const Key& key, int64_t now_ms,
                     std::shared_ptr<Watcher> watcher) {
  Ticket seen = kNoTicket;  // a watch tells nothing
  const Object* found = Find(database, key, now_ms, &seen);
  watches_.Add(database, key.slot, key.hash, std::move(watcher), found != nullptr,
               found == nullptr ? kNoExpiry : found->expires_at_ms());
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

// Its time has come. True: somebody who has a copy is told so when the removal is durable.
bool Keyspace::Expire(int database, const Key& key, Object* found) {
  if (expiry_listener_ != nullptr) expiry_listener_->OnExpired(map_, database, key.name);
  tracking_.BeginExpiry();
  MakeTombstone(database, key, found);
  ++expired_count_;
  return tracking_.EndExpiry();
}

void Keyspace::EnsureTables(Database& database) {
  if (!database.tables.empty()) return;
  const size_t count = slots_.end - slots_.first;
  database.tables.resize(count);
  for (SlotTable& table : database.tables) table.set_complete(database.incomplete_slots == 0);
  database.expiring_in_slot.assign(count, 0);
  database.tombstones_in_slot.assign(count, 0);
}

// What is in memory.
void Keyspace::CountResident(Database& database, uint32_t slot, const Object& object, int sign) {
  const auto amount = static_cast<uint64_t>(static_cast<int64_t>(sign));
  object_bytes_ += amount * object.memory_bytes();
  resident_objects_ += amount;
  if (object.is_tombstone()) {
    database.tombstones_in_slot[Offset(slot)] += static_cast<uint32_t>(amount);
  } else if (object.expires_at_ms() != kNoExpiry) {
    database.expiring_here += amount;
    database.expiring_in_slot[Offset(slot)] += static_cast<uint32_t>(amount);
  }
}

// What there is, in memory or not.
void Keyspace::Count(Database& database, uint32_t slot, const Object& object, int sign) {
  CountResident(database, slot, object, sign);
  if (object.is_tombstone()) return;
  database.counts.live += sign;
  database.turn_counts.live += sign;
  if (object.expires_at_ms() == kNoExpiry) return;
  database.counts.expiring += sign;
  database.turn_counts.expiring += sign;
}

Object* Keyspace::InsertInto(SlotTable* table, ObjectPtr object, const Key& key) {
  const size_t before = table->table_bytes();
  object->set_access_clock(access_clock_);
  Object* const inserted = table->Insert(std::move(object), key);
  table_bytes_ += table->table_bytes() - before;
  return inserted;
}

void Keyspace::EraseFrom(SlotTable* table, Object* object) {
  const size_t before = table->table_bytes();
  table->Erase(object);
  table_bytes_ += table->table_bytes() - before;
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
  Object* inserted = InsertInto(&table, std::move(object), key);
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
  replacement->set_access_clock(access_clock_);
  if (found->is_pending()) {
    if (!watches_.empty()) watches_.OnChange(database, key.hash);
    if (tracking_.wanted()) [[unlikely]]
      tracking_.OnChange(replacement->name(), key.hash);
    const uint32_t index = found->pending_index();
    Object* object = table.Replace(found, std::move(replacement));
    object->MarkPending(index);
    changed_[index].object = object;
    Count(db, slot, *object, +1);
    return;
  }
  replacement->set_ticket(found->ticket());  // clean or dirty, as it was
  Object* object = table.Replace(found, std::move(replacement));
  Count(db, slot, *object, +1);
  MarkChanged(database, slot, object);
}

void Keyspace::MarkChanged(int database, uint32_t slot, Object* object) {
  if (!watches_.empty()) watches_.OnChange(database, object->hash());
  if (tracking_.wanted()) [[unlikely]]
    tracking_.OnChange(object->name(), object->hash());
  if (object->is_pending()) return;
  if (object->ticket() <= floor_) dirty_bytes_ += object->memory_bytes();
  changed_bytes_ += object->name().size() + kChangeOverheadBytes;
  object->MarkPending(static_cast<uint32_t>(changed_.size()));
  changed_.push_back(
      {object, &databases_[Index(database)].tables[Offset(slot)], static_cast<uint8_t>(database)});
}

void Keyspace::DropTables(int database) {
  Database& db = databases_[Index(database)];
  // What came and goes during a checkpoint may be among its copies.
  if (in_checkpoint_ && !db.tables.empty()) db.may_be_on_disk = true;
  if (std::exchange(db.may_be_on_disk, false)) flushed_on_disk_ = true;
  if (!db.tables.empty()) garbage_.push_back(std::move(db.tables));
  garbage_hash_ = 0;  // freeing goes on with this one, from its front
  db.tables.clear();
  db.expiring_here = 0;
  // Nothing of it is alive on the disk, so nothing is missing.
  incomplete_slots_ -= std::exchange(db.incomplete_slots, 0);
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
  if (!watches_.empty()) watches_.OnFlush(database);
  db.turn_counts.live -= db.counts.live;
  db.turn_counts.expiring -= db.counts.expiring;
  db.counts = CountChange();
  ++db.generation;
  db.flush_ticket = kOpenTicket;
  db.size_ticket = kOpenTicket;
  const auto number = static_cast<uint8_t>(database);
  if (std::find(flushed_.begin(), flushed_.end(), number) == flushed_.end()) {
    flushed_.push_back(number);
  }
}

void Keyspace::EncodeDatabases(std::string* out) const {
  map_.Encode(out);
  for (const uint8_t database : flushed_) {
    AppendFlush(out, database, databases_[database].generation);
  }
}

void Keyspace::EncodeObjects(std::string* out) const {
  for (const Changed& changed : changed_) AppendChange(out, changed.database, *changed.object);
}

void Keyspace::EncodeCounts(std::string* out) const {
  for (size_t i = 0; i < databases_.size(); ++i) {
    const CountChange& counts = databases_[i].turn_counts;
    if (counts.live == 0 && counts.expiring == 0) continue;
    AppendCounts(out, static_cast<uint8_t>(i), static_cast<uint16_t>(slots_.first), counts);
  }
}

void Keyspace::Stamp(Ticket ticket) {
  last_change_ = ticket;
  for (const Changed& changed : changed_) {
    changed.object->set_ticket(ticket);
    changed.table->set_last_change(ticket);
  }
  changed_.clear();
  flushed_.clear();
  map_.Stamp(ticket);
  changed_bytes_ = 0;
  for (Database& db : databases_) {
    if (db.flush_ticket == kOpenTicket) db.flush_ticket = ticket;
    if (db.size_ticket == kOpenTicket) db.size_ticket = ticket;
    db.turn_counts = CountChange();
  }
}

void Keyspace::SetGeneration(int database, uint32_t generation) {
  databases_[Index(database)].generation = generation;
}

void Keyspace::SetCold(int database) {
  Database& db = databases_[Index(database)];
  TALLY_ASSERT(db.tables.empty() && db.incomplete_slots == 0, "cold before anything is there");
  db.incomplete_slots = slots_.end - slots_.first;
  incomplete_slots_ += db.incomplete_slots;
  db.may_be_on_disk = true;
}

void Keyspace::SetCounts(int database, const CountChange& counts) {
  databases_[Index(database)].counts = counts;
}

void Keyspace::BeginCheckpoint() {
  dirty_at_cut_ = dirty_bytes_;
  in_checkpoint_ = true;
}

void Keyspace::EndCheckpoint(Ticket floor) {
  floor_ = floor;
  in_checkpoint_ = false;
  for (Database& db : databases_) {
    if (db.counts.live > 0) db.may_be_on_disk = true;
  }
  dirty_bytes_ -= std::min(dirty_bytes_, std::exchange(dirty_at_cut_, 0));
}

void Keyspace::ReplayObject(const Key& key, const Change& change, Ticket ticket) {
  Database& db = databases_[change.database];
  EnsureTables(db);
  SlotTable& table = db.tables[Offset(key.slot)];
  ObjectPtr made = MakeObject(key, change);
  Object* object = table.Find(key);
  const bool was_dirty = object != nullptr && object->ticket() > floor_;
  if (object == nullptr) {
    object = InsertInto(&table, std::move(made), key);
  } else {
    CountResident(db, key.slot, *object, -1);
    object = table.Replace(object, std::move(made));
  }
  CountResident(db, key.slot, *object, +1);
  if (!was_dirty) dirty_bytes_ += object->memory_bytes();
  object->set_ticket(ticket);
  table.set_last_change(ticket);
  last_change_ = ticket;
}

void Keyspace::PrefetchTable(int database, const Key& key) const {
  const Database& db = databases_[Index(database)];
  if (!db.tables.empty()) __builtin_prefetch(&db.tables[Offset(key.slot)]);
}

void Keyspace::PrefetchEntry(int database, const Key& key) const {
  const Database& db = databases_[Index(database)];
  if (!db.tables.empty()) db.tables[Offset(key.slot)].Prefetch(key);
}

void Keyspace::PrefetchObject(int database, const Key& key) const {
  const Database& db = databases_[Index(database)];
  if (!db.tables.empty()) db.tables[Offset(key.slot)].PrefetchObject(key);
}

void Keyspace::Prefetch(int database, std::span<const Key> keys) const {
  for (const Key& key : keys) PrefetchTable(database, key);
  for (const Key& key : keys) PrefetchEntry(database, key);
  for (const Key& key : keys) PrefetchObject(database, key);
}

void Keyspace::ReplayFlush(int database, uint32_t generation, Ticket ticket) {
  DropTables(database);
  Database& db = databases_[Index(database)];
  db.generation = generation;
  db.flush_ticket = ticket;
}

}  // namespace tally::storage
