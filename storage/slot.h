// The hash slot of a name, by the rules of the Redis Cluster specification.
#pragma once

#include <cstdint>
#include <string_view>

namespace tally::storage {

inline constexpr uint16_t kSlotCount = 16384;

// CRC16 (XMODEM: polynomial 0x1021, start 0, not reflected) modulo kSlotCount, over the name's hash
// tag if it has one, else over the whole name. The hash tag is what stands between the first '{'
// and the first '}' after it, if that is not empty. Any bytes, any length; below kSlotCount.
// Thread-safe.
[[nodiscard]] uint16_t SlotOf(std::string_view name);

}  // namespace tally::storage
