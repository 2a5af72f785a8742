#include <cstdlib>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

class MemoryCommandsTest : public OperationTest {
 protected:
  int64_t UsageOf(std::string_view key) {
    const std::string reply = Run("MEMORY", "USAGE", key);
    EXPECT_EQ(reply.front(), ':') << reply;
    return std::strtoll(reply.c_str() + 1, nullptr, 10);
  }
};

TEST_F(MemoryCommandsTest, UsageIsTheAllocationAndItsPlaceInTheTable) {
  Run("INCR", "counter");  // 18 + 7 + 8 bytes: a class of 48
  // glibc spends up to 8 bytes more than were asked for, jemalloc none.
  EXPECT_GE(UsageOf("counter"), 48 + 8);
  EXPECT_LE(UsageOf("counter"), 48 + 8 + 8);
  Run("SET", "long", std::string(10'000, 'x'));
  EXPECT_GE(UsageOf("long"), 10'000);
  EXPECT_LE(UsageOf("long"), 13'000);
}

TEST_F(MemoryCommandsTest, UsageOfAnAbsentKeyIsNull) {
  EXPECT_EQ(Run("MEMORY", "USAGE", "none"), "$-1\r\n");
  EXPECT_EQ(misses, 0u);  // as Redis: this is not counted
  resp = 3;
  EXPECT_EQ(Run("MEMORY", "USAGE", "none"), "_\r\n");
}

TEST_F(MemoryCommandsTest, AskingIsNoUse) {
  Run("SET", "k", "1");
  Run("GET", "k");
  const storage::AccessClock start = AccessClockOf("k");
  now_ms += 60'000;
  Run("MEMORY", "USAGE", "k");
  EXPECT_EQ(hits, 0u);
  EXPECT_EQ(AccessClockOf("k"), start);
}

TEST_F(MemoryCommandsTest, SamplesAreCheckedAndMakeNoDifference) {
  Run("SET", "k", "1");
  const std::string usage = Run("MEMORY", "USAGE", "k");
  EXPECT_EQ(Run("MEMORY", "USAGE", "k", "SAMPLES", "0"), usage);
  EXPECT_EQ(Run("memory", "usage", "k", "samples", "5", "SAMPLES", "9223372036854775807"), usage);
  EXPECT_EQ(Run("MEMORY", "USAGE", "k", "SAMPLES"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("MEMORY", "USAGE", "k", "FOO", "5"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("MEMORY", "USAGE", "k", "SAMPLES", "-1"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("MEMORY", "USAGE", "k", "SAMPLES", "x"),
            "-ERR value is not an integer or out of range\r\n");
  // The words are looked at before the key.
  EXPECT_EQ(Run("MEMORY", "USAGE", "none", "SAMPLES", "1", "SAMPLES"), "-ERR syntax error\r\n");
}

TEST_F(MemoryCommandsTest, RefusesWrongForms) {
  EXPECT_EQ(Run("MEMORY", "USAGE"),
            "-ERR wrong number of arguments for 'memory|usage' command\r\n");
  EXPECT_EQ(Run("MEMORY", "FOO"), "-ERR unknown subcommand 'FOO'. Try MEMORY HELP.\r\n");
}

}  // namespace
}  // namespace tally::server
