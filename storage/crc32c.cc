#include "storage/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace tally::storage {
namespace {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie in memory");

constexpr uint32_t kPolynomial = 0x82f63b78;  // bits reversed
constexpr size_t kLanes = sizeof(uint64_t);

// tables[n][b]: what a byte b becomes when n zero bytes follow it. Eight bytes a step.
using Tables = std::array<std::array<uint32_t, 256>, kLanes>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t lane = 1; lane < kLanes; ++lane) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[lane - 1][byte];
      tables[lane][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

}  // namespace

uint32_t Crc32c(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (; bytes.size() >= kLanes; bytes.remove_prefix(kLanes)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    word ^= crc;
    crc = 0;
    for (size_t i = 0; i < kLanes; ++i) {
      crc ^= kTables[kLanes - 1 - i][(word >> (8 * i)) & 0xff];
    }
  }
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  }
  return ~crc;
}

}  // namespace tally::storage
