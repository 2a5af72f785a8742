// The hash slot of a name, by the rules of the Redis Cluster specification, and places among the slots.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace tally::storage {

inline constexpr uint16_t kSlotCount = 16384;

// CRC16 (XMODEM: polynomial 0x1021, start 0, not reflected) modulo kSlotCount, over the name's hash
// tag if it has one, else over the whole name. The hash tag is what stands between the first '{'
// and the first '}' after it, if that is not empty. Any bytes, any length; below kSlotCount.
// Thread-safe.
[[nodiscard]] uint16_t SlotOf(std::string_view name);

/// The slots [first, end).
struct SlotRange {
  uint32_t first = 0;
  uint32_t end = kSlotCount;
};

/// A place in the order of a database's objects, on the disk and in memory alike: by slot, in it by
/// hash. `slot` may be kSlotCount: behind everything.
struct SlotPosition {
  uint32_t slot = 0;
  uint64_t hash = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 sees a null pointer in the comparison with 0
  auto operator<=>(const SlotPosition&) const = default;
};

}  // namespace tally::storage
