#include <gtest/gtest.h>

#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

using CounterCommandsTest = OperationTest;

constexpr const char* kNotAnInteger = "-ERR value is not an integer or out of range\r\n";
constexpr const char* kOverflow = "-ERR increment or decrement would overflow\r\n";
constexpr const char* kNotAFloat = "-ERR value is not a valid float\r\n";
constexpr const char* kMax = "9223372036854775807";
constexpr const char* kMin = "-9223372036854775808";

TEST_F(CounterCommandsTest, AbsentCountsAsZero) {
  EXPECT_EQ(Run("INCR", "a"), ":1\r\n");
  EXPECT_EQ(Run("DECR", "b"), ":-1\r\n");
  EXPECT_EQ(Run("INCRBY", "c", "7"), ":7\r\n");
  EXPECT_EQ(Run("DECRBY", "d", "7"), ":-7\r\n");
  EXPECT_EQ(Run("INCRBYFLOAT", "e", "1.5"), "$3\r\n1.5\r\n");
}

TEST_F(CounterCommandsTest, CountsOn) {
  EXPECT_EQ(Run("INCR", "a"), ":1\r\n");
  EXPECT_EQ(Run("INCR", "a"), ":2\r\n");
  EXPECT_EQ(Run("INCRBY", "a", "-12"), ":-10\r\n");
  EXPECT_EQ(Run("DECRBY", "a", "-20"), ":10\r\n");
  EXPECT_EQ(Run("GET", "a"), "$2\r\n10\r\n");
}

TEST_F(CounterCommandsTest, AStringThatReadsAsAnIntegerIsACounter) {
  Run("SET", "a", "41");
  EXPECT_EQ(Run("INCR", "a"), ":42\r\n");
  Run("SET", "b", "4");
  Run("APPEND", "b", "1");
  EXPECT_EQ(Run("INCR", "b"), ":42\r\n");
  Run("INCRBYFLOAT", "c", "40.5");
  Run("INCRBYFLOAT", "c", "0.5");
  EXPECT_EQ(Run("INCR", "c"), ":42\r\n");
}

TEST_F(CounterCommandsTest, OtherStringsAreNot) {
  for (const char* value : {"", "x", "1.0", "01", "+1", "-0", " 1", "1 ", "9223372036854775808"}) {
    Run("SET", "a", value);
    EXPECT_EQ(Run("INCR", "a"), kNotAnInteger) << value;
  }
}

TEST_F(CounterCommandsTest, TheAmountIsCheckedBeforeTheValue) {
  Run("SET", "a", "x");
  EXPECT_EQ(Run("INCRBY", "a", "1.5"), kNotAnInteger);
  EXPECT_EQ(Run("DECRBY", "a", kMin), "-ERR decrement would overflow\r\n");
}

TEST_F(CounterCommandsTest, OverflowIsRefusedAndChangesNothing) {
  Run("SET", "a", kMax);
  EXPECT_EQ(Run("INCR", "a"), kOverflow);
  EXPECT_EQ(Run("INCRBY", "a", kMax), kOverflow);
  EXPECT_EQ(Run("DECRBY", "a", "-1"), kOverflow);
  EXPECT_EQ(Run("GET", "a"), "$19\r\n9223372036854775807\r\n");
  Run("SET", "a", kMin);
  EXPECT_EQ(Run("DECR", "a"), kOverflow);
  EXPECT_EQ(Run("INCRBY", "a", kMax), ":-1\r\n");
  EXPECT_FALSE(Changes("INCRBY", "a", kMin));
}

TEST_F(CounterCommandsTest, ExpiryStays) {
  Run("SET", "a", "1", "PX", "5000");
  Run("INCR", "a");
  Run("INCRBYFLOAT", "a", "0.5");
  EXPECT_EQ(Run("PTTL", "a"), ":5000\r\n");
}

TEST_F(CounterCommandsTest, ExpiredCountsAsAbsent) {
  Run("SET", "a", "10", "PX", "5");
  now_ms += 5;
  EXPECT_EQ(Run("INCR", "a"), ":11\r\n");
  now_ms += 1;
  EXPECT_EQ(Run("INCR", "a"), ":1\r\n");
  EXPECT_EQ(Run("TTL", "a"), ":-1\r\n");
}

TEST_F(CounterCommandsTest, FloatsAreWrittenWithoutExponentAndTrailingZeros) {
  EXPECT_EQ(Run("INCRBYFLOAT", "a", "3.0e3"), "$4\r\n3000\r\n");
  EXPECT_EQ(Run("INCRBYFLOAT", "a", "0.5"), "$6\r\n3000.5\r\n");
  EXPECT_EQ(Run("INCRBYFLOAT", "a", "-3000.5"), "$1\r\n0\r\n");
  EXPECT_EQ(Run("INCRBYFLOAT", "b", "1e20"), "$21\r\n100000000000000000000\r\n");
  EXPECT_EQ(Run("INCRBYFLOAT", "c", "1e-20"), "$1\r\n0\r\n");
}

TEST_F(CounterCommandsTest, WhatIsNoFloatIsRefused) {
  Run("SET", "a", "x");
  EXPECT_EQ(Run("INCRBYFLOAT", "a", "1"), kNotAFloat);
  EXPECT_EQ(Run("INCRBYFLOAT", "b", "x"), kNotAFloat);
  EXPECT_EQ(Run("INCRBYFLOAT", "b", " 1"), kNotAFloat);
  EXPECT_EQ(Run("INCRBYFLOAT", "b", "nan"), kNotAFloat);
  EXPECT_EQ(Run("INCRBYFLOAT", "b", "inf"), "-ERR increment would produce NaN or Infinity\r\n");
  EXPECT_EQ(Run("EXISTS", "b"), ":0\r\n");
}

TEST_F(CounterCommandsTest, ArityIsChecked) {
  EXPECT_EQ(Run("INCR"), "-ERR wrong number of arguments for 'incr' command\r\n");
  EXPECT_EQ(Run("incrby", "a"), "-ERR wrong number of arguments for 'incrby' command\r\n");
}

TEST_F(CounterCommandsTest, TheReplyWaitsForItsChange) {
  Run("INCR", "a");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
  const storage::Ticket ticket = Commit();
  Run("GET", "a");
  EXPECT_EQ(depends_on, ticket);
  Run("INCRBY", "a", "x");
  EXPECT_EQ(depends_on, storage::kNoTicket) << "an error about the arguments tells of no state";
}

}  // namespace
}  // namespace tally::server
