// The keyed hash of a name: the order of objects within a slot, in memory (SlotTable), on disk and
// in SCAN's cursor.
#pragma once

#include <cstdint>
#include <string_view>

namespace tally::storage {

// Drawn at random once per data directory and kept with the data: whoever does not know it cannot
// make names that collide, and the order of objects outlives a restart.
struct HashSeed {
  uint64_t low = 0;   // key bytes 0–7, little-endian
  uint64_t high = 0;  // key bytes 8–15
};

inline constexpr int kNameHashBits = 48;

// SipHash-c-d (Aumasson and Bernstein, "SipHash: a fast short-input PRF"). <1, 3> and <2, 4> are
// instantiated; the latter is there because its test vectors are the published ones.
template <int kCompressionRounds, int kFinalRounds>
[[nodiscard]] uint64_t SipHash(const HashSeed& seed, std::string_view bytes);

// The upper kNameHashBits bits of SipHash-1-3; below 2^48. Thread-safe.
[[nodiscard]] uint64_t NameHash(const HashSeed& seed, std::string_view name);

}  // namespace tally::storage
