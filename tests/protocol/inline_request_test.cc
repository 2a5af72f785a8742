#include "protocol/inline_request.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace tally::protocol {
namespace {

using namespace std::string_literals;  // NOLINT: literals with NUL in them
using Args = std::vector<std::string>;

// The arguments of a line, or nothing when its quotes do not match.
std::optional<Args> Split(std::string_view line) {
  std::string decoded;
  std::vector<std::string_view> args;
  if (!SplitInlineRequest(line, &decoded, &args)) {
    return std::nullopt;
  }
  return Args(args.begin(), args.end());
}

TEST(InlineRequestTest, WhiteSpaceSeparates) {
  EXPECT_EQ(Split(""), Args{});
  EXPECT_EQ(Split(" \t\v\f\r "), Args{});
  EXPECT_EQ(Split("  a  b\tc\rd "), (Args{"a", "b", "c", "d"}));
}

TEST(InlineRequestTest, VerticalTabAndFormFeedSeparateOnlyBetweenArguments) {
  EXPECT_EQ(Split("a\vb\fc"), Args{"a\vb\fc"});
  EXPECT_EQ(Split("\va \fb"), (Args{"a", "b"}));
  EXPECT_EQ(Split("\"a\"\vb"), (Args{"a", "b"}));
}

TEST(InlineRequestTest, DoubleQuotesKnowEscapes) {
  EXPECT_EQ(Split(R"("a b" "\x41\n\r\t\b\a\q\"\\")"), (Args{"a b", "A\n\r\t\b\aq\"\\"}));
  EXPECT_EQ(Split(R"("\x00z\xfF")"), Args{"\0z\xff"s});
  EXPECT_EQ(Split(R"("\x4" "\xZZ" "\x")"), (Args{"x4", "xZZ", "x"}));
}

TEST(InlineRequestTest, SingleQuotesKnowOnlyTheirOwnEscape) {
  EXPECT_EQ(Split(R"('\x41\n\"' 'a\'b')"), (Args{R"(\x41\n\")", "a'b"}));
  EXPECT_EQ(Split(R"('a\\')"), std::nullopt);  // The second backslash escapes the quote.
}

TEST(InlineRequestTest, QuotesMayOpenWithinAnArgumentAndMustEndIt) {
  EXPECT_EQ(Split(R"(a"b c"  d'e f')"), (Args{"ab c", "de f"}));
  EXPECT_EQ(Split(R"("" '')"), (Args{"", ""}));
  for (const std::string_view line :
       {R"("a"b)", R"('a'b)", R"("a""b")", R"(""a)", R"("a'b)", R"(')", R"(")", R"("a\")", R"("a\)",
        R"('a\)", R"(a"b)", R"(a\"b)", R"("\x1)", R"("\xf)", R"("\x)"}) {
    EXPECT_EQ(Split(line), std::nullopt) << line;
  }
}

TEST(InlineRequestTest, BackslashOutsideQuotesIsAByteLikeOthers) {
  EXPECT_EQ(Split(R"(a\x41b \n)"), (Args{R"(a\x41b)", R"(\n)"}));
}

TEST(InlineRequestTest, OtherBytesAreTakenAsTheyAre) {
  EXPECT_EQ(Split("a\0b \xff\xa0\x85 '\0'"s), (Args{"a\0b"s, "\xff\xa0\x85", "\0"s}));
}

TEST(InlineRequestTest, ArgumentsWithoutQuotesAreNotCopied) {
  const std::string_view line = "GET key";
  std::string decoded;
  std::vector<std::string_view> args;
  ASSERT_TRUE(SplitInlineRequest(line, &decoded, &args));
  EXPECT_EQ(args[1].data(), line.data() + 4);
  EXPECT_EQ(decoded, "");
}

}  // namespace
}  // namespace tally::protocol
