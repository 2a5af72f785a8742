#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/access_clock.h"
#include "storage/database_map.h"
#include "storage/expiry_listener.h"
#include "storage/key.h"
#include "storage/object.h"
#include "storage/object_codec.h"
#include "storage/pins.h"
#include "storage/slot.h"
#include "storage/slot_table.h"
#include "storage/ticket.h"
#include "storage/tracking_table.h"
#include "storage/watch_table.h"

namespace tally::storage {

/// The objects of one shard, in every stored database (`map()` says which of them a client means), as far as they are in memory, and the change set that
/// the shard's turn gathers.
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
  /// committed state and the clock. Only where somebody is told that a copy is no longer true, the reader waits with
  /// it).
  [[nodiscard]] Object* Find(int database, const Key& key, int64_t now_ms, Ticket* seen);
  /// The same, but an expired object is found and stays: for who removes it anyhow, or tells of its memory.
  [[nodiscard]] Object* FindExpiredToo(int database, const Key& key, int64_t now_ms, Ticket* seen);

  /// Whether `Find` can tell: the object, or the tombstone that says it is absent, is in memory, or its
  /// slot is complete.
  [[nodiscard]] bool Knows(int database, const Key& key) const;
  /// Everything is in memory: it knows every key.
  [[nodiscard]] bool is_complete() const { return incomplete_slots_ == 0; }

  // Writes. `found` is what `Find` gave for this key just before (nullptr = absent); it may be freed.
  /// `edited`: see Object::is_edited.
  void PutInteger(int database, const Key& key, Object* found, int64_t value, int64_t expires_at_ms,
                  bool edited = false);
  /// The value is `head` followed by `tail`. Both may alias `found`'s own bytes.
  void PutBytes(int database, const Key& key, Object* found, std::string_view head,
                std::string_view tail, int64_t expires_at_ms, bool edited = false);
  /// Value and expiry of `source`, which is not `found`, and lives on.
  void PutCopy(int database, const Key& key, Object* found, const Object& source);
  void SetExpiry(int database, const Key& key, Object* found, int64_t expires_at_ms);
  void Erase(int database, const Key& key, Object* found);

  /// Tells `watcher` when the object changes, or its absence ends. It has expired by `now_ms`: absent.
  void Watch(int database, const Key& key, int64_t now_ms, std::shared_ptr<Watcher> watcher);
  [[nodiscard]] WatchTable& watches() { return watches_; }
  /// Who may have copies of objects, and is told when they change.
  [[nodiscard]] TrackingTable& tracking() { return tracking_; }
  /// Who learns of expired objects when they are removed; null: nobody.
  void set_expiry_listener(ExpiryListener* listener) { expiry_listener_ = listener; }

  /// Which stored database is whose. Every other call takes the number of a stored one.
  [[nodiscard]] const DatabaseMap& map() const { return map_; }
  /// Exchanges two of the clients' databases, and tells who watches a key that exists in either of them, or
  /// may. Must be done on every shard, in one change set.
  void SwapDatabases(int a, int b, int64_t now_ms);

  /// Empties a database: at once for every reader; the memory follows in `FreeStep`. Must be done on
  /// every shard, in one change set, even on those where the database is empty.
  void Flush(int database);
  /// Since the last call a database was flushed of which the disk may hold something: its space comes back
  /// with the next checkpoint.
  [[nodiscard]] bool TakeFlushedOnDisk() { return std::exchange(flushed_on_disk_, false); }
  /// Frees up to `max_objects` flushed objects. True while more are left.
  bool FreeStep(size_t max_objects);
  [[nodiscard]] bool has_garbage() const { return !garbage_.empty(); }

  /// This shard's part in the number of live objects, cold ones included (an expired one counts until it
  /// is removed, as in Redis), and of those with an expiry. Only the sums over all shards mean
  /// something: what a start found on the disk is counted by one of them for all.
  [[nodiscard]] const CountChange& counts(int database) const {
    return databases_[Index(database)].counts;
  }
  /// The ticket on which `size` depends, as `Find`'s `seen`.
  [[nodiscard]] Ticket size_ticket(int database) const {
    return databases_[Index(database)].size_ticket;
  }
  /// The ticket on which the absence of what is nowhere depends.
  [[nodiscard]] Ticket absence_ticket(int database) const {
    return databases_[Index(database)].flush_ticket;
  }
  [[nodiscard]] int databases() const { return static_cast<int>(databases_.size()); }
  [[nodiscard]] SlotRange slots() const { return slots_; }

