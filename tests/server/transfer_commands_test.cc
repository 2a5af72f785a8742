#include <string>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

class TransferCommandsTest : public OperationTest {
 protected:
  std::string Get(int number, std::string_view key) {
    database = number;
    std::string reply = Run("GET", key);
    database = 0;
    return reply;
  }
  std::string PTtl(int number, std::string_view key) {
    database = number;
    std::string reply = Run("PTTL", key);
    database = 0;
    return reply;
  }
  static std::string Error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }
};

TEST_F(TransferCommandsTest, RenameTakesValueAndExpiryAlong) {
  Run("SET", "a", "text", "PX", "5000");
  Run("SET", "b", "other", "PX", "9000");
  EXPECT_EQ(Run("RENAME", "a", "b"), "+OK\r\n");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
  EXPECT_EQ(Run("GET", "b"), "$4\r\ntext\r\n");
  EXPECT_EQ(Run("PTTL", "b"), ":5000\r\n");
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
  // No expiry is taken along as well.
  Run("SET", "c", "7");
  Run("RENAME", "c", "b");
  EXPECT_EQ(Run("PTTL", "b"), ":-1\r\n");
  EXPECT_EQ(Run("INCR", "b"), ":8\r\n");
  EXPECT_EQ(Run("DBSIZE"), ":1\r\n");
}

TEST_F(TransferCommandsTest, RenameOfNothingIsAnError) {
  EXPECT_EQ(Run("RENAME", "a", "b"), Error(errors::kNoSuchKey));
  EXPECT_EQ(Run("RENAME", "a", "a"), Error(errors::kNoSuchKey));
  EXPECT_EQ(Run("RENAMENX", "a", "a"), Error(errors::kNoSuchKey));
  Run("SET", "b", "1");
  EXPECT_FALSE(Changes("RENAME", "a", "b"));
}

TEST_F(TransferCommandsTest, RenameToItselfChangesNothing) {
  Run("SET", "a", "1", "PX", "5000");
  EXPECT_EQ(Run("RENAME", "a", "a"), "+OK\r\n");
  EXPECT_EQ(Run("RENAMENX", "a", "a"), ":0\r\n");
  EXPECT_FALSE(Changes("RENAME", "a", "a"));
  EXPECT_EQ(Run("PTTL", "a"), ":5000\r\n");
}

TEST_F(TransferCommandsTest, RenameNxWritesOverNothing) {
  Run("MSET", "a", "1", "b", "2");
  EXPECT_EQ(Run("RENAMENX", "a", "b"), ":0\r\n");
  EXPECT_FALSE(Changes("RENAMENX", "a", "b"));
  EXPECT_EQ(Run("RENAMENX", "a", "c"), ":1\r\n");
  EXPECT_EQ(Run("MGET", "a", "b", "c"), "*3\r\n$-1\r\n$1\r\n2\r\n$1\r\n1\r\n");
}

TEST_F(TransferCommandsTest, WhatHasExpiredIsNotInTheWay) {
  Run("SET", "a", "1");
  Run("SET", "b", "2", "PX", "5");
  now_ms += 6;
  EXPECT_EQ(Run("RENAMENX", "a", "b"), ":1\r\n");
  EXPECT_EQ(Run("PTTL", "b"), ":-1\r\n");
  Run("SET", "c", "3", "PX", "5");
  now_ms += 6;
  EXPECT_EQ(Run("RENAME", "c", "b"), Error(errors::kNoSuchKey));
  EXPECT_EQ(Run("COPY", "b", "c"), ":1\r\n");
}

TEST_F(TransferCommandsTest, CopyLeavesTheSource) {
  Run("SET", "a", "text", "PX", "5000");
  EXPECT_EQ(Run("COPY", "a", "b"), ":1\r\n");
  EXPECT_EQ(Run("MGET", "a", "b"), "*2\r\n$4\r\ntext\r\n$4\r\ntext\r\n");
  EXPECT_EQ(Run("PTTL", "b"), ":5000\r\n");
  EXPECT_EQ(Run("COPY", "none", "b"), ":0\r\n");
  EXPECT_EQ(misses, 1u);
}

