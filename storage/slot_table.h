#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "storage/invariant.h"
#include "storage/key.h"
#include "storage/object.h"
#include "storage/ticket.h"

namespace tally::storage {

// The objects of one slot of one database, found by name. Owns them.
//
// Lives on the thread of the shard that owns the slot. Open addressing with linear probing; an
// object's home is given by the upper bits of its hash, so the table lies nearly in hash order:
// growing moves entries from front to back without touching the objects (up to 2^20 entries), and
// SCAN reads a range of hashes without visiting the rest.
//
// An entry is one word: the upper 20 bits of the hash over the object's address (16-byte aligned,
// below 2^48; asserted). Nothing is allocated for an empty table; it grows at 7/8 and shrinks at
// 1/8. Either is one pass over the entries: about 6 ns for each, and the page faults of the new
// array. Insert may throw std::bad_alloc and has then changed nothing; shrinking without memory for
// it is put off.
class SlotTable {
 public:
  // One beyond the greatest hash.
  static constexpr uint64_t kHashEnd = uint64_t{1} << kNameHashBits;
  // What an object costs beside its own allocation, free entries aside.
  static constexpr size_t kEntryBytes = sizeof(uint64_t);

  SlotTable() = default;
  ~SlotTable();
  SlotTable(SlotTable&& other) noexcept { Swap(other); }  // leaves `other` empty
  SlotTable& operator=(SlotTable&& other) noexcept;

  // The object of that name, tombstone or not, or nullptr. Valid until it is erased or replaced.
  [[nodiscard]] Object* Find(const Key& key) const;

  // Requires that the name is absent and that the object was made with `key`. Returns the object.
  Object* Insert(ObjectPtr object, const Key& key);
  // Puts `replacement`, an object of the same name, in the place of `old`, deletes `old`, returns
  // the new one.
  Object* Replace(Object* old, ObjectPtr replacement);
  // Takes the object of that name out of the table; null if there is none.
  ObjectPtr Remove(const Key& key);
  // Deletes `object`, which must be in this table.
  void Erase(Object* object);
  // Deletes all objects and the table's memory. Leaves the notes alone.
  void Clear();

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // What the table itself has allocated, without its objects.
  size_t table_bytes() const { return capacity() * kEntryBytes; }

  // Calls visit(Object*, uint64_t hash) once for each object, in no particular order. The visitor
  // may change objects in place but not the table.
  template <typename Visit>
  void ForEach(Visit&& visit) const;

  // One step of a scan in hash order: calls visit(Object*, uint64_t hash) for every object with
  // first_hash <= hash < the returned value, in no particular order within that range. The range
  // ends once at least `wanted` objects were visited, or with kHashEnd. The returned value goes
  // into the next call and stays good whatever happens to the table in between: what is there
  // during the whole scan is visited exactly once. At least 1 must be wanted.
  template <typename Visit>
  uint64_t ForEachFrom(uint64_t first_hash, size_t wanted, Visit&& visit) const;

  // Calls condemned(Object*, uint64_t hash) once for each object and deletes those for which it
  // says true. Returns their number. The predicate must not touch the table.
  template <typename Predicate>
  size_t EraseIf(Predicate&& condemned);

  // Two hints for who has many keys to look up: first Prefetch all, then PrefetchObject all, then
  // Find.
  void Prefetch(const Key& key) const {
    if (size_ != 0) __builtin_prefetch(&entries_[Home(key.hash)]);
  }
  void PrefetchObject(const Key& key) const;

  // Three notes of the caller's about the slot, kept here because there is room.
  // The highest ticket that changed something in it.
  Ticket last_change() const { return last_change_; }
  void set_last_change(Ticket ticket) { last_change_ = ticket; }
  // Nothing of the slot is missing in this table: what is not found here is nowhere.
  bool is_complete() const { return is_complete_; }
  void set_complete(bool complete) { is_complete_ = complete; }
  // Nothing was taken out of the table since this was set.
  bool is_undiminished() const { return is_undiminished_; }
  void set_undiminished(bool undiminished) { is_undiminished_ = undiminished; }

 private:
  using Entry = uint64_t;  // 0: free

