#include "storage/name_hash.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "storage/key.h"

namespace tally::storage {
namespace {

constexpr HashSeed kReferenceSeed{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string CountingBytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i);
  return bytes;
}

// The vectors that the authors of SipHash published.
TEST(NameHash, SipHash24AgreesWithItsReference) {
  const auto hash = [](size_t size) { return SipHash<2, 4>(kReferenceSeed, CountingBytes(size)); };
  EXPECT_EQ(hash(0), 0x726fdb47dd0e0e31);
  EXPECT_EQ(hash(1), 0x74f839c593dc67fd);
  EXPECT_EQ(hash(7), 0xab0200f58b01d137);
  EXPECT_EQ(hash(8), 0x93f5f5799a932462);
  EXPECT_EQ(hash(15), 0xa129ca6149be45e5);
  EXPECT_EQ(hash(63), 0x958a324ceb064572);
}

// CPython 3.11 hashes bytes with SipHash-1-3, with a seed of zeros if PYTHONHASHSEED=0:
//   hash(bytes(i & 255 for i in range(size))) & (2**64 - 1)
TEST(NameHash, SipHash13AgreesWithCPython) {
  struct Vector {
    size_t size;
    uint64_t hash;
  };
  constexpr Vector kVectors[] = {
      {1, 0x68a914128e01e473},  {2, 0x010bac45c41e3669},  {3, 0x4d4c9a4a8ef6e0ad},
      {4, 0x7cc43f98813e4dbd},  {5, 0x5abe2169dff36275},  {6, 0xe3c25f87624f1cdb},
      {7, 0x2f098ab0c751325a},  {8, 0xead411e67ebe2eea},  {9, 0x75927f9d95124362},
      {10, 0xaf9f77a65ab51a1d}, {11, 0xfe64ce8b6617fcff}, {12, 0xa6baf4fb0f9fe1c2},
      {13, 0xa0cf3211850f8e0d}, {14, 0x7f86049379fbfe67}, {15, 0xf30eb725bb91c9ea},
      {16, 0x8972188433a5c5b7}, {17, 0x4883c49a2c009c1d}, {63, 0x385d3e39e5f37359},
      {64, 0x75e05fd5bbc870c6}, {65, 0x9551550c825974c6}, {300, 0x4a3ee92cf03a1ab4},
  };
  for (const Vector& vector : kVectors) {
    EXPECT_EQ((SipHash<1, 3>(HashSeed{}, CountingBytes(vector.size))), vector.hash) << vector.size;
  }
}

TEST(NameHash, IsTheUpper48BitsOfSipHash13) {
  EXPECT_EQ(NameHash(HashSeed{}, CountingBytes(8)), 0xead411e67ebe);
}

TEST(NameHash, DependsOnBothHalvesOfTheSeed) {
  const std::set<uint64_t> hashes = {NameHash({0, 0}, "name"), NameHash({1, 0}, "name"),
                                     NameHash({0, 1}, "name"), NameHash({1, 1}, "name")};
  EXPECT_EQ(hashes.size(), 4u);
}

TEST(NameHash, TellsNamesApartByLengthAlone) {
  std::set<uint64_t> hashes;
  for (size_t size = 0; size < 32; ++size) hashes.insert(NameHash({}, std::string(size, '\0')));
  EXPECT_EQ(hashes.size(), 32u);
}

TEST(Key, HoldsWhatIsComputedFromTheName) {
  const Key key = MakeKey(kReferenceSeed, "foo");
  EXPECT_EQ(key.name, "foo");
  EXPECT_EQ(key.slot, 12182);
  EXPECT_EQ(key.hash, NameHash(kReferenceSeed, "foo"));
}

}  // namespace
}  // namespace tally::storage
