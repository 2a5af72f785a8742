#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/key.h"
#include "storage/object.h"
#include "storage/object_codec.h"
#include "storage/slot_table.h"
#include "storage/ticket.h"

namespace tally::storage {

/// The slots [first, end) that one shard owns.
struct SlotRange {
  uint32_t first = 0;
  uint32_t end = kSlotCount;
};

/// All objects of one shard, in every database, and the change set that the shard's turn gathers.
///
/// Thread: the shard's owner; while a spanning operation has entered the shard, that operation's
/// thread instead. No locks.
///
/// Changes. Every write marks its object as changed once per turn, however often it is written:
/// `EncodeObjects` then writes the *final* state of each. An object that is erased stays in its table
/// as a tombstone, so that a read of its absence still knows on which ticket it depends, and so that
/// the next checkpoint can delete it on disk. `Stamp` closes the turn with the ticket that the commit
/// log gave it.
///
/// Visibility. `Find` raises `*seen` to the ticket on which what it saw depends: `kOpenTicket` for a
/// change of this very turn, the ticket of the last change otherwise (the caller compares it with what
/// is durable).
class Keyspace {
 public:
  Keyspace(SlotRange slots, int databases);

  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  /// The live object, or nullptr when absent or expired (an expired object turns into a tombstone on
  /// the way; that removal is journaled, but this reader need not wait for it: expiry is a fact of the
  /// committed state and the clock).
  [[nodiscard]] Object* Find(int database, const Key& key, int64_t now_ms, Ticket* seen);

  // Writes. `found` is what `Find` gave for this key just before (nullptr = absent); it may be freed.
  void PutInteger(int database, const Key& key, Object* found, int64_t value,
                  int64_t expires_at_ms);
  /// The value is `head` followed by `tail`. Both may alias `found`'s own bytes.
  void PutBytes(int database, const Key& key, Object* found, std::string_view head,
                std::string_view tail, int64_t expires_at_ms);
  void SetExpiry(int database, const Key& key, Object* found, int64_t expires_at_ms);
  void Erase(int database, const Key& key, Object* found);

  /// Empties a database: at once for every reader; the memory follows in `FreeStep`. Must be done on
  /// every shard, in one change set, even on those where the database is empty.
  void Flush(int database);
  /// Frees up to `max_objects` flushed objects. True while more are left.
  bool FreeStep(size_t max_objects);
  [[nodiscard]] bool has_garbage() const { return !garbage_.empty(); }

  /// Live objects (an expired one counts until it is removed, as in Redis) and those with an expiry.
  [[nodiscard]] uint64_t size(int database) const { return databases_[Index(database)].live; }
  [[nodiscard]] uint64_t expiring(int database) const {
    return databases_[Index(database)].expiring;
  }
  /// The ticket on which `size` depends, as `Find`'s `seen`.
  [[nodiscard]] Ticket size_ticket(int database) const {
    return databases_[Index(database)].size_ticket;
  }
  [[nodiscard]] int databases() const { return static_cast<int>(databases_.size()); }
  [[nodiscard]] SlotRange slots() const { return slots_; }

  // The turn's change set. Encoded, flushes come before objects: a spanning operation writes the
  // flushes of one shard (they are the same on all), then the objects of every shard.
  [[nodiscard]] bool has_changes() const { return !changed_.empty() || !flushed_.empty(); }
  /// At least what EncodeObjects would write; more where values were written over.
  [[nodiscard]] size_t changed_bytes() const { return changed_bytes_; }
  void EncodeFlushes(std::string* out) const;
  void EncodeObjects(std::string* out) const;
  void Stamp(Ticket ticket);

  // Recovery: state that is durable already.
  /// `record.generation` older than the database's own is dropped.
  void LoadObject(uint8_t database, const Key& key, const ObjectRecord& record);
  void SetGeneration(int database, uint32_t generation);
  void ReplayObject(const Key& key, const Change& change, Ticket ticket);
  void ReplayFlush(int database, uint32_t generation, Ticket ticket);
  [[nodiscard]] uint32_t generation(int database) const {
    return databases_[Index(database)].generation;
  }

  // Background work, in steps through one slot in the order of hashes: each looks at about `wanted`
  // objects (at least 1) with first_hash <= hash < the returned value, adds their number to *looked_at,
  // and returns where the next step begins; SlotTable::kHashEnd: the slot is done.
  /// Removes objects that have expired.
  uint64_t ExpireFrom(int database, uint32_t slot, int64_t now_ms, uint64_t first_hash,
                      size_t wanted, size_t* looked_at);
  /// Visits those that changed after `floor`, tombstones too, in no particular order within the step.
  /// The turn's change set must be closed.
  uint64_t ForEachDirtyFrom(int database, uint32_t slot, Ticket floor, uint64_t first_hash,
                            size_t wanted, size_t* looked_at,
                            const std::function<void(const Object&, uint64_t hash)>& visit) const;
  /// Forgets tombstones whose removal a checkpoint up to `floor` has carried to the disk.
  uint64_t PurgeTombstonesFrom(int database, uint32_t slot, Ticket floor, uint64_t first_hash,
                               size_t wanted, size_t* looked_at);
  [[nodiscard]] bool IsEmpty(int database) const {
    return databases_[Index(database)].tables.empty();
  }

  /// Objects removed because they had expired, since start.
  [[nodiscard]] uint64_t expired_count() const { return expired_count_; }
  /// Bytes that the allocator spends on objects.
  [[nodiscard]] uint64_t object_bytes() const { return object_bytes_; }

 private:
  struct Database {
    std::vector<SlotTable> tables;  // empty until the first write; by slot - slots_.first
    std::vector<uint32_t> expiring_in_slot;
    std::vector<uint32_t> tombstones_in_slot;
    uint64_t live = 0;
    uint64_t expiring = 0;
    uint32_t generation = 0;
    Ticket flush_ticket = kNoTicket;  // absence of a key depends on it
    Ticket size_ticket = kNoTicket;
  };

  static size_t Index(int database) { return static_cast<size_t>(database); }
  [[nodiscard]] size_t Offset(uint32_t slot) const { return slot - slots_.first; }
  void EnsureTables(Database& database);
  void MarkChanged(int database, uint32_t slot, Object* object);
  void Substitute(int database, const Key& key, Object* found, ObjectPtr replacement);
  void Insert(int database, const Key& key, ObjectPtr object);
  void Count(Database& database, uint32_t slot, const Object& object, int sign);
  void MakeTombstone(int database, const Key& key, Object* found);
  void FinishPut(int database, const Key& key, Object* found, int64_t expires_at_ms);
  void DropTables(int database);

  struct Changed {
    Object* object;
    SlotTable* table;
    uint8_t database;
  };

  SlotRange slots_;
  std::vector<Database> databases_;
  std::vector<Changed> changed_;
  std::vector<uint8_t> flushed_;
  std::vector<std::vector<SlotTable>> garbage_;
  uint64_t garbage_hash_ = 0;  // where freeing a large table goes on
  size_t changed_bytes_ = 0;
  uint64_t expired_count_ = 0;
  uint64_t object_bytes_ = 0;
};

}  // namespace tally::storage
