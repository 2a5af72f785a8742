#include <string>

#include <gtest/gtest.h>

#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

using StringCommandsTest = OperationTest;

constexpr const char* kNil = "$-1\r\n";
constexpr const char* kSyntax = "-ERR syntax error\r\n";
constexpr const char* kNotAnInteger = "-ERR value is not an integer or out of range\r\n";

TEST_F(StringCommandsTest, GetAnswersTheBytesThatWereSet) {
  EXPECT_EQ(Run("GET", "a"), kNil);
  const std::string binary("\0\r\n\xff", 4);
  EXPECT_EQ(Run("SET", "a", binary), "+OK\r\n");
  EXPECT_EQ(Run("GET", "a"), "$4\r\n" + binary + "\r\n");
  Run("SET", "", "");
  EXPECT_EQ(Run("GET", ""), "$0\r\n\r\n");
}

TEST_F(StringCommandsTest, NumbersComeBackAsTheyWereWritten) {
  for (const std::string value : {"0", "-1", "9223372036854775807", "-9223372036854775808",
                                  "9223372036854775808", "007", "+5", "-0", "1.50", "0x10"}) {
    Run("SET", "a", value);
    const std::string size = std::to_string(value.size());
    EXPECT_EQ(Run("GET", "a"), "$" + size + "\r\n" + value + "\r\n");
    EXPECT_EQ(Run("STRLEN", "a"), ":" + size + "\r\n");
  }
}

TEST_F(StringCommandsTest, NullIsOfTheProtocolsVersion) {
  resp = 3;
  EXPECT_EQ(Run("GET", "a"), "_\r\n");
  EXPECT_EQ(Run("SET", "a", "1", "XX"), "_\r\n");
}

TEST_F(StringCommandsTest, SetOnlyIfAbsentOrPresent) {
  EXPECT_EQ(Run("SET", "a", "1", "XX"), kNil);
  EXPECT_EQ(Run("SET", "a", "1", "NX"), "+OK\r\n");
  EXPECT_EQ(Run("SET", "a", "2", "nx"), kNil);
  EXPECT_EQ(Run("SET", "a", "3", "Xx"), "+OK\r\n");
  EXPECT_EQ(Run("GET", "a"), "$1\r\n3\r\n");
  EXPECT_EQ(Run("SET", "a", "4", "NX", "XX"), kSyntax);
}

TEST_F(StringCommandsTest, SetWithGetAnswersTheOldValueWhetherItSetsOrNot) {
  EXPECT_EQ(Run("SET", "a", "1", "GET"), kNil);
  EXPECT_EQ(Run("SET", "a", "2", "GET"), "$1\r\n1\r\n");
  EXPECT_EQ(Run("SET", "a", "3", "NX", "GET"), "$1\r\n2\r\n");
  EXPECT_EQ(Run("SET", "b", "3", "XX", "GET"), kNil);
  EXPECT_EQ(Run("MGET", "a", "b"), "*2\r\n$1\r\n2\r\n$-1\r\n");
}

TEST_F(StringCommandsTest, SetTakesOneExpiry) {
  Run("SET", "a", "1", "EX", "10");
  EXPECT_EQ(Run("PTTL", "a"), ":10000\r\n");
  Run("SET", "a", "1", "PX", "10");
  EXPECT_EQ(Run("PTTL", "a"), ":10\r\n");
  Run("SET", "a", "1", "EXAT", std::to_string(now_ms / 1000 + 3));
  EXPECT_EQ(Run("PTTL", "a"), ":3000\r\n");
  Run("SET", "a", "1", "PXAT", std::to_string(now_ms + 3));
  EXPECT_EQ(Run("PTTL", "a"), ":3\r\n");
  Run("SET", "a", "2", "KEEPTTL");
  EXPECT_EQ(Run("PTTL", "a"), ":3\r\n");
  Run("SET", "a", "3");
  EXPECT_EQ(Run("PTTL", "a"), ":-1\r\n");
  EXPECT_EQ(Run("SET", "b", "1", "KEEPTTL"), "+OK\r\n");
}

