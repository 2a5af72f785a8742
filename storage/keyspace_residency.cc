// Which objects are in memory: what comes from the disk, and what leaves.
#include <algorithm>
#include <cmath>
#include <vector>

#include "storage/access_clock.h"
#include "storage/invariant.h"
#include "storage/keyspace.h"

namespace tally::storage {

bool Keyspace::Knows(int database, const Key& key) const {
  const Database& db = databases_[Index(database)];
  if (db.incomplete_slots == 0) return true;
  if (db.tables.empty()) return false;
  const SlotTable& table = db.tables[Offset(key.slot)];
  return table.is_complete() || table.Find(key) != nullptr;
}

bool Keyspace::IsSlotComplete(int database, uint32_t slot) const {
  const Database& db = databases_[Index(database)];
  if (db.incomplete_slots == 0) return true;
  return !db.tables.empty() && db.tables[Offset(slot)].is_complete();
}

void Keyspace::Take(int database, const Key& key, const ObjectRecord* record) {
  if (Knows(database, key)) return;
  Database& db = databases_[Index(database)];
  // What was flushed is gone, even if the disk has it still.
  if (record != nullptr && record->generation < db.generation) record = nullptr;
  EnsureTables(db);
  SlotTable& table = db.tables[Offset(key.slot)];
  const Object* object = InsertInto(
      &table, record != nullptr ? MakeObject(key, *record) : Object::NewTombstone(key), key);
  CountResident(db, key.slot, *object, +1);
}

SlotPosition Keyspace::NextIncomplete(int database, SlotPosition from) const {
  from = std::max(from, SlotPosition{slots_.first, 0});
  while (from.slot < slots_.end && IsSlotComplete(database, from.slot)) from = {from.slot + 1, 0};
  return from;
}

void Keyspace::RemoveExpired(int database, const Key& key, uint32_t generation,
                             int64_t expires_at_ms) {
  if (Knows(database, key)) return;
  Database& db = databases_[Index(database)];
  if (generation < db.generation) return;
  EnsureTables(db);
  Object* const object =
      InsertInto(&db.tables[Offset(key.slot)], Object::NewInteger(key, 0, expires_at_ms), key);
  CountResident(db, key.slot, *object, +1);
  Expire(database, key, object);
}

void Keyspace::WatchSlot(int database, uint32_t slot) {
  Database& db = databases_[Index(database)];
  EnsureTables(db);
  db.tables[Offset(slot)].set_undiminished(true);
}

void Keyspace::CompleteSlot(int database, uint32_t slot) {
  Database& db = databases_[Index(database)];
  if (db.tables.empty()) return;  // flushed meanwhile: complete
  SlotTable& table = db.tables[Offset(slot)];
  if (table.is_complete() || !table.is_undiminished()) return;
  table.set_complete(true);
  --db.incomplete_slots;
  --incomplete_slots_;
}

bool Keyspace::IsPinned(int database, uint32_t slot, uint64_t hash) const {
  return !pins_.empty() && (pins_.HoldsSlot(database, slot) || pins_.HoldsKey(database, hash));
}

void Keyspace::LetGo(Database& database, uint32_t slot, Object* object) {
  SlotTable& table = database.tables[Offset(slot)];
  CountResident(database, slot, *object, -1);
  // A clean tombstone leaves nothing behind: the disk has no such object either.
  if (!object->is_tombstone()) {
    if (const int64_t expires = object->expires_at_ms(); expires != kNoExpiry) {
      next_evicted_expiry_ms_ = std::min(next_evicted_expiry_ms_, expires);
    }
    table.set_undiminished(false);
    if (table.is_complete()) {
      table.set_complete(false);
      ++database.incomplete_slots;
      ++incomplete_slots_;
    }
  }
  EraseFrom(&table, object);
}

size_t Keyspace::EvictStep(size_t wanted, double oldest_part, int64_t now_ms) {
  SkipEmptyDatabases();
  struct Candidate {
    uint16_t idle_s;
    uint32_t slot;
    Object* object;
  };
  std::vector<Candidate> candidates;
  candidates.reserve(wanted);
  const int database = evict_database_;
  const AccessClock now = AccessClockAt(now_ms);
  evict_from_ =
      Visit(database, std::max(evict_from_, SlotPosition{slots_.first, 0}),
            SlotPosition{slots_.end, 0}, wanted, [&](Object* object, uint32_t slot) {
              if (object->ticket() > floor_) return;
              if (IsPinned(database, slot, object->hash())) return;
              candidates.push_back({IdleSeconds(now, object->access_clock()), slot, object});
            });
  if (evict_from_.slot >= slots_.end) NextEvictDatabase();

  const auto count = static_cast<size_t>(
      std::ceil(static_cast<double>(candidates.size()) * std::min(oldest_part, 1.0)));
  const auto end = candidates.begin() + static_cast<ptrdiff_t>(count);
  std::nth_element(candidates.begin(), end, candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.idle_s > b.idle_s; });
  Database& db = databases_[Index(database)];
  for (auto candidate = candidates.begin(); candidate != end; ++candidate) {
    LetGo(db, candidate->slot, candidate->object);
  }
  evicted_count_ += count;
  return count;
}

void Keyspace::EvictAll() {
  constexpr size_t kStep = 1000;
  const uint64_t round = evict_rounds_;
  // The round under way, and a whole one.
  while (evict_rounds_ < round + 2) EvictStep(kStep, 1, 0);
}

void Keyspace::AgeStep(size_t wanted, int64_t now_ms) {
  const AccessClock now = AccessClockAt(now_ms);
  age_from_ = Visit(age_database_, std::max(age_from_, SlotPosition{slots_.first, 0}),
                    SlotPosition{slots_.end, 0}, wanted, [&](Object* object, uint32_t /*slot*/) {
                      object->set_access_clock(SaturatedClock(now, object->access_clock()));
                    });
  if (age_from_.slot < slots_.end) return;
  age_from_ = SlotPosition();
  age_database_ = (age_database_ + 1) % databases();
}

void Keyspace::SkipEmptyDatabases() {
  for (int i = 0; i < databases() && IsEmpty(evict_database_); ++i) NextEvictDatabase();
}

void Keyspace::NextEvictDatabase() {
  evict_from_ = SlotPosition();
  evict_database_ = (evict_database_ + 1) % databases();
  if (evict_database_ == 0) ++evict_rounds_;
}

}  // namespace tally::storage
