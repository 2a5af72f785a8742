#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tally::server {

// Integers of any width at any bit of a string, most significant bit first. Pure functions.

/// "i16", "u8": 1 to 64 bits if signed, 1 to 63 if not, so that each value is an int64.
struct FieldType {
  bool is_signed = false;
  uint8_t bits = 0;
};

/// nullopt: no such type.
[[nodiscard]] std::optional<FieldType> ParseFieldType(std::string_view text);

/// Bits beyond the end of the string are 0.
[[nodiscard]] int64_t ReadField(std::string_view bytes, FieldType type, uint64_t offset);
/// Writes the low bits of `value`. The string must be long enough.
void WriteField(std::string* bytes, FieldType type, uint64_t offset, int64_t value);

/// What becomes of a value that a field is too narrow for.
enum class FieldOverflow : uint8_t {
  kWrap,      ///< its low bits stay
  kSaturate,  ///< the nearest that fits
  kFail,      ///< nothing is written
};

/// What a field holds once `value` was written to it; nullopt: it did not fit, and kFail. A negative
/// value is, for an unsigned field, a very large one.
[[nodiscard]] std::optional<int64_t> AssignField(FieldType type, int64_t value,
                                                 FieldOverflow overflow);
/// The same of the sum of what it holds (`old`, which fits) and `increment`; here a negative sum is
/// below what an unsigned field holds.
[[nodiscard]] std::optional<int64_t> AddToField(FieldType type, int64_t old, int64_t increment,
                                                FieldOverflow overflow);

}  // namespace tally::server