TEST_F(StringCommandsTest, TheLastOfTheSameOptionCounts) {
  EXPECT_EQ(Run("SET", "a", "1", "EX", "10", "NX", "EX", "20", "NX"), "+OK\r\n");
  EXPECT_EQ(Run("TTL", "a"), ":20\r\n");
}

TEST_F(StringCommandsTest, OptionsThatExcludeEachOtherAreASyntaxError) {
  EXPECT_EQ(Run("SET", "a", "1", "EX", "10", "PX", "10"), kSyntax);
  EXPECT_EQ(Run("SET", "a", "1", "EX", "10", "KEEPTTL"), kSyntax);
  EXPECT_EQ(Run("SET", "a", "1", "KEEPTTL", "PXAT", "10"), kSyntax);
  EXPECT_EQ(Run("SET", "a", "1", "EX"), kSyntax);
  EXPECT_EQ(Run("SET", "a", "1", "PERSIST"), kSyntax);
  EXPECT_EQ(Run("SET", "a", "1", ""), kSyntax);
  EXPECT_EQ(Run("GETEX", "a", "KEEPTTL"), kSyntax);
  EXPECT_EQ(Run("GETEX", "a", "NX"), kSyntax);
  EXPECT_EQ(Run("GETEX", "a", "PERSIST", "EX", "1"), kSyntax);
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
}

TEST_F(StringCommandsTest, ExpiriesOutOfRangeAreRefused) {
  for (const char* amount : {"0", "-1", "9223372036854775807", "9223372036854776"}) {
    EXPECT_EQ(Run("SET", "a", "1", "EX", amount), "-ERR invalid expire time in 'set' command\r\n");
    EXPECT_EQ(Run("SETEX", "a", amount, "1"), "-ERR invalid expire time in 'setex' command\r\n");
  }
  EXPECT_EQ(Run("PSETEX", "a", "9223372036854775807", "1"),
            "-ERR invalid expire time in 'psetex' command\r\n");
  EXPECT_EQ(Run("SET", "a", "1", "PX", "1.5"), kNotAnInteger);
  EXPECT_EQ(Run("SETEX", "a", "x", "1"), kNotAnInteger);
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
  EXPECT_EQ(Run("SET", "a", "1", "PXAT", "9223372036854775807"), "+OK\r\n");
  EXPECT_EQ(Run("PEXPIRETIME", "a"), ":9223372036854775807\r\n");
}

TEST_F(StringCommandsTest, WhatIsSetUntilThePastHasExpired) {
  Run("SET", "a", "1");
  EXPECT_EQ(Run("SET", "a", "2", "PXAT", "1"), "+OK\r\n");
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
  EXPECT_EQ(Run("SET", "b", "2", "EXAT", "1"), "+OK\r\n");
  EXPECT_EQ(Run("GET", "b"), "$-1\r\n");
}

TEST_F(StringCommandsTest, SetNx) {
  EXPECT_EQ(Run("SETNX", "a", "1"), ":1\r\n");
  EXPECT_EQ(Run("SETNX", "a", "2"), ":0\r\n");
  EXPECT_EQ(Run("GET", "a"), "$1\r\n1\r\n");
  EXPECT_FALSE(Changes("SETNX", "a", "3"));
}

