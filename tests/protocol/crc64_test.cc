#include "protocol/crc64.h"

#include <string>

#include <gtest/gtest.h>

namespace tally::protocol {
namespace {

TEST(Crc64Test, TheCheckValueOfTheCatalogues) {
  EXPECT_EQ(Crc64("123456789"), 0xe9c6d914c4b8d9ca);
  EXPECT_EQ(Crc64(""), 0u);
}

// Bit by bit, as the definition says it.
uint64_t Slowly(std::string_view bytes) {
  uint64_t crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x95ac9329ac4bc9b5 : 0);
    }
  }
  return crc;
}

TEST(Crc64Test, EveryLengthIsAsBitByBit) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(Crc64(bytes), Slowly(bytes)) << i;
    bytes.push_back(static_cast<char>(i * 37 + 200));
  }
}

}  // namespace
}  // namespace tally::protocol
