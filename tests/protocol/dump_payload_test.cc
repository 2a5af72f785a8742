#include "protocol/dump_payload.h"

#include <string>

#include <gtest/gtest.h>

#include "protocol/crc64.h"

namespace tally::protocol {
namespace {

using namespace std::string_literals;

// A payload with a footer that is right for it.
std::string Sealed(std::string value, uint16_t version = kDumpVersion) {
  value.push_back(static_cast<char>(version & 0xff));
  value.push_back(static_cast<char>(version >> 8));
  const uint64_t checksum = Crc64(value);
  for (int shift = 0; shift < 64; shift += 8) {
    value.push_back(static_cast<char>(checksum >> shift & 0xff));
  }
  return value;
}

std::string Read(std::string_view payload, size_t most_bytes = 1000) {
  std::string room;
  std::string_view text;
  switch (ReadDump(payload, most_bytes, &room, &text)) {
    case DumpStatus::kBadFooter:
      return "bad footer";
    case DumpStatus::kBadData:
      return "bad data";
    case DumpStatus::kOk:
      break;
  }
  return std::string(text);
}

// As redis-server 7.0.15 answered them.
TEST(DumpPayloadTest, WritesWhatRedisWrites) {
  EXPECT_EQ(DumpString("1"), "\x00\xc0\x01\x0a\x00\x26\x78\xe7\xb6\xd1\x01\x11\xfc"s);
  EXPECT_EQ(DumpString("1").substr(0, 3), "\x00\xc0\x01"s);
  EXPECT_EQ(DumpString("-128").substr(0, 3), "\x00\xc0\x80"s);
  EXPECT_EQ(DumpString("128").substr(0, 4), "\x00\xc1\x80\x00"s);
  EXPECT_EQ(DumpString("-32768").substr(0, 4), "\x00\xc1\x00\x80"s);
  EXPECT_EQ(DumpString("32768").substr(0, 6), "\x00\xc2\x00\x80\x00\x00"s);
  EXPECT_EQ(DumpString("-2147483648").substr(0, 6), "\x00\xc2\x00\x00\x00\x80"s);
  EXPECT_EQ(DumpString("2147483648").substr(0, 12),
            "\x00\x0a"
            "2147483648"s);
  EXPECT_EQ(DumpString("01").substr(0, 4),
            "\x00\x02"
            "01"s);
  EXPECT_EQ(DumpString("").substr(0, 2), "\x00\x00"s);
  EXPECT_EQ(DumpString(std::string(20, 'x')).substr(0, 2), "\x00\x14"s);
  // From 21 bytes on it is compressed: a literal, a match of 20 one back.
  EXPECT_EQ(DumpString(std::string(21, 'x')).substr(0, 2), "\x00\xc3"s);
}

TEST(DumpPayloadTest, ReadsWhatItWrites) {
  std::string noise;
  for (int i = 0; i < 20'000; ++i) noise.push_back(static_cast<char>(i * int64_t{i} * 31 + i / 7));
  for (const size_t size : {0u, 1u, 5u, 20u, 21u, 63u, 64u, 100u, 16'383u, 16'384u, 20'000u}) {
    const std::string text = noise.substr(0, size);
    EXPECT_EQ(Read(DumpString(text), 20'000), text) << size;
    EXPECT_EQ(Read(DumpString(std::string(size, 'x')), 20'000), std::string(size, 'x')) << size;
  }
  for (const int64_t number : {0L, 1L, -1L, 127L, -128L, 128L, 32767L, 32768L, -32769L, 2147483647L,
                               -2147483648L, 2147483648L, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(Read(DumpString(std::to_string(number))), std::to_string(number));
  }
}

TEST(DumpPayloadTest, NumbersAreBoundedLikeOtherText) {
  EXPECT_EQ(Read(DumpString("-128"), 4), "-128");
  EXPECT_EQ(Read(DumpString("-128"), 3), "bad data");
}

TEST(DumpPayloadTest, ReadsEveryFormOfALength) {
  EXPECT_EQ(Read(Sealed("\x00\x40\x02"
                        "ab"s)),
            "ab");
  EXPECT_EQ(Read(Sealed("\x00\x80\x00\x00\x00\x02"
                        "ab"s)),
            "ab");
  EXPECT_EQ(Read(Sealed("\x00\x81\x00\x00\x00\x00\x00\x00\x00\x02"
                        "ab"s)),
            "ab");
  EXPECT_EQ(Read(Sealed("\x00\xc3\x04\x0b\x00x\xe0\x02\x00"s)), "bad data");
  EXPECT_EQ(Read(Sealed("\x00\xc3\x05\x0b\x00x\xe0\x01\x00"s)), std::string(11, 'x'));
}

TEST(DumpPayloadTest, AnOlderVersionIsReadANewerOneIsNot) {
  EXPECT_EQ(Read(Sealed("\x00\x01x"s, 1)), "x");
  EXPECT_EQ(Read(Sealed("\x00\x01x"s, kDumpVersion + 1)), "bad footer");
}

TEST(DumpPayloadTest, AnyFlippedBitIsABadFooter) {
  const std::string payload = DumpString("some text");
  for (size_t bit = 0; bit < payload.size() * 8; ++bit) {
    std::string flipped = payload;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(Read(flipped), "bad footer") << bit;
  }
  for (size_t size = 0; size < payload.size(); ++size) {
    EXPECT_EQ(Read(payload.substr(0, size)), "bad footer") << size;
  }
}

TEST(DumpPayloadTest, BadData) {
  for (const std::string& value :
       {""s, "\x00"s, "\x01\x01x"s, "\xff\x01x"s, "\x00\x02x"s, "\x00\x40"s, "\x00\x80\x00\x00"s,
        "\x00\x82\x00"s, "\x00\xc0"s, "\x00\xc1x"s, "\x00\xc2xyz"s, "\x00\xc4xyz"s,
        "\x00\xc3\x02\x03"s, "\x00\xc3\x04\x04\x02xyz"s,
        "\x00\x81\xff\xff\xff\xff\xff\xff\xff\xff"s, "\x00\x80\xff\xff\xff\xffx"s}) {
    EXPECT_EQ(Read(Sealed(value)), "bad data") << value;
  }
}

TEST(DumpPayloadTest, WhatFollowsTheValueIsPassedOver) {
  EXPECT_EQ(Read(Sealed("\x00\x01xyz"s)), "x");
}

TEST(DumpPayloadTest, TheLongestStringHasALimit) {
  EXPECT_EQ(Read(DumpString(std::string(50, 'x')), 50), std::string(50, 'x'));
  EXPECT_EQ(Read(DumpString(std::string(50, 'x')), 49), "bad data");
  EXPECT_EQ(Read(DumpString("0123456789abcdef"), 16), "0123456789abcdef");
  EXPECT_EQ(Read(DumpString("0123456789abcdef"), 15), "bad data");
}

}  // namespace
}  // namespace tally::protocol
