#include "storage/slot.h"

#include <array>
#include <cstddef>

namespace tally::storage {
namespace {

// kTables[n][b]: what byte b contributes to the CRC when n more bytes follow it. So eight bytes
// take eight independent loads instead of a chain of eight.
constexpr size_t kStride = 8;
using Tables = std::array<std::array<uint16_t, 256>, kStride>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021u : 0u);
    }
    tables[0][byte] = static_cast<uint16_t>(crc);
  }
  for (size_t n = 1; n < kStride; ++n) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const unsigned crc = tables[n - 1][byte];
      tables[n][byte] = static_cast<uint16_t>((crc << 8) ^ tables[0][crc >> 8]);
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint16_t Crc16(std::string_view bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
  unsigned crc = 0;
  for (; left >= kStride; left -= kStride, p += kStride) {
    crc = static_cast<unsigned>(kTables[7][(crc >> 8) ^ p[0]] ^ kTables[6][(crc & 0xff) ^ p[1]] ^
                                kTables[5][p[2]] ^ kTables[4][p[3]] ^ kTables[3][p[4]] ^
                                kTables[2][p[5]] ^ kTables[1][p[6]] ^ kTables[0][p[7]]);
  }
  for (; left > 0; --left, ++p) {
    crc = ((crc << 8) & 0xffff) ^ kTables[0][(crc >> 8) ^ *p];
  }
  return static_cast<uint16_t>(crc);
}

std::string_view HashTagOrName(std::string_view name) {
  const size_t open = name.find('{');
  if (open == std::string_view::npos) return name;
  const size_t close = name.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return name;
  return name.substr(open + 1, close - open - 1);
}

}  // namespace

uint16_t SlotOf(std::string_view name) {
  static_assert((kSlotCount & (kSlotCount - 1)) == 0);
  return Crc16(HashTagOrName(name)) & (kSlotCount - 1);
}

}  // namespace tally::storage
