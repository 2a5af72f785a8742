#include "server/command_syntax.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

// The tree in a line: "name:type" with what else there is behind it.
std::string Show(const std::vector<SyntaxArgument>& arguments) {
  std::string shown;
  for (const SyntaxArgument& argument : arguments) {
    if (!shown.empty()) shown += ' ';
    shown += argument.name + ':' + std::string(TypeName(argument.type));
    if (!argument.token.empty()) shown += " token=" + std::string(argument.token);
    if (!argument.since.empty()) shown += " since=" + std::string(argument.since);
    if (!argument.deprecated_since.empty()) {
      shown += " until=" + std::string(argument.deprecated_since);
    }
    if (argument.optional) shown += " optional";
    if (argument.multiple) shown += " multiple";
    if (argument.multiple_token) shown += " multiple_token";
    if (!argument.arguments.empty()) shown += '(' + Show(argument.arguments) + ')';
  }
  return shown;
}

std::string Parse(std::string_view syntax) {
  const auto arguments = ParseSyntax(syntax);
  return arguments ? Show(*arguments) : "malformed";
}

TEST(CommandSyntaxTest, NothingIsNoArguments) { EXPECT_EQ(Parse(""), ""); }

TEST(CommandSyntaxTest, ValuesHaveTypes) {
  EXPECT_EQ(Parse("key value increment:integer"), "key:key value:string increment:integer");
  EXPECT_EQ(Parse("a:double b:key c:pattern d:unix-time e:string"),
            "a:double b:key c:pattern d:unix-time e:string");
  EXPECT_EQ(Parse("ip:port yes/no integer"), "ip:port:string yes/no:string integer:string");
}

TEST(CommandSyntaxTest, WordsStandAloneOrBeforeWhatFollows) {
  EXPECT_EQ(Parse("SAVE"), "save:pure-token token=SAVE");
  EXPECT_EQ(Parse("EX seconds:integer"), "seconds:integer token=EX");
  EXPECT_EQ(Parse("NOW FORCE"), "now:pure-token token=NOW force:pure-token token=FORCE");
  EXPECT_EQ(Parse("TYPE <NORMAL|PUBSUB>"),
            "normal:oneof token=TYPE(normal:pure-token token=NORMAL "
            "pubsub:pure-token token=PUBSUB)");
  EXPECT_EQ(Parse("NOW [FORCE]"), "now:pure-token token=NOW force:pure-token token=FORCE optional");
}

TEST(CommandSyntaxTest, BracketsMakeOptionalOneOfAndBlock) {
  EXPECT_EQ(Parse("[GET]"), "get:pure-token token=GET optional");
  EXPECT_EQ(Parse("[a|b]"), "a:oneof optional(a:string b:string)");
  EXPECT_EQ(Parse("[a b]"), "a:block optional(a:string b:string)");
  EXPECT_EQ(Parse("<a|b c>"), "a:oneof(a:string b:block(b:string c:string))");
  EXPECT_EQ(Parse("{key value}"), "key:block(key:key value:string)");
  EXPECT_EQ(Parse("[ID {id=client-id:integer...}]"),
            "id:block token=ID optional(client-id:integer multiple)");
}

TEST(CommandSyntaxTest, BracketsMayHaveNames) {
  EXPECT_EQ(Parse("[condition=NX|XX]"),
            "condition:oneof optional(nx:pure-token token=NX xx:pure-token token=XX)");
  EXPECT_EQ(Parse("{key_value=key value}..."), "key_value:block multiple(key:key value:string)");
  EXPECT_EQ(Parse("[async=LATER]"), "async:pure-token token=LATER optional");
  EXPECT_EQ(Parse("[AUTH {both=user password}]"),
            "both:block token=AUTH optional(user:string password:string)");
}

TEST(CommandSyntaxTest, AWordIsRepeatedWithItsBracket) {
  EXPECT_EQ(Parse("[GET name]..."), "name:string token=GET optional multiple multiple_token");
  EXPECT_EQ(Parse("[GET name...]"), "name:string token=GET optional multiple");
}

TEST(CommandSyntaxTest, SuffixesSayHowOftenAndSinceWhen) {
  EXPECT_EQ(Parse("key..."), "key:key multiple");
  EXPECT_EQ(Parse("[name...]"), "name:string optional multiple");
  EXPECT_EQ(Parse("[name]..."), "name:string optional multiple");
  EXPECT_EQ(Parse("[GET]@6.2.0 x@1.0.0... y!2.8.12"),
            "get:pure-token token=GET since=6.2.0 optional x:string since=1.0.0 multiple "
            "y:string until=2.8.12");
  EXPECT_EQ(Parse("[EX seconds:integer@2.6.12|KEEPTTL@6.0.0]"),
            "seconds:oneof optional(seconds:integer token=EX since=2.6.12 "
            "keepttl:pure-token token=KEEPTTL since=6.0.0)");
}

TEST(CommandSyntaxTest, WhatIsNoSyntaxIsSaidToBeMalformed) {
  for (const char* syntax :
       {" ",   "a ",   " a", "a  b", "a|b", "[a",  "a]",  "[a>",  "<a}",      "{a|b}", "[]",
        "<|>", "[x=]", "a@", "a!",   "=a",  "a=b", "...", "[a]b", "a......b", "[[[["}) {
    EXPECT_EQ(Parse(syntax), "malformed") << syntax;
  }
}

}  // namespace
}  // namespace tally::server