  // The turn's change set. Encoded, what becomes of whole databases comes before objects: a spanning
  // operation writes that of one shard (it is the same on all), then the objects of every shard.
  [[nodiscard]] bool has_changes() const {
    return !changed_.empty() || !flushed_.empty() || map_.has_changes();
  }
  /// At least what EncodeObjects would write; more where values were written over.
  [[nodiscard]] size_t changed_bytes() const { return changed_bytes_; }
  void EncodeDatabases(std::string* out) const;
  void EncodeObjects(std::string* out) const;
  /// How the turn changed the numbers of objects. Behind the objects, for every shard.
  void EncodeCounts(std::string* out) const;
  void Stamp(Ticket ticket);

  // Recovery: state that is durable already.
  void SetGeneration(int database, uint32_t generation);
  /// Where one of the clients' databases is.
  void SetPlace(int database, uint8_t stored) { map_.Set(database, stored); }
  /// The disk holds objects of the database: they are cold. Before anything else is recovered.
  void SetCold(int database);
  void SetCounts(int database, const CountChange& counts);

  // A checkpoint, between two turns.
  /// It has cut the journal: what is dirty now will be clean when it is done.
  void BeginCheckpoint();
  /// It is done, or recovery has found it: everything that changed up to `floor` is on the disk.
  void EndCheckpoint(Ticket floor);
  void ReplayObject(const Key& key, const Change& change, Ticket ticket);
  /// Hints for who is about to find many objects: first PrefetchTable all, then PrefetchEntry all, then
  /// PrefetchObject all. So memory is waited for three times, and not as often for each of them.
  void PrefetchTable(int database, const Key& key) const;
  void PrefetchEntry(int database, const Key& key) const;
  void PrefetchObject(int database, const Key& key) const;
  /// All three.
  void Prefetch(int database, std::span<const Key> keys) const;
  void ReplayFlush(int database, uint32_t generation, Ticket ticket);
  [[nodiscard]] uint32_t generation(int database) const {
    return databases_[Index(database)].generation;
  }

  // Cold objects. Read from the disk while their keys, or all their slots, were pinned: so what was
  // read is still true where nothing is in memory.
  /// `record` of the key, null when the disk has none (then a tombstone says so). Nothing happens to what
  /// is known already.
  void Take(int database, const Key& key, const ObjectRecord* record);
  [[nodiscard]] Pins& pins() { return pins_; }
  [[nodiscard]] bool IsSlotComplete(int database, uint32_t slot) const;
  /// The next place from `from` on whose slot is not complete; slots().end: there is none.
  [[nodiscard]] SlotPosition NextIncomplete(int database, SlotPosition from) const;
  /// The disk has this object, and it has expired: removes it, as Find would, without its value. Nothing
  /// happens to what is known already, or was flushed.
  void RemoveExpired(int database, const Key& key, uint32_t generation, int64_t expires_at_ms);
  /// The first expiry among the objects that left memory since the last ForgetEvictedExpiries; far in
  /// the future if none of them expires.
  [[nodiscard]] int64_t next_evicted_expiry_ms() const { return next_evicted_expiry_ms_; }
  void ForgetEvictedExpiries() { next_evicted_expiry_ms_ = kFarFuture; }
  /// From now on it is noted whether something of the slot leaves memory …
  void WatchSlot(int database, uint32_t slot);
  /// … and if nothing has, and everything on the disk was taken meanwhile, the slot is complete.
  void CompleteSlot(int database, uint32_t slot);
  [[nodiscard]] uint32_t incomplete_slots() const { return incomplete_slots_; }

  /// Looks at about `wanted` objects, going on where it stopped, and lets those go that are clean, not
  /// pinned, and were not used for longer than most of the others it looks at (`oldest_part`: the share
  /// of them). Returns how many went.
  size_t EvictStep(size_t wanted, double oldest_part, int64_t now_ms);
  /// How often EvictStep has been through everything.
  [[nodiscard]] uint64_t evict_rounds() const { return evict_rounds_; }
  /// Lets everything go that is clean and not pinned. Takes its time: for DEBUG RELOAD and tests.
  void EvictAll();

