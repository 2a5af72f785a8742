#include "protocol/reply.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tally::protocol {
namespace {

using namespace std::string_literals;  // NOLINT: literals with NUL in them

std::string Written(int resp, const std::function<void(ReplyWriter&)>& write) {
  std::string out;
  ReplyWriter writer(&out, resp);
  write(writer);
  return out;
}

// Expects the same bytes in both protocols.
void ExpectBoth(const std::function<void(ReplyWriter&)>& write, std::string_view expected) {
  EXPECT_EQ(Written(2, write), expected);
  EXPECT_EQ(Written(3, write), expected);
}

void ExpectEach(const std::function<void(ReplyWriter&)>& write, std::string_view resp2,
                std::string_view resp3) {
  EXPECT_EQ(Written(2, write), resp2);
  EXPECT_EQ(Written(3, write), resp3);
}

TEST(ReplyWriterTest, KnowsItsProtocolAndAppends) {
  std::string out = "before";
  ReplyWriter writer(&out, 3);
  EXPECT_EQ(writer.resp(), 3);
  writer.Ok();
  EXPECT_EQ(out, "before+OK\r\n");
}

TEST(ReplyWriterTest, WritesTheTypesOfBothProtocols) {
  ExpectBoth([](ReplyWriter& w) { w.Status("PONG"); }, "+PONG\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Ok(); }, "+OK\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Error(errors::kSyntax); }, "-ERR syntax error\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Integer(0); }, ":0\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Integer(-42); }, ":-42\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Array(0); }, "*0\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Array(1048576); }, "*1048576\r\n");
  ExpectBoth([](ReplyWriter& w) { w.EmptyArray(); }, "*0\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Raw(":1\r\n:2\r\n"); }, ":1\r\n:2\r\n");
}

TEST(ReplyWriterTest, WritesTheEndsOfTheIntegers) {
  ExpectBoth([](ReplyWriter& w) { w.Integer(std::numeric_limits<std::int64_t>::max()); },
             ":9223372036854775807\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Integer(std::numeric_limits<std::int64_t>::min()); },
             ":-9223372036854775808\r\n");
  ExpectBoth([](ReplyWriter& w) { w.BulkInteger(std::numeric_limits<std::int64_t>::min()); },
             "$20\r\n-9223372036854775808\r\n");
  ExpectBoth([](ReplyWriter& w) { w.BulkInteger(7); }, "$1\r\n7\r\n");
}

TEST(ReplyWriterTest, BulksAreBinarySafe) {
  ExpectBoth([](ReplyWriter& w) { w.Bulk(""); }, "$0\r\n\r\n");
  ExpectBoth([](ReplyWriter& w) { w.Bulk("a\r\n\0\xff"s); }, "$5\r\na\r\n\0\xff\r\n"s);
}

TEST(ReplyWriterTest, TypesOfResp3HaveTheirFormInResp2) {
  ExpectEach([](ReplyWriter& w) { w.Null(); }, "$-1\r\n", "_\r\n");
  ExpectEach([](ReplyWriter& w) { w.NullArray(); }, "*-1\r\n", "_\r\n");
  ExpectEach([](ReplyWriter& w) { w.Map(7); }, "*14\r\n", "%7\r\n");
  ExpectEach([](ReplyWriter& w) { w.Set(3); }, "*3\r\n", "~3\r\n");
  ExpectEach([](ReplyWriter& w) { w.Push(3); }, "*3\r\n", ">3\r\n");
  ExpectEach([](ReplyWriter& w) { w.Boolean(true); }, ":1\r\n", "#t\r\n");
  ExpectEach([](ReplyWriter& w) { w.Boolean(false); }, ":0\r\n", "#f\r\n");
  ExpectEach([](ReplyWriter& w) { w.BigNumber("-1234567999999999999999"); },
             "$23\r\n-1234567999999999999999\r\n", "(-1234567999999999999999\r\n");
  ExpectEach([](ReplyWriter& w) { w.Verbatim("txt", "a\nb"); }, "$3\r\na\nb\r\n",
             "=7\r\ntxt:a\nb\r\n");
}

TEST(ReplyWriterTest, WritesDoublesWithSeventeenDigits) {
  const auto expect = [](double value, std::string_view text) {
    ExpectEach([value](ReplyWriter& w) { w.Double(value); },
               "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n",
               "," + std::string(text) + "\r\n");
  };
  expect(3, "3");
  expect(-0.5, "-0.5");
  expect(3.141, "3.141");
  expect(0.1, "0.10000000000000001");
  expect(std::numeric_limits<double>::infinity(), "inf");
  expect(-std::numeric_limits<double>::infinity(), "-inf");
  expect(std::numeric_limits<double>::quiet_NaN(), "nan");
}

TEST(ReplyWriterTest, AnErrorCannotBecomeTwoReplies) {
  ExpectBoth([](ReplyWriter& w) { w.Error("ERR unknown command 'a\r\n+OK\r\n\0b'"s); },
             "-ERR unknown command 'a  +OK   b'\r\n");
}

TEST(ReplyWriterDeathTest, BrokenContractsStopTheProcess) {
  std::string out;
  EXPECT_DEATH(ReplyWriter(&out, 4), "RESP");
  ReplyWriter writer(&out, 3);
  EXPECT_DEATH(writer.Status("a\r\nb"), "one line");
  EXPECT_DEATH(writer.BigNumber("1\n"), "one line");
  EXPECT_DEATH(writer.Verbatim("text", "x"), "three characters");
}

}  // namespace
}  // namespace tally::protocol
