#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// Numbers as Redis clients write them and expect them back. Everything here is pure, thread safe
// and independent of the locale as long as the process keeps the "C" numeric locale it starts with
// (the server never changes it).
namespace tally::protocol {

// Longest decimal form of an int64: "-9223372036854775808".
inline constexpr std::size_t kMaxInt64Chars = 20;

// More than the longest text of a double: "-2.2250738585072014e-308".
inline constexpr std::size_t kMaxDoubleChars = 32;

// Longest text that is taken for a float; Redis has the same limit for long double.
inline constexpr std::size_t kMaxLongDoubleChars = std::size_t{5} * 1024 - 1;

// Reads a canonical decimal integer: the very characters that AppendInteger would write for it. So
// "+1", "01", "-0", " 1", "" and everything beyond int64 are not numbers (nor are they for Redis).
[[nodiscard]] std::optional<std::int64_t> ParseInt64(std::string_view text);

// Reads a float as Redis's INCRBYFLOAT does: decimal or hexadecimal ("0x1p3"), sign, exponent,
// "inf"/"infinity" in any case. Not numbers: NaN, empty text, white space anywhere, an embedded
// NUL, more than kMaxLongDoubleChars characters, overflow, underflow to zero. An infinity is a
// number here: the caller refuses it with its own text.
[[nodiscard]] std::optional<long double> ParseLongDouble(std::string_view text);

// The same rules for a double (scores, timeouts). Redis has no limit on the length of this one.
[[nodiscard]] std::optional<double> ParseDouble(std::string_view text);

// 0 to 15; -1: not a hexadecimal digit.
[[nodiscard]] constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends the canonical decimal form.
void AppendInteger(std::string* out, std::int64_t value);
void AppendUnsigned(std::string* out, std::uint64_t value);

// Text of INCRBYFLOAT's result: 17 digits after the point, without trailing zeros, never an
// exponent, "0" for every value that rounds to zero, whatever its sign. `value` must be finite.
[[nodiscard]] std::string FormatLongDoubleHuman(long double value);

// Writes a double as Redis 7.0 replies it: 17 significant digits ("0.10000000000000001", "1e+100"),
// "inf", "-inf", "nan". Returns the text, which needs `buffer`.
[[nodiscard]] std::string_view FormatDouble(double value, std::span<char, kMaxDoubleChars> buffer);

}  // namespace tally::protocol
