#include <gtest/gtest.h>

#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

// The keys a, b and c lie on different shards or not; the commands must not care.
using MultiStringCommandsTest = OperationTest;

TEST_F(MultiStringCommandsTest, MGetAnswersEachMention) {
  Run("MSET", "a", "1", "b", "x");
  EXPECT_EQ(Run("MGET", "a", "b", "c", "a"), "*4\r\n$1\r\n1\r\n$1\r\nx\r\n$-1\r\n$1\r\n1\r\n");
  EXPECT_EQ(hits, 3u);
  EXPECT_EQ(misses, 1u);
}

TEST_F(MultiStringCommandsTest, MSetTakesTheLastOfAKeyAndItsExpiryAway) {
  Run("SET", "a", "0", "EX", "10");
  EXPECT_EQ(Run("MSET", "a", "1", "b", "2", "a", "three"), "+OK\r\n");
  EXPECT_EQ(Run("MGET", "a", "b"), "*2\r\n$5\r\nthree\r\n$1\r\n2\r\n");
  EXPECT_EQ(Run("TTL", "a"), ":-1\r\n");
}

TEST_F(MultiStringCommandsTest, AKeyWithoutValueChangesNothing) {
  EXPECT_EQ(Run("MSET", "a", "1", "b"), "-ERR wrong number of arguments for 'mset' command\r\n");
  EXPECT_EQ(Run("MSETNX", "a", "1", "b"),
            "-ERR wrong number of arguments for 'msetnx' command\r\n");
  EXPECT_EQ(Run("EXISTS", "a", "b"), ":0\r\n");
}

TEST_F(MultiStringCommandsTest, MSetNxSetsAllOrNone) {
  EXPECT_EQ(Run("MSETNX", "a", "1", "b", "2", "a", "3"), ":1\r\n");
  EXPECT_EQ(Run("MGET", "a", "b"), "*2\r\n$1\r\n3\r\n$1\r\n2\r\n");
  EXPECT_EQ(Run("MSETNX", "c", "1", "b", "9"), ":0\r\n");
  EXPECT_EQ(Run("EXISTS", "c"), ":0\r\n");
  EXPECT_FALSE(Changes("MSETNX", "c", "1", "b", "9"));
}

TEST_F(MultiStringCommandsTest, TheReplyDependsOnTheLatestOfItsKeys) {
  Run("SET", "a", "1");
  Commit();
  Run("SET", "b", "1");
  const storage::Ticket later = Commit();
  Run("MGET", "b", "a");
  EXPECT_EQ(depends_on, later);
  Run("MSETNX", "b", "1", "c", "1");
  EXPECT_EQ(depends_on, later) << "a refusal tells of the key that is there";
}

}  // namespace
}  // namespace tally::server