TEST_F(TransferCommandsTest, CopyWritesOverOnlyWhenTold) {
  Run("MSET", "a", "1", "b", "2");
  EXPECT_EQ(Run("COPY", "a", "b"), ":0\r\n");
  EXPECT_FALSE(Changes("COPY", "a", "b"));
  EXPECT_EQ(Run("COPY", "a", "b", "replace"), ":1\r\n");
  EXPECT_EQ(Run("GET", "b"), "$1\r\n1\r\n");
}

TEST_F(TransferCommandsTest, CopyToAnotherDatabase) {
  Run("SET", "a", "1", "PX", "5000");
  EXPECT_EQ(Run("COPY", "a", "a", "DB", "3"), ":1\r\n");
  EXPECT_EQ(Run("COPY", "a", "b", "db", "4", "REPLACE", "DB", "3"), ":1\r\n");
  EXPECT_EQ(Get(3, "a"), "$1\r\n1\r\n");
  EXPECT_EQ(Get(3, "b"), "$1\r\n1\r\n");
  EXPECT_EQ(PTtl(3, "b"), ":5000\r\n");
  EXPECT_EQ(Get(4, "b"), "$-1\r\n");
  EXPECT_EQ(Run("COPY", "a", "a", "DB", "3"), ":0\r\n");
}

TEST_F(TransferCommandsTest, CopyRefusesWhatRedisRefuses) {
  EXPECT_EQ(Run("COPY", "a", "a"), Error(errors::kSameObject));
  EXPECT_EQ(Run("COPY", "a", "a", "DB", "0"), Error(errors::kSameObject));
  EXPECT_EQ(Run("COPY", "a", "b", "DB"), Error(errors::kSyntax));
  EXPECT_EQ(Run("COPY", "a", "b", "NX"), Error(errors::kSyntax));
  EXPECT_EQ(Run("COPY", "a", "b", "DB", "x", "NX"), Error(errors::kNotAnInteger));
  EXPECT_EQ(Run("COPY", "a", "b", "DB", "16"), Error(errors::kDbIndexOutOfRange));
  EXPECT_EQ(Run("COPY", "a", "b", "DB", "-1"), Error(errors::kDbIndexOutOfRange));
  EXPECT_EQ(Run("COPY", "a", "b", "DB", "3000000000"),
            Error(errors::MustBeBetween(-2147483648, 2147483647)));
}

TEST_F(TransferCommandsTest, MoveTakesTheKeyAway) {
  Run("SET", "a", "text", "PX", "5000");
  EXPECT_EQ(Run("MOVE", "a", "9"), ":1\r\n");
  EXPECT_EQ(Run("GET", "a"), "$-1\r\n");
  EXPECT_EQ(Get(9, "a"), "$4\r\ntext\r\n");
  EXPECT_EQ(PTtl(9, "a"), ":5000\r\n");
}

TEST_F(TransferCommandsTest, MoveWritesOverNothing) {
  Run("SET", "a", "1");
  Run("COPY", "a", "a", "DB", "1");
  EXPECT_EQ(Run("MOVE", "a", "1"), ":0\r\n");
  EXPECT_FALSE(Changes("MOVE", "a", "1"));
  EXPECT_EQ(Run("MOVE", "none", "1"), ":0\r\n");
  EXPECT_EQ(Run("MOVE", "a", "0"), Error(errors::kSameObject));
  EXPECT_EQ(Run("MOVE", "a", "16"), Error(errors::kDbIndexOutOfRange));
  EXPECT_EQ(Run("MOVE", "a", "x"), Error(errors::kNotAnInteger));
}

// The absence of a destination is told, too.
TEST_F(TransferCommandsTest, RepliesDependOnBothKeys) {
  Run("SET", "a", "1");
  Commit();
  Run("SET", "b", "2");
  EXPECT_EQ(Run("RENAMENX", "a", "b"), ":0\r\n");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
  Commit();
  database = 1;
  Run("SET", "a", "2");
  database = 0;
  EXPECT_EQ(Run("MOVE", "a", "1"), ":0\r\n");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
}

}  // namespace
}  // namespace tally::server
