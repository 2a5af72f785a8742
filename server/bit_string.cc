#include "server/bit_string.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace tally::server {
namespace {

constexpr size_t kWordBytes = sizeof(uint64_t);
constexpr unsigned kAllBits = 0xff;

unsigned ByteAt(std::string_view bytes, uint64_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

uint64_t WordAt(std::string_view bytes, uint64_t index) {
  uint64_t word;
  std::memcpy(&word, bytes.data() + index, kWordBytes);
  return word;
}

// The bits of a byte that lie in the range, for its first and its last byte.
unsigned MaskFrom(uint64_t first) { return kAllBits >> (first & 7); }
unsigned MaskTo(uint64_t last) { return (kAllBits << (7 - (last & 7))) & kAllBits; }

}  // namespace

bool GetBit(std::string_view bytes, uint64_t offset) {
  const uint64_t index = offset >> 3;
  return index < bytes.size() && ((ByteAt(bytes, index) >> (7 - (offset & 7))) & 1) != 0;
}

void SetBit(std::string* bytes, uint64_t offset, bool bit) {
  const unsigned mask = 1U << (7 - (offset & 7));
  char& byte = (*bytes)[offset >> 3];
  const unsigned value = static_cast<unsigned char>(byte);
  byte = static_cast<char>(bit ? value | mask : value & ~mask);
}

uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last) {
  if (first > last) return 0;
  uint64_t index = first >> 3;
  const uint64_t last_index = last >> 3;
  if (index == last_index) {
    return static_cast<uint64_t>(
        std::popcount(ByteAt(bytes, index) & MaskFrom(first) & MaskTo(last)));
  }
  auto count = static_cast<uint64_t>(std::popcount(ByteAt(bytes, index) & MaskFrom(first)));
  for (++index; index + kWordBytes <= last_index; index += kWordBytes) {
    count += static_cast<uint64_t>(std::popcount(WordAt(bytes, index)));
  }
  for (; index < last_index; ++index) {
    count += static_cast<uint64_t>(std::popcount(ByteAt(bytes, index)));
  }
  return count + static_cast<uint64_t>(std::popcount(ByteAt(bytes, last_index) & MaskTo(last)));
}

std::optional<uint64_t> FindBit(std::string_view bytes, bool bit, uint64_t first, uint64_t last) {
  // Clear bits are looked for as set ones of the complement.
  const unsigned flip = bit ? 0 : kAllBits;
  const uint64_t nothing = bit ? 0 : ~uint64_t{0};
  const uint64_t last_index = last >> 3;
  for (uint64_t index = first >> 3; index <= last_index;) {
    if (index > first >> 3 && index + kWordBytes <= last_index && WordAt(bytes, index) == nothing) {
      index += kWordBytes;
      continue;
    }
    unsigned candidates = ByteAt(bytes, index) ^ flip;
    if (index == first >> 3) candidates &= MaskFrom(first);
    if (index == last_index) candidates &= MaskTo(last);
    if (candidates != 0) {
      return index * 8 + static_cast<uint64_t>(std::countl_zero(static_cast<uint8_t>(candidates)));
    }
    ++index;
  }
  return std::nullopt;
}

void CombineBits(BitOperation operation, std::string_view operand, std::string* accumulated) {
  if (accumulated->size() < operand.size()) accumulated->resize(operand.size());
  const auto combine = [&](auto with) {
    char* const begin = accumulated->data();
    for (size_t i = 0; i < operand.size(); ++i)
      begin[i] = static_cast<char>(with(begin[i], operand[i]));
  };
  switch (operation) {
    case BitOperation::kAnd:
      combine([](char a, char b) { return a & b; });
      std::fill(accumulated->begin() + static_cast<std::ptrdiff_t>(operand.size()),
                accumulated->end(), '\0');
      break;
    case BitOperation::kOr:
      combine([](char a, char b) { return a | b; });
      break;
    case BitOperation::kXor:
      combine([](char a, char b) { return a ^ b; });
      break;
  }
}

void InvertBits(std::string* bytes) {
  for (char& byte : *bytes) byte = static_cast<char>(~byte);
}

}  // namespace tally::server
