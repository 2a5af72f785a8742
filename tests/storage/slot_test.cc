#include "storage/slot.h"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace tally::storage {
namespace {

// CRC16/XMODEM by its definition, bit by bit.
uint16_t SlowSlotOf(std::string_view bytes) {
  unsigned crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(byte)) << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x8000) != 0 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
    }
  }
  return static_cast<uint16_t>(crc % kSlotCount);
}

TEST(Slot, IsTheOneThatRedisClusterNames) {
  EXPECT_EQ(SlotOf("123456789"), 0x31c3);  // the specification's check value, below 16,384
  EXPECT_EQ(SlotOf("foo"), 12182);
  EXPECT_EQ(SlotOf(""), 0);
}

TEST(Slot, OfEveryLengthAgreesWithTheDefinition) {
  std::mt19937 random(1);
  for (size_t length = 0; length < 70; ++length) {
    std::string name(length, '\0');
    for (char& byte : name) {
      do byte = static_cast<char>(random());
      while (byte == '{');
    }
    EXPECT_EQ(SlotOf(name), SlowSlotOf(name)) << length;
  }
}

TEST(Slot, IsThatOfTheHashTag) {
  EXPECT_EQ(SlotOf("{user1000}.following"), SlotOf("{user1000}.followers"));
  EXPECT_EQ(SlotOf("{user1000}.following"), SlowSlotOf("user1000"));
  EXPECT_EQ(SlotOf("before{tag}after"), SlowSlotOf("tag"));
}

TEST(Slot, TakesTheFirstTagOnly) {
  EXPECT_EQ(SlotOf("foo{bar}{zap}"), SlowSlotOf("bar"));
  EXPECT_EQ(SlotOf("foo{{bar}}zap"), SlowSlotOf("{bar"));
  EXPECT_EQ(SlotOf("}{a}"), SlowSlotOf("a"));
}

TEST(Slot, IsThatOfTheWholeNameWhereTheTagIsEmptyOrNotClosed) {
  for (const std::string_view name : {"foo{}{bar}", "{}", "{", "}", "a{b", "a}b{", "{}}"}) {
    EXPECT_EQ(SlotOf(name), SlowSlotOf(name)) << name;
  }
}

TEST(Slot, SpreadsOrdinaryNamesOverAllSlots) {
  std::vector<int> names(kSlotCount);
  for (int i = 0; i < 400000; ++i) ++names.at(SlotOf("key:" + std::to_string(i)));
  for (const int count : names) EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace tally::storage
