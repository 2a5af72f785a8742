#include "storage/slot_table.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace tally::storage {

SlotTable::~SlotTable() { Clear(); }

SlotTable& SlotTable::operator=(SlotTable&& other) noexcept {
  SlotTable taken(std::move(other));
  Swap(taken);
  return *this;
}

void SlotTable::Swap(SlotTable& other) noexcept {
  std::swap(entries_, other.entries_);
  std::swap(last_change_, other.last_change_);
  std::swap(size_, other.size_);
  std::swap(capacity_log2_, other.capacity_log2_);
  std::swap(is_complete_, other.is_complete_);
  std::swap(is_undiminished_, other.is_undiminished_);
}

SlotTable::Entry SlotTable::MakeEntry(const Object* object, uint64_t hash) {
  const auto address = reinterpret_cast<uintptr_t>(object);
  TALLY_ASSERT(address >> 48 == 0 && address % (1u << kAlignmentBits) == 0,
               "the allocator gave an address that does not fit an entry");
  return (hash >> (kNameHashBits - kTagBits)) << kTagShift | address >> kAlignmentBits;
}

Object* SlotTable::Find(const Key& key) const {
  if (size_ == 0) return nullptr;
  for (size_t i = Home(key.hash); entries_[i] != 0; i = (i + 1) & mask()) {
    if (!TagMatches(entries_[i], key.hash)) continue;
    Object* object = ObjectOf(entries_[i]);
    if (object->hash() == key.hash && object->name() == key.name) return object;
  }
  return nullptr;
}

void SlotTable::PrefetchObject(const Key& key) const {
  if (size_ == 0) return;
  for (size_t i = Home(key.hash); entries_[i] != 0; i = (i + 1) & mask()) {
    if (!TagMatches(entries_[i], key.hash)) continue;
    __builtin_prefetch(ObjectOf(entries_[i]));
    return;
  }
}

Object* SlotTable::Insert(ObjectPtr object, const Key& key) {
  TALLY_ASSERT(object->hash() == key.hash && object->name() == key.name,
               "an object was inserted under another key");
  GrowIfFull();
  const Entry added = MakeEntry(object.get(), key.hash);
  size_t i = Home(key.hash);
  for (; entries_[i] != 0; i = (i + 1) & mask()) {
    if (!TagMatches(entries_[i], key.hash)) continue;
    const Object* other = ObjectOf(entries_[i]);
    TALLY_ASSERT(other->hash() != key.hash || other->name() != key.name,
                 "a name was inserted twice");
  }
  entries_[i] = added;
  ++size_;
  return object.release();
}

Object* SlotTable::Replace(Object* old, ObjectPtr replacement) {
  TALLY_ASSERT(old->hash() == replacement->hash() && old->name() == replacement->name(),
               "an object was replaced by one of another name");
  entries_[PositionOf(old)] = MakeEntry(replacement.get(), replacement->hash());
  Object::Delete(old);
  return replacement.release();
}

ObjectPtr SlotTable::Remove(const Key& key) {
  ObjectPtr object(Find(key));
  if (object != nullptr) {
    RemoveAt(PositionOf(object.get()));
    ShrinkIfSparse();
  }
  return object;
}

void SlotTable::Erase(Object* object) {
  RemoveAt(PositionOf(object));
  Object::Delete(object);
  ShrinkIfSparse();
}

void SlotTable::Clear() {
  for (size_t i = 0, end = capacity(); i < end; ++i) {
    if (entries_[i] != 0) Object::Delete(ObjectOf(entries_[i]));
  }
  entries_.reset();
  size_ = 0;
  capacity_log2_ = 0;
}

size_t SlotTable::PositionOf(const Object* object) const {
  TALLY_ASSERT(size_ != 0, "the object is not in this table");
  const Entry wanted = MakeEntry(object, object->hash());
  size_t i = Home(object->hash());
  while (entries_[i] != wanted) {
    TALLY_ASSERT(entries_[i] != 0, "the object is not in this table");
    i = (i + 1) & mask();
  }
  return i;
}

// Closes the gap: what follows moves back as far as its home allows, so that no search meets a free
// entry too early.
void SlotTable::RemoveAt(size_t position) {
  size_t gap = position;
  for (size_t i = (gap + 1) & mask(); entries_[i] != 0; i = (i + 1) & mask()) {
    const size_t from_home = (i - HomeOfEntry(entries_[i])) & mask();
    const size_t from_gap = (i - gap) & mask();
    if (from_home < from_gap) continue;
    entries_[gap] = entries_[i];
    gap = i;
  }
  entries_[gap] = 0;
  --size_;
}

void SlotTable::Rehash(std::unique_ptr<Entry[]> entries, int capacity_log2) {
  const size_t old_capacity = capacity();
  entries_.swap(entries);
  capacity_log2_ = static_cast<uint8_t>(capacity_log2);
  const bool reads_objects = capacity_log2_ > kTagBits;
  for (size_t from = 0; from < old_capacity; ++from) {
    if (reads_objects && from + kPrefetchDistance < old_capacity) {
      __builtin_prefetch(ObjectOf(entries[from + kPrefetchDistance]));  // may be nullptr: a hint
    }
    const Entry entry = entries[from];
    if (entry == 0) continue;
    size_t i = HomeOfEntry(entry);
    while (entries_[i] != 0) i = (i + 1) & mask();
    entries_[i] = entry;
  }
}

void SlotTable::GrowIfFull() {
  int capacity_log2 = kMinCapacityLog2;
  if (capacity_log2_ != 0) {
    const size_t spare = std::max<size_t>(1, capacity() / 8);
    if (size_ + spare < capacity()) return;
    capacity_log2 = capacity_log2_ + 1;
  }
  TALLY_ASSERT(capacity_log2 <= kMaxCapacityLog2, "a slot holds too many objects");
  Rehash(std::make_unique<Entry[]>(size_t{1} << capacity_log2), capacity_log2);
}

void SlotTable::ShrinkIfSparse() {
  if (size_ == 0) {
    entries_.reset();
    capacity_log2_ = 0;
    return;
  }
  if (capacity_log2_ == kMinCapacityLog2 || size_ > capacity() / 8) return;
  const int half_full = static_cast<int>(std::bit_width(size_t{size_} * 2 - 1));
  const int capacity_log2 = std::max(kMinCapacityLog2, half_full);
  std::unique_ptr<Entry[]> entries(new (std::nothrow) Entry[size_t{1} << capacity_log2]());
  if (entries != nullptr) Rehash(std::move(entries), capacity_log2);
}

}  // namespace tally::storage
