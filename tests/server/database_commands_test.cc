#include <string>

#include <gtest/gtest.h>

#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

class DatabaseCommandsTest : public OperationTest {
 protected:
  void Fill(int count) {
    for (int i = 0; i < count; ++i) Run("SET", "key:" + std::to_string(i), "v");
  }
};

TEST_F(DatabaseCommandsTest, DbSizeCountsAllShardsOfOneDatabase) {
  Fill(100);
  EXPECT_EQ(Run("DBSIZE"), ":100\r\n");
  database = 1;
  EXPECT_EQ(Run("DBSIZE"), ":0\r\n");
}

TEST_F(DatabaseCommandsTest, FlushDbEmptiesOneDatabase) {
  Fill(100);
  database = 1;
  Fill(50);
  EXPECT_EQ(Run("FLUSHDB"), "+OK\r\n");
  EXPECT_EQ(Run("DBSIZE"), ":0\r\n");
  EXPECT_EQ(Run("EXISTS", "key:1"), ":0\r\n");
  database = 0;
  EXPECT_EQ(Run("DBSIZE"), ":100\r\n");
}

TEST_F(DatabaseCommandsTest, FlushAllEmptiesEveryDatabase) {
  Fill(100);
  database = 15;
  Fill(50);
  EXPECT_EQ(Run("FLUSHALL", "async"), "+OK\r\n");
  EXPECT_EQ(Run("DBSIZE"), ":0\r\n");
  database = 0;
  EXPECT_EQ(Run("DBSIZE"), ":0\r\n");
  Fill(3);
  EXPECT_EQ(Run("DBSIZE"), ":3\r\n");
}

TEST_F(DatabaseCommandsTest, OnlySyncAndAsyncAreModes) {
  EXPECT_EQ(Run("FLUSHDB", "SYNC"), "+OK\r\n");
  Fill(3);
  EXPECT_EQ(Run("FLUSHDB", "now"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("FLUSHALL", "SYNC", "ASYNC"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("DBSIZE"), ":3\r\n");
}

TEST_F(DatabaseCommandsTest, DbSizeWaitsForWhatChangedIt) {
  Fill(10);
  Run("DBSIZE");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
  const storage::Ticket ticket = Commit();
  Run("DBSIZE");
  EXPECT_EQ(depends_on, ticket);
  database = 1;
  Run("DBSIZE");
  EXPECT_EQ(depends_on, storage::kNoTicket);
}

TEST_F(DatabaseCommandsTest, FlushIsAChangeUnlessThereIsNothingToFlush) {
  Fill(10);
  Commit();
  Run("FLUSHALL");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
  const storage::Ticket ticket = Commit();
  Run("EXISTS", "key:1");
  EXPECT_EQ(depends_on, ticket);
  Run("FLUSHALL");
  EXPECT_EQ(depends_on, ticket) << "it answers for the flush before it";
  EXPECT_FALSE(Changes("FLUSHDB"));
}

}  // namespace
}  // namespace tally::server