TEST_F(StringCommandsTest, SetExAndPSetEx) {
  EXPECT_EQ(Run("SETEX", "a", "10", "v"), "+OK\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":10000\r\n");
  EXPECT_EQ(Run("PSETEX", "a", "10", "w"), "+OK\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":10\r\n");
  EXPECT_EQ(Run("GET", "a"), "$1\r\nw\r\n");
}

TEST_F(StringCommandsTest, GetSetTakesTheExpiryAway) {
  EXPECT_EQ(Run("GETSET", "a", "1"), kNil);
  Run("EXPIRE", "a", "10");
  EXPECT_EQ(Run("GETSET", "a", "a longer value than before, which needs another place"),
            "$1\r\n1\r\n");
  EXPECT_EQ(Run("TTL", "a"), ":-1\r\n");
}

TEST_F(StringCommandsTest, GetDel) {
  Run("SET", "a", "v");
  EXPECT_EQ(Run("GETDEL", "a"), "$1\r\nv\r\n");
  EXPECT_EQ(Run("GETDEL", "a"), kNil);
  EXPECT_FALSE(Changes("GETDEL", "a"));
}

TEST_F(StringCommandsTest, GetExChangesOnlyTheExpiry) {
  EXPECT_EQ(Run("GETEX", "a", "EX", "nonsense"), kNil);
  Run("SET", "a", "v");
  EXPECT_EQ(Run("GETEX", "a", "EX", "nonsense"), kNotAnInteger);
  EXPECT_EQ(Run("GETEX", "a", "EX", "0"), "-ERR invalid expire time in 'getex' command\r\n");
  EXPECT_EQ(Run("GETEX", "a", "EX", "10"), "$1\r\nv\r\n");
  EXPECT_EQ(Run("TTL", "a"), ":10\r\n");
  EXPECT_FALSE(Changes("GETEX", "a"));
  EXPECT_FALSE(Changes("GETEX", "a", "EX", "10"));
  EXPECT_EQ(Run("GETEX", "a", "PERSIST"), "$1\r\nv\r\n");
  EXPECT_EQ(Run("TTL", "a"), ":-1\r\n");
  EXPECT_FALSE(Changes("GETEX", "a", "PERSIST"));
  EXPECT_EQ(Run("GETEX", "a", "PXAT", std::to_string(now_ms)), "$1\r\nv\r\n");
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
}

TEST_F(StringCommandsTest, AppendPutsBytesAtTheEnd) {
  EXPECT_EQ(Run("APPEND", "a", "ab"), ":2\r\n");
  EXPECT_EQ(Run("APPEND", "a", std::string(100, 'x')), ":102\r\n");
  EXPECT_EQ(Run("APPEND", "a", "c"), ":103\r\n");
  EXPECT_EQ(Run("GET", "a"), "$103\r\nab" + std::string(100, 'x') + "c\r\n");
  Run("SET", "n", "-9223372036854775808", "PX", "50");
  EXPECT_EQ(Run("APPEND", "n", "0"), ":21\r\n");
  EXPECT_EQ(Run("GET", "n"), "$21\r\n-92233720368547758080\r\n");
  EXPECT_EQ(Run("PTTL", "n"), ":50\r\n");
}

TEST_F(StringCommandsTest, AppendOfNothingMakesAnEmptyStringOrChangesNothing) {
  EXPECT_EQ(Run("APPEND", "a", ""), ":0\r\n");
  EXPECT_EQ(Run("GET", "a"), "$0\r\n\r\n");
  EXPECT_FALSE(Changes("APPEND", "a", ""));
}

TEST_F(StringCommandsTest, AppendKeepsToTheLimit) {
  services.config().proto_max_bulk_bytes = 10;
  Run("SET", "a", "12345678");
  EXPECT_EQ(Run("APPEND", "a", "9x"), ":10\r\n");
  EXPECT_EQ(Run("APPEND", "a", "y"),
            "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n");
  EXPECT_EQ(Run("STRLEN", "a"), ":10\r\n");
}

TEST_F(StringCommandsTest, StrLenOfAbsentIsZero) {
  EXPECT_EQ(Run("STRLEN", "a"), ":0\r\n");
  EXPECT_EQ(hits, 0u);
  EXPECT_EQ(misses, 1u);
}

TEST_F(StringCommandsTest, OnlyReadsCountAsHitsAndMisses) {
  Run("SET", "a", "1");
  EXPECT_EQ(hits + misses, 0u);
  Run("SET", "a", "1", "GET");
  EXPECT_EQ(hits, 1u);
  Run("GETDEL", "b");
  EXPECT_EQ(misses, 1u);
  Run("INCR", "a");
  EXPECT_EQ(hits + misses, 0u);
}

}  // namespace
}  // namespace tally::server
