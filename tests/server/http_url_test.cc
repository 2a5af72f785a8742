#include "server/http_url.h"

#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

std::string PathOf(std::string_view target) {
  const std::optional<HttpUrl> url = ParseHttpTarget(target);
  return url ? url->path : "refused";
}

// `new URL("http://h" + target).pathname` of a browser gave these.
TEST(HttpUrlTest, PathsAreNormalisedAsInABrowser) {
  EXPECT_EQ(PathOf("/"), "/");
  EXPECT_EQ(PathOf("/increment"), "/increment");
  EXPECT_EQ(PathOf("/increment/"), "/increment/");
  EXPECT_EQ(PathOf("//increment"), "//increment");
  EXPECT_EQ(PathOf("/%69ncrement"), "/%69ncrement");
  EXPECT_EQ(PathOf("/x/../increment"), "/increment");
  EXPECT_EQ(PathOf("/x/%2e%2E/increment"), "/increment");
  EXPECT_EQ(PathOf("/x/.%2e/increment"), "/increment");
  EXPECT_EQ(PathOf("/./increment"), "/increment");
  EXPECT_EQ(PathOf("/%2e/increment"), "/increment");
  EXPECT_EQ(PathOf("/../../increment"), "/increment");
  EXPECT_EQ(PathOf("/increment/."), "/increment/");
  EXPECT_EQ(PathOf("/increment/.."), "/");
  EXPECT_EQ(PathOf("/a/b/.."), "/a/");
  EXPECT_EQ(PathOf("/.."), "/");
  EXPECT_EQ(PathOf("/x\\..\\increment"), "/increment");
  EXPECT_EQ(PathOf("/..."), "/...");
  EXPECT_EQ(PathOf("/.%2ex"), "/.%2ex");
  EXPECT_EQ(PathOf("/x//../increment"), "/x/increment");
  EXPECT_EQ(PathOf("/increment#?name=A"), "/increment");
}

TEST(HttpUrlTest, AnAbsoluteTargetHasItsAuthority) {
  const std::optional<HttpUrl> url = ParseHttpTarget("HTTP://u:p@h.example:81/increment?name=A");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->authority, "h.example:81");
  EXPECT_EQ(url->path, "/increment");
  EXPECT_EQ(url->query, "name=A");
  EXPECT_EQ(PathOf("http://h"), "/");
  EXPECT_EQ(PathOf("http://h?name=A"), "/");
}

TEST(HttpUrlTest, OtherTargetsAreRefused) {
  for (const char* target : {"", "*", "increment", "h:80", "ftp://h/", "http:///", "?name=A"}) {
    EXPECT_EQ(PathOf(target), "refused") << target;
  }
}

std::string NameIn(std::string_view target) {
  const std::optional<HttpUrl> url = ParseHttpTarget(target);
  return url ? FirstFormField(url->query, "name").value_or("none") : "refused";
}

TEST(HttpUrlTest, TheNameIsAFormField) {
  EXPECT_EQ(NameIn("/?name=A"), "A");
  EXPECT_EQ(NameIn("/"), "none");
  EXPECT_EQ(NameIn("/?"), "none");
  EXPECT_EQ(NameIn("/?name"), "");
  EXPECT_EQ(NameIn("/?name="), "");
  EXPECT_EQ(NameIn("/?name=&name=B"), "");
  EXPECT_EQ(NameIn("/?name=A&name=B"), "A");
  EXPECT_EQ(NameIn("/?&&x=1&name=A"), "A");
  EXPECT_EQ(NameIn("/?Name=A"), "none");
  EXPECT_EQ(NameIn("/?n%61me=A"), "A");
  EXPECT_EQ(NameIn("/?name=a=b?c"), "a=b?c");
  EXPECT_EQ(NameIn("/?name=a%20b"), "a b");
  EXPECT_EQ(NameIn("/?name=a+b"), "a b");
  EXPECT_EQ(NameIn("/?name=a%2Bb"), "a+b");
  EXPECT_EQ(NameIn("/?name=A#name=B"), "A");
  EXPECT_EQ(NameIn("/?name=%26"), "&");
  EXPECT_EQ(NameIn("/?name=100%"), "100%");
  EXPECT_EQ(NameIn("/?name=%zz%4"), "%zz%4");
  EXPECT_EQ(NameIn("/?name=%00"), std::string(1, '\0'));
  EXPECT_EQ(NameIn("/?name=%EF%BB%BFx"), "\xEF\xBB\xBFx");
}

// Vectors of the Encoding standard's decoder: one U+FFFD for each maximal part.
TEST(HttpUrlTest, WhatIsNotUtf8IsReplaced) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(NameIn("/?name=%ff"), bad);
  EXPECT_EQ(NameIn("/?name=\xff"), bad);
  EXPECT_EQ(NameIn("/?name=%c3%a9"), "\xc3\xa9");
  EXPECT_EQ(NameIn("/?name=\xc3\xa9"), "\xc3\xa9");
  EXPECT_EQ(NameIn("/?name=%f0%9f%98%80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(NameIn("/?name=%e2%82x"), bad + "x");
  EXPECT_EQ(NameIn("/?name=%e2%82"), bad);
  EXPECT_EQ(NameIn("/?name=%f0%80%80"), bad + bad + bad);
  EXPECT_EQ(NameIn("/?name=%c0%af"), bad + bad);
  EXPECT_EQ(NameIn("/?name=%ed%a0%80"), bad + bad + bad);
  EXPECT_EQ(NameIn("/?name=%f4%90%80%80"), bad + bad + bad + bad);
  EXPECT_EQ(NameIn("/?name=%80"), bad);
  EXPECT_EQ(NameIn("/?name=\xc3%a9"), bad + bad);  // a raw byte and an encoded one
}

}  // namespace
}  // namespace tally::server
