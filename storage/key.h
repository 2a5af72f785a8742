// A name with what is computed from it, once per operation. The name is a view: a Key lives no
// longer than its bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/name_hash.h"
#include "storage/slot.h"

namespace tally::storage {

struct Key {
  std::string_view name;
  uint16_t slot = 0;  // SlotOf(name)
  uint64_t hash = 0;  // NameHash(seed, name), 48 bits
};

[[nodiscard]] inline Key MakeKey(const HashSeed& seed, std::string_view name) {
  return Key{name, SlotOf(name), NameHash(seed, name)};
}

}  // namespace tally::storage