  /// Looks at about `wanted` objects, going on where it stopped, and keeps their access clocks from
  /// wrapping: each has to be seen once in kMaxIdleSeconds.
  void AgeStep(size_t wanted, int64_t now_ms);

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
  /// Visits what is in memory from `from` on, tombstones too: about `wanted` objects, at most `wanted`
  /// slots more than that, nothing from `end` on. Returns where it stopped.
  SlotPosition Visit(int database, SlotPosition from, SlotPosition end, size_t wanted,
                     const std::function<void(Object*, uint32_t slot)>& visit) const;
  /// Objects in memory that expire.
  [[nodiscard]] uint64_t expiring_here(int database) const {
    return databases_[Index(database)].expiring_here;
  }

  /// Objects removed because they had expired, since start.
  [[nodiscard]] uint64_t expired_count() const { return expired_count_; }
  /// Bytes that the allocator spends on objects, and on their tables' entries.
  [[nodiscard]] uint64_t object_bytes() const { return object_bytes_; }
  [[nodiscard]] uint64_t table_bytes() const { return table_bytes_; }
  /// Of them, of objects that were clean before and changed since the floor moved: at least so many
  /// bytes cannot be evicted now.
  [[nodiscard]] uint64_t dirty_bytes() const { return dirty_bytes_; }
  /// Something has changed since the floor.
  [[nodiscard]] bool is_dirty() const { return last_change_ > floor_; }
  [[nodiscard]] uint64_t resident_objects() const { return resident_objects_; }
  [[nodiscard]] uint64_t evicted_count() const { return evicted_count_; }

 private:
  static constexpr int64_t kFarFuture = std::numeric_limits<int64_t>::max();

  struct Database {
    std::vector<SlotTable> tables;           // empty until the first write; by slot - slots_.first
    std::vector<uint32_t> expiring_in_slot;  // in memory, as the next
    std::vector<uint32_t> tombstones_in_slot;
    uint64_t expiring_here = 0;
    uint32_t incomplete_slots = 0;
    bool may_be_on_disk = false;  // live or not: some of its objects
    CountChange counts;
    CountChange turn_counts;  // what the turn changed in them
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
  void CountResident(Database& database, uint32_t slot, const Object& object, int sign);
  [[nodiscard]] bool IsPinned(int database, uint32_t slot, uint64_t hash) const;
  void LetGo(Database& database, uint32_t slot, Object* object);
  Object* InsertInto(SlotTable* table, ObjectPtr object, const Key& key);
  void EraseFrom(SlotTable* table, Object* object);
  void SkipEmptyDatabases();
  void NextEvictDatabase();
  void MakeTombstone(int database, const Key& key, Object* found);
  bool Expire(int database, const Key& key, Object* found);
  void FinishPut(int database, const Key& key, Object* found, int64_t expires_at_ms);
  void DropTables(int database);
  [[nodiscard]] bool MayExist(int database, uint32_t slot, uint64_t hash, int64_t now_ms) const;

  struct Changed {
    Object* object;
    SlotTable* table;
    uint8_t database;
  };

  SlotRange slots_;
  DatabaseMap map_;
  std::vector<Database> databases_;
  std::vector<Changed> changed_;
  std::vector<uint8_t> flushed_;
  std::vector<std::vector<SlotTable>> garbage_;
  uint64_t garbage_hash_ = 0;  // where freeing a large table goes on
  size_t changed_bytes_ = 0;
  uint64_t expired_count_ = 0;
  uint64_t object_bytes_ = 0;
  uint64_t table_bytes_ = 0;
  uint64_t dirty_bytes_ = 0;
  uint64_t dirty_at_cut_ = 0;
  bool in_checkpoint_ = false;
  bool flushed_on_disk_ = false;
  uint64_t resident_objects_ = 0;
  uint64_t evicted_count_ = 0;
  uint32_t incomplete_slots_ = 0;
  int64_t next_evicted_expiry_ms_ = kFarFuture;
  Ticket floor_ = kNoTicket;
  Ticket last_change_ = kNoTicket;
  Pins pins_;
  WatchTable watches_;
  TrackingTable tracking_;
  ExpiryListener* expiry_listener_ = nullptr;
  AccessClock access_clock_ = 0;  // of the latest Find: what is made now was used now
  int evict_database_ = 0;        // where EvictStep goes on
  SlotPosition evict_from_;
  uint64_t evict_rounds_ = 0;
  int age_database_ = 0;  // and AgeStep
  SlotPosition age_from_;
};

}  // namespace tally::storage
