#include "protocol/lzf.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace tally::protocol {
namespace {

std::string Expanded(std::string_view in, size_t size) {
  std::string out;
  return ExpandLzf(in, size, &out) ? out : "damaged";
}

void ExpectRoundTrip(const std::string& text) {
  std::string compressed;
  ASSERT_TRUE(CompressLzf(text, 2 * text.size() + 1, &compressed));
  EXPECT_EQ(Expanded(compressed, text.size()), text);
}

std::string RandomText(std::mt19937_64* random, size_t size, unsigned letters) {
  std::string text;
  while (text.size() < size) text.push_back(static_cast<char>('a' + (*random)() % letters));
  return text;
}

TEST(LzfTest, ReadsLiteralsMatchesAndLongMatches) {
  EXPECT_EQ(Expanded("", 0), "");
  EXPECT_EQ(Expanded(std::string_view("\x02"
                                      "abc",
                                      4),
                     3),
            "abc");
  // "ab", then 3 of them again from 2 back: "ababa".
  EXPECT_EQ(Expanded(std::string_view("\x01"
                                      "ab\x20\x01",
                                      5),
                     5),
            "ababa");
  // 7 + 1 + 2 from 1 back.
  EXPECT_EQ(Expanded(std::string_view("\x00"
                                      "x\xe0\x01\x00",
                                      5),
                     11),
            std::string(11, 'x'));
}

TEST(LzfTest, RefusesWhatIsDamaged) {
  EXPECT_EQ(Expanded(std::string_view("\x02"
                                      "ab",
                                      3),
                     3),
            "damaged");  // cut
  EXPECT_EQ(Expanded(std::string_view("\x02"
                                      "abc",
                                      4),
                     2),
            "damaged");  // more than said
  EXPECT_EQ(Expanded(std::string_view("\x02"
                                      "abc",
                                      4),
                     4),
            "damaged");  // less
  EXPECT_EQ(Expanded(std::string_view("\x00"
                                      "a\x20\x01",
                                      4),
                     4),
            "damaged");  // before the front
  EXPECT_EQ(Expanded(std::string_view("\x00"
                                      "a\x20",
                                      3),
                     4),
            "damaged");  // no distance
  EXPECT_EQ(Expanded(std::string_view("\x00"
                                      "a\xe0\x01",
                                      4),
                     11),
            "damaged");  // no distance
  EXPECT_EQ(Expanded(std::string_view("\x00"
                                      "a\x20\x00",
                                      4),
                     3),
            "damaged");  // too long a match
}

TEST(LzfTest, TakesNoMemoryOnAnAnnouncement) {
  std::string out;
  EXPECT_FALSE(ExpandLzf(std::string_view("\x00"
                                          "a",
                                          2),
                         size_t{1} << 29, &out));
  EXPECT_LT(out.capacity(), 1000u);
}

TEST(LzfTest, WhatWasCompressedComesBack) {
  std::mt19937_64 random(1);
  for (const unsigned letters : {1u, 2u, 3u, 10u, 200u}) {
    for (size_t size = 0; size < 70; ++size) ExpectRoundTrip(RandomText(&random, size, letters));
    for (const size_t size : {263u, 264u, 265u, 266u, 267u, 8191u, 8192u, 8195u, 100'000u}) {
      ExpectRoundTrip(RandomText(&random, size, letters));
    }
  }
  // The same at the largest distance, and beyond it.
  const std::string noise = RandomText(&random, 8192, 200);
  ExpectRoundTrip(noise + noise);
  ExpectRoundTrip(noise + "ab" + noise);
}

TEST(LzfTest, ShortensWhatRepeats) {
  std::string compressed;
  ASSERT_TRUE(CompressLzf(std::string(26'400, 'x'), 400, &compressed));
  std::string words;
  for (int i = 0; i < 100; ++i) words += "a sentence that comes again and again. ";
  compressed.clear();
  EXPECT_TRUE(CompressLzf(words, words.size() / 20, &compressed));
}

TEST(LzfTest, WhatIsTooLongLeavesNothingBehind) {
  std::string out = "before";
  EXPECT_FALSE(CompressLzf("abcdefghijklmnopqrstuvwxyz", 26, &out));
  EXPECT_EQ(out, "before");
  EXPECT_TRUE(CompressLzf("abcdefghijklmnopqrstuvwxyz", 27, &out));
  EXPECT_EQ(Expanded(std::string_view(out).substr(6), 26), "abcdefghijklmnopqrstuvwxyz");
}

TEST(LzfTest, NoiseIsReadOrRefused) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 20, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const size_t size = random() % 300;
    std::string out;
    const bool is_good = ExpandLzf(bytes, size, &out);
    EXPECT_LE(out.size(), size);
    EXPECT_TRUE(out.size() == size || !is_good);
  }
}

}  // namespace
}  // namespace tally::protocol
