#include "server/glob.h"

#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

bool Matches(std::string_view pattern, std::string_view text) {
  return GlobMatch(pattern, text, false);
}

TEST(GlobTest, PlainTextMatchesItself) {
  EXPECT_TRUE(Matches("abc", "abc"));
  EXPECT_FALSE(Matches("abc", "ab"));
  EXPECT_FALSE(Matches("ab", "abc"));
  EXPECT_FALSE(Matches("abc", "aBc"));
  EXPECT_TRUE(Matches("", ""));
  EXPECT_FALSE(Matches("", "a"));
}

TEST(GlobTest, StarMatchesAnyRun) {
  EXPECT_TRUE(Matches("*", "anything"));
  EXPECT_TRUE(Matches("a*", "a"));
  EXPECT_TRUE(Matches("a**", "abc"));
  EXPECT_TRUE(Matches("*c", "abc"));
  EXPECT_TRUE(Matches("a*b*c", "a12b34c"));
  EXPECT_TRUE(Matches("*ab", "aab"));
  EXPECT_TRUE(Matches("*a*a*", "xaxax"));
  EXPECT_FALSE(Matches("*a*a*", "xax"));
  EXPECT_FALSE(Matches("a*b", "abc"));
}

TEST(GlobTest, NothingButTheEmptyPatternMatchesNothing) {
  EXPECT_FALSE(Matches("*", ""));
  EXPECT_FALSE(Matches("?", ""));
  EXPECT_FALSE(Matches("[]", ""));
}

TEST(GlobTest, QuestionMarkMatchesOneByte) {
  EXPECT_TRUE(Matches("h?llo", "hello"));
  EXPECT_FALSE(Matches("h?llo", "hllo"));
  EXPECT_TRUE(Matches("???", std::string_view("\0\xff\n", 3)));
  EXPECT_TRUE(Matches("*?", "a"));
  EXPECT_FALSE(Matches("??*", "a"));
}

TEST(GlobTest, SetsMatchOneOfTheirBytes) {
  EXPECT_TRUE(Matches("h[ae]llo", "hallo"));
  EXPECT_FALSE(Matches("h[ae]llo", "hillo"));
  EXPECT_TRUE(Matches("h[^e]llo", "hallo"));
  EXPECT_FALSE(Matches("h[^e]llo", "hello"));
  EXPECT_TRUE(Matches("[a-c]", "b"));
  EXPECT_TRUE(Matches("[c-a]", "b"));
  EXPECT_FALSE(Matches("[a-c]", "d"));
  EXPECT_TRUE(Matches("[a\\-c]", "-"));
  EXPECT_TRUE(Matches("[\\]]", "]"));
  EXPECT_TRUE(Matches("*[0-9]x", "a1b2x"));
}

TEST(GlobTest, OddSets) {
  EXPECT_FALSE(Matches("[]", "a")) << "an empty set has no members";
  EXPECT_TRUE(Matches("[^]", "a"));
  EXPECT_TRUE(Matches("[ab", "b")) << "an unclosed set reaches to the end";
  EXPECT_FALSE(Matches("[ab", "bc"));
  EXPECT_FALSE(Matches("[", "["));
  EXPECT_TRUE(Matches("[^", "["));
  EXPECT_TRUE(Matches("[a-]", "]")) << "']' can end a range, and then closes nothing";
  EXPECT_TRUE(Matches("[\\", "\\"));
  EXPECT_TRUE(Matches("[-]", "-"));
}

TEST(GlobTest, BackslashTakesTheNextByteAsItIs) {
  EXPECT_TRUE(Matches("\\*", "*"));
  EXPECT_FALSE(Matches("\\*", "a"));
  EXPECT_TRUE(Matches("a\\?c", "a?c"));
  EXPECT_TRUE(Matches("a\\", "a\\"));
  EXPECT_TRUE(Matches("\\a", "a"));
}

TEST(GlobTest, CaseCanBeIgnored) {
  EXPECT_TRUE(GlobMatch("MAX*", "maxmemory", true));
  EXPECT_TRUE(GlobMatch("[A-C]x", "bX", true));
  EXPECT_FALSE(GlobMatch("[A-C]x", "dX", true));
  EXPECT_FALSE(GlobMatch("[\\A]", "a", true)) << "an escaped byte in a set is exact";
}

// 60 stars against 5,000 letters would take longer than the universe with backtracking at each star.
TEST(GlobTest, HostilePatternsTakeNoLonger) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "a*";
  const std::string text(5000, 'a');
  EXPECT_FALSE(Matches(pattern + "b", text));
  EXPECT_TRUE(Matches(pattern, text));
  EXPECT_FALSE(Matches("*" + std::string(2000, '?') + "b", text));
}

}  // namespace
}  // namespace tally::server
