#include "protocol/request_parser.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/protocol/parse_stream.h"

namespace tally::protocol {
namespace {

using namespace std::string_literals;  // NOLINT: literals with NUL in them
using Requests = std::vector<std::vector<std::string>>;
using Result = RequestParser::Result;

std::string ErrorOf(std::string_view stream) { return ParseWhole(stream).error; }

// The requests of a stream that must be used up without an error.
Requests RequestsOf(std::string_view stream) {
  ParsedStream parsed = ParseWhole(stream);
  EXPECT_EQ(parsed.error, "") << stream.substr(0, 80);
  EXPECT_EQ(parsed.used, stream.size()) << stream.substr(0, 80);
  return parsed.requests;
}

bool IsIncomplete(std::string_view stream) {
  const ParsedStream parsed = ParseWhole(stream);
  return parsed.error.empty() && parsed.used < stream.size();
}

TEST(RequestParserTest, ReadsPipelinedRequestsOfBothForms) {
  EXPECT_EQ(RequestsOf("*2\r\n$4\r\nINCR\r\n$1\r\nA\r\nPING\r\n*1\r\n$4\r\nPING\r\nGET A\n"),
            (Requests{{"INCR", "A"}, {"PING"}, {"PING"}, {"GET", "A"}}));
}

TEST(RequestParserTest, BulksAreBinarySafe) {
  EXPECT_EQ(RequestsOf("*3\r\n$3\r\nSET\r\n$4\r\n\r\n\0*\r\n$5\r\n$1\r\n\xff\r\n"s),
            (Requests{{"SET", "\r\n\0*"s, "$1\r\n\xff"}}));
  EXPECT_EQ(RequestsOf("*1\r\n$0\r\n\r\n"), (Requests{{""}}));
}

TEST(RequestParserTest, EmptyRequestsAreSkippedWithoutAReply) {
  for (const std::string_view empty :
       {"\r\n", "\n", "  \t \r\n", "\r\r\n", "*0\r\n", "*-1\r\n", "*-5\r\n", "*-2147483649\r\n",
        "*-9223372036854775808\r\n"}) {
    const std::string stream = std::string(empty) + "PING\r\n" + std::string(empty);
    const ParsedStream parsed = ParseWhole(stream);
    EXPECT_EQ(parsed.requests, Requests{{"PING"}}) << empty;
    EXPECT_EQ(parsed.nothings, 2U) << empty;
    EXPECT_EQ(parsed.used, stream.size()) << empty;
  }
}

TEST(RequestParserTest, ArgumentsAreViewsIntoTheGivenBytes) {
  const std::string_view bytes = "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n";
  RequestParser parser;
  ASSERT_EQ(parser.Parse(bytes), Result::kRequest);
  ASSERT_EQ(parser.args().size(), 2U);
  EXPECT_EQ(parser.args()[0].data(), bytes.data() + 8);
  EXPECT_EQ(parser.args()[1].data(), bytes.data() + 17);
  EXPECT_EQ(parser.consumed(), bytes.size());
}

TEST(RequestParserTest, FramingRestsOnLengthsNotOnLineEnds) {
  EXPECT_EQ(RequestsOf("*1\r\n$4\r\nPINGXYPING\r\n"), (Requests{{"PING"}, {"PING"}}));
  EXPECT_EQ(RequestsOf("*1\rX$4\rXPINGXXPING\r\n"), (Requests{{"PING"}, {"PING"}}));
  EXPECT_EQ(RequestsOf("*1\r\n$0\r\nXYPING\r\n"), (Requests{{""}, {"PING"}}));
}

TEST(RequestParserTest, RefusesMalformedArgumentCounts) {
  for (const std::string_view count :
       {"* 1\r\n", "*+1\r\n", "*01\r\n", "*\r\nPING\r\n", "*-0\r\n", "*00\r\n", "*1 \r\n",
        "*1x\r\n", "*99999999999999999999\r\n", "*-99999999999999999999\r\n",
        "*9223372036854775808\r\n", "*1\n$4\r\nPING\r\n", "*0x1\r\n", "*--1\r\n", "*1048577\r\n",
        "*2147483648\r\n"}) {
    EXPECT_EQ(ErrorOf(count), "ERR Protocol error: invalid multibulk length") << count;
  }
  EXPECT_EQ(ErrorOf("*\0\r\n"s), "ERR Protocol error: invalid multibulk length");
  EXPECT_TRUE(IsIncomplete("*1\n$4\nPING\n"));  // No CR yet: still the count.
}

TEST(RequestParserTest, RefusesMalformedBulkLengths) {
  for (const std::string_view length :
       {"$\r\n", "$-1\r\n", "$-0\r\n", "$+4\r\nPING\r\n", "$04\r\nPING\r\n", "$ 4\r\nPING\r\n",
        "$4 \r\nPING\r\n", "$99999999999999999999\r\n", "$9223372036854775807\r\n",
        "$536870913\r\n", "$4\nPING\r\n"}) {
    EXPECT_EQ(ErrorOf("*1\r\n" + std::string(length)), "ERR Protocol error: invalid bulk length")
        << length;
  }
}

TEST(RequestParserTest, NamesTheByteThatStandsInPlaceOfADollar) {
  const auto expected = [](char got) {
    return "ERR Protocol error: expected '$', got '" + std::string(1, got) + "'";
  };
  EXPECT_EQ(ErrorOf("*1\r\nPING\r\n"), expected('P'));
  EXPECT_EQ(ErrorOf("*2\r\n$4\r\nECHO\r\n*1\r\n"), expected('*'));
  EXPECT_EQ(ErrorOf("*1\r\n\xff\r\n"), expected('\xff'));
  // Never raw: these would end the reply's line or hide the rest of it.
  EXPECT_EQ(ErrorOf("*1\r\n\r\n"), expected(' '));
  EXPECT_EQ(ErrorOf("*1\r\n\n\r\n"), expected(' '));
  EXPECT_EQ(ErrorOf("*1\r\n\0\r\n"s), expected(' '));
  // As in Redis the error waits for the line's end.
  EXPECT_TRUE(IsIncomplete("*1\r\nX"));
  EXPECT_TRUE(IsIncomplete("*1\r\nX\r"));
  EXPECT_EQ(ErrorOf("*1\r\nX\rY"), expected('X'));
}

TEST(RequestParserTest, ErrorsAreFinal) {
  RequestParser parser;
  ASSERT_EQ(parser.Parse("*x\r\n"), Result::kError);
  EXPECT_EQ(parser.Parse("PING\r\n"), Result::kError);
  EXPECT_EQ(parser.Parse(""), Result::kError);
  EXPECT_EQ(parser.error(), "ERR Protocol error: invalid multibulk length");
}

TEST(RequestParserTest, ArgumentCountIsLimited) {
  EXPECT_TRUE(IsIncomplete("*1048576\r\n"));
  EXPECT_EQ(ErrorOf("*1048577\r\n"), "ERR Protocol error: invalid multibulk length");
}

TEST(RequestParserTest, ReadsARequestOfTheMostArguments) {
  std::string stream = "*1048576\r\n";
  for (std::int64_t i = 0; i < RequestParser::kMaxArguments; ++i) {
    stream += "$1\r\nx\r\n";
  }
  RequestParser parser;
  // In small pieces: this takes minutes if each call starts over.
  for (std::size_t size = 0; size < stream.size(); size += 997) {
    ASSERT_EQ(parser.Parse(std::string_view(stream).substr(0, size)), Result::kIncomplete);
  }
  ASSERT_EQ(parser.Parse(stream), Result::kRequest);
  EXPECT_EQ(parser.args().size(), 1048576U);
  EXPECT_EQ(parser.args().back(), "x");
  EXPECT_EQ(parser.consumed(), stream.size());
  EXPECT_EQ(parser.Parse("PING\r\n"), Result::kRequest);
}

TEST(RequestParserTest, BulkLengthIsLimited) {
  EXPECT_TRUE(IsIncomplete("*1\r\n$536870912\r\n"));
  EXPECT_EQ(ErrorOf("*1\r\n$536870913\r\n"), "ERR Protocol error: invalid bulk length");

  RequestParser parser;
  parser.set_max_bulk_bytes(5);
  EXPECT_EQ(parser.Parse("*1\r\n$5\r\nhello\r\n"), Result::kRequest);
  EXPECT_EQ(parser.Parse("*1\r\n$6\r\n"), Result::kError);
  EXPECT_EQ(parser.error(), "ERR Protocol error: invalid bulk length");
}

TEST(RequestParserTest, StrangersSendOnlySmallRequests) {
  const auto parse = [](std::string_view stream) {
    RequestParser parser;
    parser.set_authenticated(false);
    const Result result = parser.Parse(stream);
    return result == Result::kError ? std::string(parser.error()) : "fine";
  };
  EXPECT_EQ(parse("*10\r\n"), "fine");
  EXPECT_EQ(parse("*11\r\n"), "ERR Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(parse("*1048577\r\n"), "ERR Protocol error: invalid multibulk length");
  EXPECT_EQ(parse("*1\r\n$16384\r\n"), "fine");
  EXPECT_EQ(parse("*1\r\n$16385\r\n"), "ERR Protocol error: unauthenticated bulk length");
  EXPECT_EQ(parse("*1\r\n$536870913\r\n"), "ERR Protocol error: invalid bulk length");
}

TEST(RequestParserTest, WholeRequestsMeetTheSameLimitsAsIncompleteOnes) {
  const auto parse = [](std::string_view stream) {
    RequestParser parser;
    parser.set_authenticated(false);
    parser.set_max_bulk_bytes(20000);
    const Result result = parser.Parse(stream);
    return result == Result::kError ? std::string(parser.error()) : "fine";
  };
  const auto request = [](std::size_t arguments, std::size_t bulk_bytes) {
    std::string stream = "*" + std::to_string(arguments) + "\r\n";
    for (; arguments > 0; --arguments) {
      stream += "$" + std::to_string(bulk_bytes) + "\r\n" + std::string(bulk_bytes, 'x') + "\r\n";
    }
    return stream;
  };
  EXPECT_EQ(parse(request(10, 16384)), "fine");
  EXPECT_EQ(parse(request(11, 1)), "ERR Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(parse(request(1, 16385)), "ERR Protocol error: unauthenticated bulk length");
  EXPECT_EQ(parse(request(1, 20001)), "ERR Protocol error: invalid bulk length");
}

TEST(RequestParserTest, LoginLiftsTheLimitsBetweenPipelinedRequests) {
  const std::string_view bytes = "*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n*11\r\n";
  RequestParser parser;
  parser.set_authenticated(false);
  ASSERT_EQ(parser.Parse(bytes), Result::kRequest);
  parser.set_authenticated(true);
  EXPECT_EQ(parser.Parse(bytes.substr(parser.consumed())), Result::kIncomplete);
}

TEST(RequestParserTest, LinesAreLimited) {
  constexpr std::size_t kMax = RequestParser::kMaxInlineBytes;
  struct Case {
    std::string before;  // Up to the line.
    std::string start;   // First byte of the line, the others are 1.
    std::string error;
  };
  for (const Case& c : {Case{"", "x", "ERR Protocol error: too big inline request"},
                        Case{"", "*", "ERR Protocol error: too big mbulk count string"},
                        Case{"*1\r\n", "$", "ERR Protocol error: too big bulk count string"},
                        Case{"*1\r\n", "x", "ERR Protocol error: too big bulk count string"}}) {
    const std::string longest = c.before + c.start + std::string(kMax - 1, '1');
    EXPECT_TRUE(IsIncomplete(longest)) << c.error;
    EXPECT_EQ(ErrorOf(longest + "1"), c.error);
    // The same however it arrives: with the line's end, or more, in the same read.
    EXPECT_NE(ErrorOf(longest + (c.before.empty() && c.start == "x" ? "\n" : "\r\n")), c.error);
    EXPECT_EQ(ErrorOf(longest + "11\r\n"), c.error);
    EXPECT_EQ(ErrorOf(longest + std::string(kMax, '1') + "\r\nPING\r\n"), c.error);
  }
  EXPECT_EQ(RequestsOf(std::string(kMax, 'x') + "\n"), (Requests{{std::string(kMax, 'x')}}));
}

TEST(RequestParserTest, SaysHowMuchOfABulkIsMissing) {
  RequestParser parser;
  EXPECT_EQ(parser.Parse(""), Result::kIncomplete);
  EXPECT_EQ(parser.wanted_bytes(), 1U);
  EXPECT_EQ(parser.Parse("*1\r\n$10"), Result::kIncomplete);
  EXPECT_EQ(parser.wanted_bytes(), 1U);
  EXPECT_EQ(parser.Parse("*1\r\n$100000\r\nabc"), Result::kIncomplete);
  EXPECT_EQ(parser.wanted_bytes(), 99999U);
}

TEST(RequestParserTest, InlineRequestsEndAtALineFeed) {
  EXPECT_EQ(RequestsOf("PING\n"), Requests{{"PING"}});
  EXPECT_EQ(RequestsOf("PING\r\r\n"), Requests{{"PING"}});
  EXPECT_EQ(RequestsOf(" *1\r\n$4\r\n"), (Requests{{"*1"}, {"$4"}}));
  EXPECT_TRUE(IsIncomplete("PING\r"));
  EXPECT_EQ(ErrorOf("ECHO 'a\nb'\r\n"), "ERR Protocol error: unbalanced quotes in request");
}

TEST(RequestParserTest, QuotedInlineArgumentsLiveUntilTheNextParse) {
  RequestParser parser;
  {
    std::string bytes = "ECHO \"a\\x00b\" 'c d' e\"f g\"\r\n";
    ASSERT_EQ(parser.Parse(bytes), Result::kRequest);
    const std::vector<std::string> args(parser.args().begin(), parser.args().end());
    EXPECT_EQ(args, (std::vector<std::string>{"ECHO", "a\0b"s, "c d", "ef g"}));
  }
  ASSERT_EQ(parser.Parse("PING\r\n"), Result::kRequest);
  EXPECT_EQ(parser.args().size(), 1U);
}

TEST(RequestParserDeathTest, ShorterBytesThanBeforeAreABug) {
  RequestParser parser;
  ASSERT_EQ(parser.Parse("*1\r\n$4\r\nPI"), Result::kIncomplete);
  EXPECT_DEATH((void)parser.Parse("*1\r\n"), "goes on with the bytes");
}

}  // namespace
}  // namespace tally::protocol