  static constexpr int kTagBits = 20;
  static constexpr int kTagShift = 64 - kTagBits;
  static constexpr int kAlignmentBits = 4;
  static constexpr int kMinCapacityLog2 = 2;
  static constexpr int kMaxCapacityLog2 = 31;
  static constexpr size_t kScanBlock = 16;         // homes that a scan looks at in one go
  static constexpr size_t kPrefetchDistance = 24;  // entries, while objects must be read

  static Entry MakeEntry(const Object* object, uint64_t hash);
  static Object* ObjectOf(Entry entry) {
    return reinterpret_cast<Object*>((entry << kTagBits) >> (kTagBits - kAlignmentBits));
  }
  static bool TagMatches(Entry entry, uint64_t hash) {
    return entry >> kTagShift == hash >> (kNameHashBits - kTagBits);
  }

  size_t capacity() const { return capacity_log2_ == 0 ? 0 : size_t{1} << capacity_log2_; }
  size_t mask() const { return capacity() - 1; }
  size_t Home(uint64_t hash) const { return hash >> (kNameHashBits - capacity_log2_); }
  size_t HomeOfEntry(Entry entry) const {
    return capacity_log2_ <= kTagBits ? entry >> (64 - capacity_log2_)
                                      : Home(ObjectOf(entry)->hash());
  }

  void Swap(SlotTable& other) noexcept;
  size_t PositionOf(const Object* object) const;
  void RemoveAt(size_t position);
  void Rehash(std::unique_ptr<Entry[]> entries, int capacity_log2);
  void GrowIfFull();
  void ShrinkIfSparse();

  std::unique_ptr<Entry[]> entries_;  // capacity() of them, one at least free
  Ticket last_change_ = kNoTicket;
  uint32_t size_ = 0;
  uint8_t capacity_log2_ = 0;  // 0: nothing allocated
  bool is_complete_ = false;
  bool is_undiminished_ = false;
};

template <typename Visit>
void SlotTable::ForEach(Visit&& visit) const {
  for (size_t i = 0, end = capacity(); i < end; ++i) {
    if (entries_[i] == 0) continue;
    Object* object = ObjectOf(entries_[i]);
    visit(object, object->hash());
  }
}

template <typename Visit>
uint64_t SlotTable::ForEachFrom(uint64_t first_hash, size_t wanted, Visit&& visit) const {
  if (size_ == 0 || first_hash >= kHashEnd) return kHashEnd;
  TALLY_ASSERT(wanted > 0, "a scan step that wants nothing never ends");
  size_t visited = 0;
  size_t home = Home(first_hash);
  while (home < capacity() && visited < wanted) {
    // Objects whose home is in [home, end) lie between `home` and the first free entry from `end`
    // on, which in a small table may be once around.
    const size_t end = home + kScanBlock < capacity() ? home + kScanBlock : capacity();
    for (size_t i = home; i < home + capacity(); ++i) {
      const Entry entry = entries_[i & mask()];
      if (entry == 0) {
        if (i >= end) break;
        continue;
      }
      if (const size_t entry_home = HomeOfEntry(entry); entry_home < home || entry_home >= end) {
        continue;
      }
      Object* object = ObjectOf(entry);
      if (object->hash() < first_hash) continue;
      visit(object, object->hash());
      ++visited;
    }
    home = end;
  }
  return uint64_t{home} << (kNameHashBits - capacity_log2_);
}

template <typename Predicate>
size_t SlotTable::EraseIf(Predicate&& condemned) {
  if (size_ == 0) return 0;
  // Begins behind a free entry: then closing a gap never moves an entry that was visited into a
  // place that was not.
  size_t start = 0;
  while (entries_[start] != 0) ++start;
  size_t erased = 0;
  for (size_t step = 1; step < capacity();) {
    const size_t i = (start + step) & mask();
    Object* object = entries_[i] == 0 ? nullptr : ObjectOf(entries_[i]);
    if (object != nullptr && condemned(object, object->hash())) {
      RemoveAt(i);  // what moves into this place is looked at next
      Object::Delete(object);
      ++erased;
    } else {
      ++step;
    }
  }
  ShrinkIfSparse();
  return erased;
}

}  // namespace tally::storage
