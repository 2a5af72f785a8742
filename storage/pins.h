#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "storage/key.h"
#include "storage/slot.h"

namespace tally::storage {

/// What must not leave memory: keys that are being read from the disk, or that somebody is about to use;
/// and slots of which a part is being read. So what a read brings is never older than what memory
/// has lost meanwhile. One thread.
///
/// Keys are told apart by their hash: two with the same one pin each other, which does no harm. Pins
/// are counted.
class Pins {
 public:
  void PinKey(int database, const Key& key) { ++keys_[IdOf(database, key.hash)]; }
  void UnpinKey(int database, const Key& key) {
    const auto found = keys_.find(IdOf(database, key.hash));
    if (found != keys_.end() && --found->second == 0) keys_.erase(found);
  }
  void PinSlots(int database, SlotRange slots) { slots_.push_back({database, slots}); }
  /// Takes back one PinSlots with these very arguments.
  void UnpinSlots(int database, SlotRange slots) {
    const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slots& pinned) {
      return pinned.database == database && pinned.range.first == slots.first &&
             pinned.range.end == slots.end;
    });
    if (found != slots_.end()) slots_.erase(found);
  }

  [[nodiscard]] bool empty() const { return keys_.empty() && slots_.empty(); }
  [[nodiscard]] bool HoldsSlot(int database, uint32_t slot) const {
    return std::any_of(slots_.begin(), slots_.end(), [&](const Slots& pinned) {
      return pinned.database == database && pinned.range.first <= slot && slot < pinned.range.end;
    });
  }
  [[nodiscard]] bool HoldsKey(int database, uint64_t hash) const {
    return keys_.contains(IdOf(database, hash));
  }

 private:
  struct Slots {
    int database;
    SlotRange range;
  };
  static uint64_t IdOf(int database, uint64_t hash) {
    return static_cast<uint64_t>(database) << kNameHashBits | hash;
  }

  std::unordered_map<uint64_t, uint32_t> keys_;
  std::vector<Slots> slots_;  // few: the walks under way
};

}  // namespace tally::storage
