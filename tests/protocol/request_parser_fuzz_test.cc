#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/request_parser.h"
#include "tests/protocol/parse_stream.h"

namespace tally::protocol {
namespace {

using namespace std::string_literals;  // NOLINT: literals with NUL in them

ParsedStream ParseCut(std::string_view stream, const std::vector<std::size_t>& cuts) {
  RequestParser parser;
  return ParseInPieces(parser, stream, cuts);
}

const std::string kStream =
    "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$12\r\n*1\r\n$1\r\n\0\r\n\r\r\n\r\n"
    "PING\r\n\r\n*0\r\n*-1\r\n\n  \r\nECHO \"a \\x41\\n\" 'b\\'c' d\n"
    "*1\r\n$0\r\n\r\n*1\rX$4\rXPINGXY*2\r\n$4\r\nINCR\r\n$10\r\n0123456789\r\n"s;

TEST(RequestParserSplitTest, EverySplitGivesTheSameRequests) {
  const ParsedStream whole = ParseWhole(kStream);
  ASSERT_EQ(whole.error, "");
  ASSERT_EQ(whole.used, kStream.size());
  ASSERT_EQ(whole.requests.size(), 6U);
  for (std::size_t first = 0; first <= kStream.size(); ++first) {
    for (std::size_t second = first; second <= kStream.size(); ++second) {
      ASSERT_EQ(ParseCut(kStream, {first, second}), whole) << first << " " << second;
    }
  }
}

TEST(RequestParserSplitTest, ByteForByteGivesTheSameRequests) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i < kStream.size(); ++i) {
    cuts.push_back(i);
  }
  EXPECT_EQ(ParseCut(kStream, cuts), ParseWhole(kStream));
}

TEST(RequestParserSplitTest, EverySplitGivesTheSameError) {
  for (const std::string_view bad : {"*x\r\n", "*1\r\n$-1\r\n", "*1\r\nX\r\n", "ECHO \"a\r\n"}) {
    const std::string stream = "PING\r\n" + std::string(bad) + "PING\r\n";
    const ParsedStream whole = ParseWhole(stream);
    ASSERT_NE(whole.error, "");
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      EXPECT_EQ(ParseCut(stream, {cut}), whole) << bad << cut;
    }
  }
}

// Pieces that requests are made of, so that random streams get far into the parser.
constexpr std::array<std::string_view, 38> kPieces = {
    "*1\r\n",     "*2\r\n",  "*3\r\n",    "*0\r\n",
    "*-1\r\n",    "$4\r\n",  "$1\r\n",    "$0\r\n",
    "$3\r\n",     "PING",    "GET",       "\r\n",
    "\n",         "\r",      "a",         " ",
    "\"",         "'",       "\\",        "\\x41",
    "\\\"",       "\\'",     "*",         "$",
    "-",          "+",       "0",         "1",
    "9999999",    "\t",      "\v",        "*1\r\n$4\r\nPING\r\n",
    "PING\r\n",   "$10\r\n", "536870913", "*11\r\n",
    "$20000\r\n", "\xff\x80"};

std::string RandomStream(std::mt19937_64& random) {
  std::string stream;
  const std::size_t pieces = 1 + random() % 24;
  for (std::size_t i = 0; i < pieces; ++i) {
    if (random() % 8 == 0) {
      stream += static_cast<char>(random() % 256);
    } else {
      stream += kPieces[random() % kPieces.size()];
    }
  }
  return stream;
}

TEST(RequestParserFuzzTest, GarbageNeverCrashesAndNeverDependsOnHowItIsCut) {
  constexpr std::uint64_t kSeed = 20240607;
  constexpr int kRounds = 30000;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    const std::string stream = RandomStream(random);
    const bool authenticated = random() % 2 == 0;
    std::vector<std::size_t> cuts;
    for (std::size_t i = random() % 6; i > 0; --i) {
      cuts.push_back(random() % (stream.size() + 1));
    }
    std::sort(cuts.begin(), cuts.end());

    RequestParser whole_parser;
    whole_parser.set_authenticated(authenticated);
    const ParsedStream whole = ParseInPieces(whole_parser, stream, {});
    RequestParser cut_parser;
    cut_parser.set_authenticated(authenticated);
    ASSERT_EQ(ParseInPieces(cut_parser, stream, cuts), whole) << "round " << round;
    ASSERT_EQ(whole.error.find_first_of("\r\n\0"s), std::string::npos) << "round " << round;
  }
}

}  // namespace
}  // namespace tally::protocol
