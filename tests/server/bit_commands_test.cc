#include <string>

#include <gtest/gtest.h>

#include "server/config.h"
#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

// Replies are compared with redis-server's in the differential test; here is what it cannot see.
using BitCommandsTest = OperationTest;

constexpr const char* kBadOffset = "-ERR bit offset is not an integer or out of range\r\n";

TEST_F(BitCommandsTest, NumbersAreTextToo) {
  Run("SET", "a", "12");  // 0x31 0x32
  EXPECT_EQ(Run("GETBIT", "a", "3"), ":1\r\n");
  EXPECT_EQ(Run("BITCOUNT", "a"), ":6\r\n");
  EXPECT_EQ(Run("GETRANGE", "a", "-1", "-1"), "$1\r\n2\r\n");
}

TEST_F(BitCommandsTest, ChangedStringsThatAreNumbersCount) {
  Run("SET", "a", "12");
  Run("SETBIT", "a", "7", "0");
  EXPECT_EQ(Run("GET", "a"), "$2\r\n02\r\n");
  Run("SETBIT", "a", "7", "1");
  EXPECT_EQ(Run("INCR", "a"), ":13\r\n");
}

TEST_F(BitCommandsTest, TheExpiryStaysButForBitOp) {
  Run("SET", "a", "1", "EX", "10");
  Run("SETBIT", "a", "100", "1");
  Run("SETRANGE", "a", "1", "x");
  Run("BITFIELD", "a", "SET", "u8", "#9", "1");
  EXPECT_EQ(Run("TTL", "a"), ":10\r\n");
  Run("BITOP", "NOT", "a", "a");
  EXPECT_EQ(Run("TTL", "a"), ":-1\r\n");
}

TEST_F(BitCommandsTest, WhatChangesNothingIsNotWritten) {
  Run("SETBIT", "a", "7", "1");
  EXPECT_FALSE(Changes("SETBIT", "a", "7", "1"));
  EXPECT_FALSE(Changes("BITFIELD", "a", "SET", "u8", "0", "1"));
  EXPECT_FALSE(Changes("BITFIELD", "a", "OVERFLOW", "FAIL", "INCRBY", "u1", "7", "1"));
  EXPECT_FALSE(Changes("BITOP", "AND", "none", "none", "nor this"));
  EXPECT_FALSE(Changes("SETRANGE", "a", "0", ""));
  EXPECT_TRUE(Changes("SETBIT", "a", "8", "0")) << "it grows";
  EXPECT_TRUE(Changes("BITFIELD", "b", "OVERFLOW", "FAIL", "SET", "u1", "0", "2")) << "it is made";
}

TEST_F(BitCommandsTest, BitOpSpansShardsAndDependsOnItsSources) {
  Run("MSET", "a", "abc", "b", "xy", "c", "!");
  EXPECT_EQ(Run("BITOP", "or", "dest", "a", "b", "c", "none"), ":3\r\n");
  EXPECT_EQ(Run("GET", "dest"), "$3\r\ny{c\r\n");
  EXPECT_EQ(Run("BITOP", "AND", "dest", "none"), ":0\r\n");
  EXPECT_EQ(Run("EXISTS", "dest"), ":0\r\n");
  Commit();
  Run("DEL", "a");
  const storage::Ticket later = Commit();
  Run("BITOP", "AND", "dest", "a");
  EXPECT_GE(depends_on, later) << "the reply tells that it is absent";
}

TEST_F(BitCommandsTest, NothingGrowsBeyondTheLongestValue) {
  services.config().proto_max_bulk_bytes = 1 << 20;
  EXPECT_EQ(Run("SETBIT", "a", "8388608", "1"), kBadOffset);
  EXPECT_EQ(Run("SETBIT", "a", "8388607", "1"), ":0\r\n");
  EXPECT_EQ(Run("STRLEN", "a"), ":1048576\r\n");
  const std::string too_long = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
  EXPECT_EQ(Run("SETRANGE", "a", "1048576", "x"), too_long);
  EXPECT_EQ(Run("SETRANGE", "a", "9223372036854775807", "x"), too_long);
  services.config().proto_max_bulk_bytes = 512 << 20;
  EXPECT_EQ(Run("BITFIELD", "b", "SET", "u8", "4294967295", "1"), too_long);
  EXPECT_EQ(Run("BITFIELD", "b", "GET", "u8", "#9223372036854775807"), kBadOffset);
  EXPECT_EQ(Run("EXISTS", "b"), ":0\r\n");
}

TEST_F(BitCommandsTest, LcsHasALimit) {
  services.config().proto_max_bulk_bytes = 1 << 20;
  Run("SET", "a", std::string(511, 'a'));
  Run("SET", "b", std::string(511, 'a'));
  EXPECT_EQ(Run("LCS", "a", "b", "LEN"), ":511\r\n");
  Run("APPEND", "a", "a");
  EXPECT_EQ(Run("LCS", "a", "b"),
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n");
}

TEST_F(BitCommandsTest, BitFieldRoWritesNothing) {
  EXPECT_EQ(Run("BITFIELD_RO", "a", "SET", "u8", "0", "1"),
            "-ERR BITFIELD_RO only supports the GET subcommand\r\n");
  EXPECT_EQ(Run("BITFIELD_RO", "a", "GET", "u8", "0"), "*1\r\n:0\r\n");
}

TEST_F(BitCommandsTest, IndexesAreAMapInResp3) {
  Run("MSET", "a", "ohmytext", "b", "mynewtext");
  resp = 3;
  EXPECT_EQ(Run("LCS", "a", "b", "IDX", "MINMATCHLEN", "3", "WITHMATCHLEN"),
            "%2\r\n$7\r\nmatches\r\n*1\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n"
            "$3\r\nlen\r\n:6\r\n");
}

}  // namespace
}  // namespace tally::server
