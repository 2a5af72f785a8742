#include "server/bit_string.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "server/bit_field.h"
#include "server/common_subsequence.h"
#include "server/index_range.h"

namespace tally::server {
namespace {

TEST(BitStringTest, CountsAndFindsAsBitByBit) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 3000; ++round) {
    // Mostly runs of one byte, so that whole words are passed over.
    std::string bytes(1 + random() % 40, random() % 2 == 0 ? '\0' : '\xff');
    for (uint64_t i = random() % 4; i > 0; --i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const uint64_t first = random() % (bytes.size() * 8);
    const uint64_t last = first + random() % (bytes.size() * 8 - first);
    uint64_t count = 0;
    std::optional<uint64_t> found[2];
    for (uint64_t i = first; i <= last; ++i) {
      const bool bit = GetBit(bytes, i);
      count += bit ? 1 : 0;
      if (!found[bit ? 1 : 0]) found[bit ? 1 : 0] = i;
    }
    ASSERT_EQ(CountBits(bytes, first, last), count);
    ASSERT_EQ(FindBit(bytes, false, first, last), found[0]);
    ASSERT_EQ(FindBit(bytes, true, first, last), found[1]);
  }
}

TEST(BitStringTest, SetsOneBit) {
  std::string bytes(2, '\0');
  SetBit(&bytes, 0, true);
  SetBit(&bytes, 15, true);
  EXPECT_EQ(bytes, "\x80\x01");
  SetBit(&bytes, 0, false);
  EXPECT_EQ(bytes, std::string("\0\x01", 2));
  EXPECT_FALSE(GetBit(bytes, 16));
}

TEST(BitStringTest, TheShorterOneEndsInZeros) {
  std::string bytes = "\x0f\x0f";
  CombineBits(BitOperation::kAnd, "\x3c", &bytes);
  EXPECT_EQ(bytes, std::string("\x0c\0", 2));
  CombineBits(BitOperation::kOr, "abc", &bytes);
  EXPECT_EQ(bytes, "mbc");
  CombineBits(BitOperation::kXor, "mb", &bytes);
  EXPECT_EQ(bytes, std::string("\0\0c", 3));
  InvertBits(&bytes);
  EXPECT_EQ(bytes, "\xff\xff\x9c");
}

TEST(BitFieldTest, TypesAreOneTo64BitsOr63) {
  EXPECT_EQ(ParseFieldType("i64")->bits, 64);
  EXPECT_FALSE(ParseFieldType("u1")->is_signed);
  for (const char* text : {"", "i", "u64", "i65", "u0", "u08", "I8", "x8", "u-1", "u999", "8"}) {
    EXPECT_FALSE(ParseFieldType(text)) << text;
  }
}

TEST(BitFieldTest, ReadsWhatItWrote) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 2000; ++round) {
    const bool is_signed = random() % 2 == 0;
    const FieldType type{is_signed, static_cast<uint8_t>(1 + random() % (is_signed ? 64 : 63))};
    std::string bytes(20, static_cast<char>(random()));
    const std::string before = bytes;
    const uint64_t offset = random() % 90;
    const int64_t value = *AssignField(type, static_cast<int64_t>(random()), FieldOverflow::kWrap);
    WriteField(&bytes, type, offset, value);
    ASSERT_EQ(ReadField(bytes, type, offset), value);
    for (uint64_t i = 0; i < 160; ++i) {
      if (i < offset || i >= offset + type.bits) {
        ASSERT_EQ(GetBit(bytes, i), GetBit(before, i));
      }
    }
  }
  EXPECT_EQ(ReadField("\xff", {.is_signed = false, .bits = 16}, 0), 0xff00);
}

TEST(BitFieldTest, OverflowWrapsSaturatesOrFails) {
  constexpr FieldType kU8{false, 8};
  constexpr FieldType kI8{true, 8};
  constexpr FieldType kI64{true, 64};
  EXPECT_EQ(AssignField(kU8, 256, FieldOverflow::kWrap), 0);
  EXPECT_EQ(AssignField(kU8, -1, FieldOverflow::kSaturate), 255);
  EXPECT_EQ(AssignField(kI8, -129, FieldOverflow::kSaturate), -128);
  EXPECT_EQ(AssignField(kI8, 128, FieldOverflow::kFail), std::nullopt);
  EXPECT_EQ(AddToField(kU8, 250, 10, FieldOverflow::kWrap), 4);
  EXPECT_EQ(AddToField(kU8, 5, -10, FieldOverflow::kSaturate), 0);
  EXPECT_EQ(AddToField(kI8, 127, 1, FieldOverflow::kWrap), -128);
  EXPECT_EQ(AddToField(kI64, INT64_MAX, 1, FieldOverflow::kWrap), INT64_MIN);
  EXPECT_EQ(AddToField(kI64, INT64_MIN, -1, FieldOverflow::kSaturate), INT64_MIN);
  EXPECT_EQ(AddToField(kI64, INT64_MAX, 1, FieldOverflow::kFail), std::nullopt);
}

TEST(CommonSubsequenceTest, FindsRunsFromTheEnd) {
  const CommonSubsequence common("ohmytext", "mynewtext");
  EXPECT_EQ(common.Text(), "mytext");
  EXPECT_EQ(common.size(), 6u);
  ASSERT_EQ(common.Runs().size(), 2u);
  EXPECT_EQ(common.Runs()[0].a_first, 4u);
  EXPECT_EQ(common.Runs()[0].b_first, 5u);
  EXPECT_EQ(common.Runs()[1].size, 2u);
  EXPECT_EQ(CommonSubsequence("", "a").Text(), "");
}

TEST(IndexRangeTest, NegativeCountsFromTheEndAndAllIsCut) {
  EXPECT_EQ(ResolveRange(-3, -1, 10).first, 7);
  EXPECT_EQ(ResolveRange(-3, -1, 10).last, 9);
  EXPECT_EQ(ResolveRange(INT64_MIN, INT64_MAX, 10).last, 9);
  EXPECT_TRUE(ResolveRange(0, -1, 0).empty());
  EXPECT_TRUE(ResolveRange(5, 2, 10).empty());
}

}  // namespace
}  // namespace tally::server
