#include "storage/name_hash.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace tally::storage {
namespace {

struct SipState {
  uint64_t v0, v1, v2, v3;

  template <int kRounds>
  void Rounds() {
    for (int i = 0; i < kRounds; ++i) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  }

  template <int kRounds>
  void Compress(uint64_t word) {
    v3 ^= word;
    Rounds<kRounds>();
    v0 ^= word;
  }
};

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie in memory");

// The last 0–7 bytes, lowest first, without reading beyond them.
uint64_t LoadTail(const char* p, size_t size) {
  if (size >= 4) {
    uint32_t front;
    uint32_t back;
    std::memcpy(&front, p, sizeof(front));
    std::memcpy(&back, p + size - sizeof(back), sizeof(back));
    return front | (uint64_t{back} << (8 * (size - sizeof(back))));
  }
  if (size == 0) return 0;
  const auto byte = [p](size_t i) { return uint64_t{static_cast<unsigned char>(p[i])}; };
  return byte(0) | (byte(size / 2) << (8 * (size / 2))) | (byte(size - 1) << (8 * (size - 1)));
}

}  // namespace

template <int kCompressionRounds, int kFinalRounds>
uint64_t SipHash(const HashSeed& seed, std::string_view bytes) {
  SipState state{seed.low ^ 0x736f6d6570736575, seed.high ^ 0x646f72616e646f6d,
                 seed.low ^ 0x6c7967656e657261, seed.high ^ 0x7465646279746573};
  const char* p = bytes.data();
  size_t left = bytes.size();
  for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t), p += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, p, sizeof(word));
    state.Compress<kCompressionRounds>(word);
  }
  state.Compress<kCompressionRounds>(LoadTail(p, left) | (uint64_t{bytes.size()} << 56));
  state.v2 ^= 0xff;
  state.Rounds<kFinalRounds>();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

template uint64_t SipHash<1, 3>(const HashSeed& seed, std::string_view bytes);
template uint64_t SipHash<2, 4>(const HashSeed& seed, std::string_view bytes);

uint64_t NameHash(const HashSeed& seed, std::string_view name) {
  return SipHash<1, 3>(seed, name) >> (64 - kNameHashBits);
}

}  // namespace tally::storage
