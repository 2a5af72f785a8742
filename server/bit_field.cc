#include "server/bit_field.h"

#include <limits>

#include "server/bit_string.h"

namespace tally::server {
namespace {

constexpr int kMaxBits = 64;

int64_t Most(FieldType type) {
  const int magnitude_bits = type.is_signed ? type.bits - 1 : type.bits;
  return static_cast<int64_t>((uint64_t{1} << magnitude_bits) - 1);
}

int64_t Least(FieldType type) { return type.is_signed ? -Most(type) - 1 : 0; }

// The low bits of `value`, read as the type says.
int64_t Truncate(FieldType type, uint64_t value) {
  const int unused = kMaxBits - type.bits;
  const uint64_t shifted = value << unused;
  return type.is_signed ? static_cast<int64_t>(shifted) >> unused
                        : static_cast<int64_t>(shifted >> unused);
}

std::optional<int64_t> OnOverflow(FieldType type, uint64_t value, int64_t nearest,
                                  FieldOverflow overflow) {
  switch (overflow) {
    case FieldOverflow::kWrap:
      return Truncate(type, value);
    case FieldOverflow::kSaturate:
      return nearest;
    case FieldOverflow::kFail:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FieldType> ParseFieldType(std::string_view text) {
  if (text.size() < 2 || text.size() > 3 || (text[0] != 'i' && text[0] != 'u')) {
    return std::nullopt;
  }
  const bool is_signed = text[0] == 'i';
  int bits = 0;
  for (const char c : text.substr(1)) {
    if (c < '0' || c > '9' || (bits == 0 && c == '0')) return std::nullopt;
    bits = bits * 10 + (c - '0');
  }
  if (bits > (is_signed ? kMaxBits : kMaxBits - 1)) return std::nullopt;
  return FieldType{.is_signed = is_signed, .bits = static_cast<uint8_t>(bits)};
}

int64_t ReadField(std::string_view bytes, FieldType type, uint64_t offset) {
  uint64_t value = 0;
  for (uint64_t i = 0; i < type.bits; ++i) {
    value = value << 1 | (GetBit(bytes, offset + i) ? 1U : 0U);
  }
  return Truncate(type, value);
}

void WriteField(std::string* bytes, FieldType type, uint64_t offset, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  for (uint64_t i = 0; i < type.bits; ++i) {
    SetBit(bytes, offset + i, ((bits >> (type.bits - 1 - i)) & 1) != 0);
  }
}

std::optional<int64_t> AssignField(FieldType type, int64_t value, FieldOverflow overflow) {
  const bool is_low = value < Least(type);
  if (!is_low && value <= Most(type)) return value;
  const int64_t nearest = is_low && type.is_signed ? Least(type) : Most(type);
  return OnOverflow(type, static_cast<uint64_t>(value), nearest, overflow);
}

std::optional<int64_t> AddToField(FieldType type, int64_t old, int64_t increment,
                                  FieldOverflow overflow) {
  int64_t sum = 0;
  const bool is_beyond = __builtin_add_overflow(old, increment, &sum);
  if (!is_beyond && sum >= Least(type) && sum <= Most(type)) return sum;
  const int64_t nearest = increment > 0 ? Most(type) : Least(type);
  return OnOverflow(type, static_cast<uint64_t>(old) + static_cast<uint64_t>(increment), nearest,
                    overflow);
}

}  // namespace tally::server
