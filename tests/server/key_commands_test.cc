#include <gtest/gtest.h>

#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

using KeyCommandsTest = OperationTest;

TEST_F(KeyCommandsTest, DelCountsWhatItRemoved) {
  Run("MSET", "a", "1", "b", "2", "c", "3");
  EXPECT_EQ(Run("DEL", "a", "none", "b", "a"), ":2\r\n");
  EXPECT_EQ(Run("UNLINK", "c", "c"), ":1\r\n");
  EXPECT_EQ(Run("DBSIZE"), ":0\r\n");
}

TEST_F(KeyCommandsTest, DelOfNothingChangesNothing) {
  EXPECT_FALSE(Changes("DEL", "a", "b"));
  EXPECT_FALSE(Changes("UNLINK", "a"));
}

TEST_F(KeyCommandsTest, AbsenceAfterDelIsARevelationToo) {
  Run("SET", "a", "1");
  Commit();
  Run("DEL", "a");
  Run("EXISTS", "a");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
  const storage::Ticket ticket = Commit();
  Run("GET", "a");
  EXPECT_EQ(depends_on, ticket);
}

TEST_F(KeyCommandsTest, ExistsAndTouchCountEachMention) {
  Run("MSET", "a", "1", "b", "2");
  EXPECT_EQ(Run("EXISTS", "a", "a", "none", "b"), ":3\r\n");
  EXPECT_EQ(hits, 3u);
  EXPECT_EQ(misses, 1u);
  EXPECT_EQ(Run("TOUCH", "a", "a", "none"), ":2\r\n");
  EXPECT_FALSE(Changes("TOUCH", "a"));
}

TEST_F(KeyCommandsTest, Type) {
  EXPECT_EQ(Run("TYPE", "a"), "+none\r\n");
  Run("INCR", "a");
  EXPECT_EQ(Run("TYPE", "a"), "+string\r\n");
  Run("DEL", "a");
  EXPECT_EQ(Run("TYPE", "a"), "+none\r\n");
}

TEST_F(KeyCommandsTest, UsingAnObjectIsNotedToTheSecond) {
  Run("SET", "a", "1");
  Run("GET", "a");
  const storage::AccessClock start = AccessClockOf("a");
  EXPECT_EQ(start, storage::AccessClockAt(now_ms));
  for (const std::string_view command : {"GET", "INCR", "STRLEN", "TOUCH", "PERSIST"}) {
    now_ms += 1000;
    Run(command, "a");
    EXPECT_EQ(AccessClockOf("a"), storage::AccessClockAt(now_ms)) << command;
  }
}

TEST_F(KeyCommandsTest, AskingAboutAnObjectIsNoUseOfIt) {
  Run("SET", "a", "1");
  Run("GET", "a");
  const storage::AccessClock start = AccessClockOf("a");
  now_ms += 5000;
  for (const std::string_view command :
       {"EXISTS", "TYPE", "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"}) {
    Run(command, "a");
    EXPECT_EQ(hits, 1u) << command;
    EXPECT_EQ(AccessClockOf("a"), start) << command;
  }
}

TEST_F(KeyCommandsTest, DatabasesAreApart) {
  Run("SET", "a", "1");
  database = 9;
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
  EXPECT_EQ(Run("DEL", "a"), ":0\r\n");
  database = 0;
  EXPECT_EQ(Run("EXISTS", "a"), ":1\r\n");
}

}  // namespace
}  // namespace tally::server
