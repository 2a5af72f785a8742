#include "protocol/number.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "protocol/check.h"

namespace tally::protocol {
namespace {

// What isspace() says in the "C" locale.
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The rules that strtod and strtold leave to their caller. `convert` is one of the two:
// std::from_chars would be the tidier tool, but it knows no "0x" prefix and no leading plus sign.
template <typename Float, typename Convert>
std::optional<Float> ParseFloat(std::string_view text, Convert convert) {
  if (text.empty() || text.size() > kMaxLongDoubleChars || IsSpace(text.front())) {
    return std::nullopt;
  }
  std::array<char, kMaxLongDoubleChars + 1> terminated;
  std::memcpy(terminated.data(), text.data(), text.size());
  terminated[text.size()] = '\0';

  char* end = nullptr;
  errno = 0;
  const Float value = convert(terminated.data(), &end);
  if (end != terminated.data() + text.size() || std::isnan(value)) {
    return std::nullopt;
  }
  // A denormal result sets ERANGE too, and is a good number.
  if (errno == ERANGE && (std::isinf(value) || value == 0)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<std::int64_t> ParseInt64(std::string_view text) {
  if (text.empty() || text.size() > kMaxInt64Chars) {
    return std::nullopt;
  }
  const bool negative = text.front() == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || (digits.front() == '0' && (negative || digits.size() > 1))) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) {
    return std::nullopt;
  }
  return value;
}

std::optional<long double> ParseLongDouble(std::string_view text) {
  return ParseFloat<long double>(
      text, [](const char* begin, char** end) { return std::strtold(begin, end); });
}

std::optional<double> ParseDouble(std::string_view text) {
  return ParseFloat<double>(text,
                            [](const char* begin, char** end) { return std::strtod(begin, end); });
}

void AppendInteger(std::string* out, std::int64_t value) {
  std::array<char, kMaxInt64Chars> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out->append(digits.data(), result.ptr);
}

void AppendUnsigned(std::string* out, std::uint64_t value) {
  std::array<char, kMaxInt64Chars> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out->append(digits.data(), result.ptr);
}

std::string FormatLongDoubleHuman(long double value) {
  Check(std::isfinite(value), "FormatLongDoubleHuman of an infinity or NaN");
  constexpr int kDigitsAfterPoint = 17;
  // Digits before the point, sign, point, digits after it, NUL.
  std::array<char, std::numeric_limits<long double>::max_exponent10 + 1 + 2 + kDigitsAfterPoint + 1>
      text;
  const int size = std::snprintf(text.data(), text.size(), "%.*Lf", kDigitsAfterPoint, value);
  Check(size > 0 && static_cast<std::size_t>(size) < text.size(), "a long double fits its text");

  std::string_view result(text.data(), static_cast<std::size_t>(size));
  result = result.substr(0, result.find_last_not_of('0') + 1);
  if (result.back() == '.') {
    result.remove_suffix(1);
  }
  return std::string(result == "-0" ? "0" : result);
}

std::string_view FormatDouble(double value, std::span<char, kMaxDoubleChars> buffer) {
  if (std::isnan(value)) {
    return "nan";
  }
  constexpr int kSignificantDigits = 17;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::general, kSignificantDigits);
  Check(result.ec == std::errc(), "a double fits its text");
  return {buffer.data(), result.ptr};
}

}  // namespace tally::protocol
