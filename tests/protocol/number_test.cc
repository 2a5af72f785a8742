#include "protocol/number.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

// The expected values and texts were taken from redis-server 7.0.15.
namespace tally::protocol {
namespace {

using namespace std::string_literals;  // NOLINT: literals with NUL in them

TEST(ParseInt64Test, ReadsCanonicalIntegers) {
  EXPECT_EQ(ParseInt64("0"), 0);
  EXPECT_EQ(ParseInt64("-1"), -1);
  EXPECT_EQ(ParseInt64("10"), 10);
  EXPECT_EQ(ParseInt64("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(ParseInt64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
}

TEST(ParseInt64Test, RefusesEverythingElse) {
  for (const std::string& text :
       {""s, "-"s, "+1"s, "01"s, "00"s, "-0"s, "-01"s, " 1"s, "1 "s, "1\0"s, "1x"s, "0x1"s, "1.0"s,
        "--1"s, "9223372036854775808"s, "-9223372036854775809"s, "99999999999999999999"s,
        "-99999999999999999999"s, "123456789012345678901234567890"s}) {
    EXPECT_EQ(ParseInt64(text), std::nullopt) << text;
  }
}

TEST(ParseInt64Test, ReadsWhatAppendIntegerWrites) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 10000; ++i) {
    const auto value = static_cast<std::int64_t>(random() >> (random() % 64));
    for (const std::int64_t signed_value : {value, -value}) {
      std::string text;
      AppendInteger(&text, signed_value);
      ASSERT_EQ(text, std::to_string(signed_value));
      ASSERT_EQ(ParseInt64(text), signed_value);
    }
  }
}

TEST(AppendIntegerTest, AppendsTheEnds) {
  std::string text = "n=";
  AppendInteger(&text, std::numeric_limits<std::int64_t>::min());
  AppendUnsigned(&text, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(text, "n=-922337203685477580818446744073709551615");
}

TEST(ParseFloatTest, ReadsWhatRedisReads) {
  EXPECT_EQ(ParseLongDouble("0x10"), 16.0L);
  EXPECT_EQ(ParseLongDouble("0x1p3"), 8.0L);
  EXPECT_EQ(ParseLongDouble("+5"), 5.0L);
  EXPECT_EQ(ParseLongDouble("00001"), 1.0L);
  EXPECT_EQ(ParseLongDouble("1."), 1.0L);
  EXPECT_EQ(ParseLongDouble(".5"), 0.5L);
  EXPECT_EQ(ParseLongDouble("1e+3"), 1000.0L);
  EXPECT_EQ(ParseLongDouble("-inf"), -std::numeric_limits<long double>::infinity());
  EXPECT_EQ(ParseLongDouble("Infinity"), std::numeric_limits<long double>::infinity());
  EXPECT_TRUE(ParseLongDouble("1e-4950").has_value());  // Denormal.
  EXPECT_EQ(ParseDouble("0x1p2"), 4.0);
  EXPECT_EQ(ParseDouble("inf"), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(ParseDouble("1e-320").has_value());
}

TEST(ParseFloatTest, RefusesWhatRedisRefuses) {
  for (const std::string& text :
       {""s,    " 1"s,  "1 "s,   "\t1"s,    "1\0"s,     "1e"s,     "."s,  "0b1"s,
        "1_0"s, "nan"s, "-nan"s, "nan(1)"s, "1L"s,      "1f"s,     "0x"s, "+ 1"s,
        "--1"s, "abc"s, "1,5"s,  "1e5000"s, "-1e5000"s, "1e-4960"s}) {
    EXPECT_EQ(ParseLongDouble(text), std::nullopt) << text;
    EXPECT_EQ(ParseDouble(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseDouble("1e400"), std::nullopt);
  EXPECT_EQ(ParseDouble("1e-400"), std::nullopt);
}

TEST(ParseFloatTest, LengthIsLimited) {
  EXPECT_EQ(ParseLongDouble(std::string(kMaxLongDoubleChars - 1, '0') + "1"), 1.0L);
  EXPECT_EQ(ParseLongDouble(std::string(kMaxLongDoubleChars, '0') + "1"), std::nullopt);
}

TEST(FormatLongDoubleHumanTest, WritesSeventeenDigitsAfterThePointWithoutTrailingZeros) {
  EXPECT_EQ(FormatLongDoubleHuman(3), "3");
  EXPECT_EQ(FormatLongDoubleHuman(100), "100");
  EXPECT_EQ(FormatLongDoubleHuman(0.1L), "0.1");
  EXPECT_EQ(FormatLongDoubleHuman(0.5L), "0.5");
  EXPECT_EQ(FormatLongDoubleHuman(-0.25L), "-0.25");
  EXPECT_EQ(FormatLongDoubleHuman(0.1L + 0.2L), "0.3");
  EXPECT_EQ(FormatLongDoubleHuman(5e-17L), "0.00000000000000005");
  EXPECT_EQ(FormatLongDoubleHuman(9e-18L), "0.00000000000000001");
  EXPECT_EQ(FormatLongDoubleHuman(1e20L), "100000000000000000000");
  EXPECT_EQ(FormatLongDoubleHuman(123456789012345678901.0L), "123456789012345678904");
}

TEST(FormatLongDoubleHumanTest, WritesZeroWithoutSign) {
  EXPECT_EQ(FormatLongDoubleHuman(0), "0");
  EXPECT_EQ(FormatLongDoubleHuman(-0.0L), "0");
  EXPECT_EQ(FormatLongDoubleHuman(4e-18L), "0");
  EXPECT_EQ(FormatLongDoubleHuman(-1e-30L), "0");
}

TEST(FormatLongDoubleHumanTest, WritesTheLargest) {
  const std::string text = FormatLongDoubleHuman(-std::numeric_limits<long double>::max());
  EXPECT_EQ(text.size(), 4934U);
  EXPECT_EQ(text.substr(0, 5), "-1189");
}

TEST(FormatLongDoubleHumanDeathTest, InfinityIsTheCallersToRefuse) {
  EXPECT_DEATH((void)FormatLongDoubleHuman(INFINITY), "infinity");
}

TEST(FormatDoubleTest, WritesSeventeenDigits) {
  std::array<char, kMaxDoubleChars> buffer;
  EXPECT_EQ(FormatDouble(0, buffer), "0");
  EXPECT_EQ(FormatDouble(1234567, buffer), "1234567");
  EXPECT_EQ(FormatDouble(0.1, buffer), "0.10000000000000001");
  EXPECT_EQ(FormatDouble(1e-5, buffer), "1.0000000000000001e-05");
  EXPECT_EQ(FormatDouble(1e16, buffer), "10000000000000000");
  EXPECT_EQ(FormatDouble(1e17, buffer), "1e+17");
  EXPECT_EQ(FormatDouble(123456789012345678.0, buffer), "1.2345678901234568e+17");
  EXPECT_EQ(FormatDouble(5e-324, buffer), "4.9406564584124654e-324");
  EXPECT_EQ(FormatDouble(-1.7976931348623157e308, buffer), "-1.7976931348623157e+308");
}

}  // namespace
}  // namespace tally::protocol
