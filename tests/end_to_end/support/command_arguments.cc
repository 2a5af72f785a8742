// What the generator's commands are made of: keys, values, times, numbers, odd ones among them.

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "tests/end_to_end/support/command_generator.h"
#include "tests/end_to_end/support/odd_arguments.h"

namespace tally::test {
namespace {

using namespace std::string_literals;

// Relative expiries, whether seconds or milliseconds: not before the test has ended.
constexpr uint64_t kNearestExpiry = 3'600'000;
constexpr uint64_t kExpirySpread = 300'000'000;

}  // namespace

std::string CommandGenerator::Key() { return Pick(Keys()); }

std::string CommandGenerator::Integer() {
  if (Chance(50)) return std::to_string(static_cast<int64_t>(Below(200)) - 50);
  if (Chance(5)) return std::to_string(static_cast<int64_t>(random_()));
  return Pick(OddIntegers());
}

std::string CommandGenerator::Float() {
  if (Chance(30)) return fmt::format("{}.{}", static_cast<int64_t>(Below(200)) - 100, Below(1000));
  if (Chance(20)) return Integer();
  return Pick(OddFloats());
}

std::string CommandGenerator::Value() {
  const uint64_t dice = Below(100);
  if (dice < 30) return std::to_string(Below(100));
  if (dice < 50) return Integer();
  if (dice < 60) return Float();
  if (dice < 75) return fmt::format("value-{}", Below(1000));
  if (dice < 80) return "two\r\nlines\0and a NUL \xff\xfe"s;
  if (dice < 95) return std::string(40 + Below(10), static_cast<char>('a' + Below(26)));
  if (dice < 99) return std::string(Below(2000), 'm');
  return std::string(20'000 + Below(30'000), 'L');
}

std::string CommandGenerator::DistinctExpiry() {
  return std::to_string(kNearestExpiry + Below(kExpirySpread));
}

std::string CommandGenerator::RelativeExpiry() {
  if (Chance(50)) return DistinctExpiry();
  static const std::vector<std::string> others = {"0",
                                                  "-1",
                                                  "-100",
                                                  "-9223372036854775808",
                                                  "9223372036854775807",
                                                  "9223372036854775808",
                                                  "9223372036854775",
                                                  "9223372036854776",
                                                  "-9223372036854776",
                                                  "9223370000000000",
                                                  "18446744073709551616",
                                                  "abc",
                                                  "",
                                                  "1.5",
                                                  " 1",
                                                  "+5000000",
                                                  "0x10",
                                                  "1e9"};
  return Pick(others);
}

std::string CommandGenerator::AbsoluteExpiry() {
  // Far, whether read as seconds or as milliseconds; or past, as both.
  if (Chance(50)) return std::to_string(4'102'444'800'000 + Below(1'000'000'000));
  static const std::vector<std::string> others = {"0",
                                                  "1",
                                                  "1000",
                                                  "1000000000",
                                                  "-1",
                                                  "-9223372036854775808",
                                                  "9223372036854775807",
                                                  "9223372036854775",
                                                  "9223372036854776",
                                                  "9223372036854775808",
                                                  "abc",
                                                  "",
                                                  "1.5",
                                                  "+1",
                                                  " 1"};
  return Pick(others);
}

std::string CommandGenerator::Pattern() {
  return Pick(std::array{"*"s, "a"s, "?"s, "{t}*"s, "*t*"s, "[a-c]*"s, "[^a]*"s, "\\a"s, "k*"s,
                         "nosuch*"s, ""s, "[a"s, "bin\0*"s, "*k"s, "{}?"s, "**"s});
}

std::string CommandGenerator::Database() {
  if (Chance(70)) return Pick(std::array{"0", "1", "9"});
  return Pick(std::array{"15", "16", "-1", "abc", "", "1.0", "01", "9223372036854775808"});
}

std::string CommandGenerator::ClientName() {
  if (Chance(60)) return fmt::format("name-{}", Below(10));
  return Pick(std::array{"with space"s, ""s, "new\nline"s, "tab\t"s, "\x01"s, "n\0l"s, "~!@#"s,
                         "\xc3\xa9"s});
}

std::string CommandGenerator::AnyCase(std::string_view word) {
  std::string text(word);
  if (!Chance(15)) return text;
  for (char& c : text) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (letter && Chance(50)) c = static_cast<char>(c ^ 0x20);
  }
  return text;
}

}  // namespace tally::test
