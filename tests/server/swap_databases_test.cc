// SWAPDB: two databases change places for everybody at one moment.
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

std::string Error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }

class SwapDatabasesTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  /// `a` is 0 in database 0 and 1 in database 1; `b` is in database 0 alone.
  void Fill() {
    server.Ask(client,
               "SET " + a + " 0\r\nSET " + b + " 0\r\nSELECT 1\r\nSET " + a + " 1\r\nSELECT 0\r\n");
  }
  void MakeCold() { server.MakeCold(); }

  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(last, 1);
  TestClient& client = server.Connect(0);
  TestClient& other = server.Connect(last);
};

TEST_P(SwapDatabasesTest, EverybodySeesTheOtherOne) {
  Fill();
  const storage::Ticket before = server.log().appended();
  EXPECT_EQ(server.Ask(client, "SWAPDB 0 1\r\n"), "+OK\r\n");
  EXPECT_EQ(server.log().appended(), before + 1);
  EXPECT_EQ(server.Ask(other, "MGET " + a + " " + b + "\r\nDBSIZE\r\nSELECT 1\r\nMGET " + a + " " +
                                  b + "\r\nDBSIZE\r\n"),
            "*2\r\n" + Bulk("1") + "$-1\r\n:1\r\n+OK\r\n*2\r\n" + Bulk("0") + Bulk("0") + ":2\r\n");
  EXPECT_EQ(server.Ask(client, "INCR " + a + "\r\nFLUSHDB\r\nDBSIZE\r\nSWAPDB 1 0\r\nDBSIZE\r\n"),
            ":2\r\n+OK\r\n:0\r\n+OK\r\n:2\r\n");
  EXPECT_EQ(server.Ask(other, "DBSIZE\r\n"), ":0\r\n");
}

TEST_P(SwapDatabasesTest, RefusesWhatRedisRefuses) {
  namespace errors = protocol::errors;
  EXPECT_EQ(server.Ask(client, "SWAPDB x 1\r\nSWAPDB 0 x\r\nSWAPDB 0 3000000000\r\n"),
            Error(errors::kInvalidFirstDbIndex) + Error(errors::kInvalidSecondDbIndex) +
                Error(errors::kInvalidSecondDbIndex));
  EXPECT_EQ(server.Ask(client, "SWAPDB 0 16\r\nSWAPDB -1 0\r\n"),
            Error(errors::kDbIndexOutOfRange) + Error(errors::kDbIndexOutOfRange));
  const storage::Ticket before = server.log().appended();
  EXPECT_EQ(server.Ask(client, "SWAPDB 3 3\r\n"), "+OK\r\n");
  EXPECT_EQ(server.log().appended(), before) << "nothing has changed";
}

TEST_P(SwapDatabasesTest, ColdObjectsChangePlacesToo) {
  Fill();
  MakeCold();
  EXPECT_EQ(server.Ask(client, "SWAPDB 0 1\r\nDBSIZE\r\nMGET " + a + " " + b + "\r\n"),
            "+OK\r\n:1\r\n*2\r\n" + Bulk("1") + "$-1\r\n");
  EXPECT_EQ(server.Ask(client, "SET " + b + " new\r\n"), "+OK\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "SWAPDB 0 1\r\nMGET " + a + " " + b + "\r\nSELECT 1\r\nMGET " + a +
                                   " " + b + "\r\n"),
            "+OK\r\n*2\r\n" + Bulk("0") + Bulk("0") + "+OK\r\n*2\r\n" + Bulk("1") + Bulk("new"));
}

// What waits for a cold object is about the database that has the number when it runs.
TEST_P(SwapDatabasesTest, WhoWaitsSeesTheOneOfTheMomentInWhichItRuns) {
  Fill();
  MakeCold();
  client.Send("GET " + a + "\r\n");
  other.Send("MGET " + a + " " + b + "\r\n");
  server.Settle();
  EXPECT_EQ(client.Take() + other.Take(), "");
  TestClient& third = server.Connect(0);
  third.Send("SWAPDB 0 1\r\n");
  server.Settle();
  server.Run();
  EXPECT_EQ(third.Take(), "+OK\r\n");
  EXPECT_EQ(client.Take(), Bulk("1"));
  EXPECT_EQ(other.Take(), "*2\r\n" + Bulk("1") + "$-1\r\n");
  // And it left no pins behind.
  MakeCold();
}

// Not even a read of what has been durable for long may tell of the exchange before it is.
TEST_P(SwapDatabasesTest, NobodySeesItBeforeItIsDurable) {
  Fill();
  server.Run();
  client.Send("SWAPDB 0 1\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "");
  other.Send("GET " + a + "\r\n");
  TestClient& absent = server.Connect(last);
  absent.Send("EXISTS missing\r\n");
  TestClient& counts = server.Connect(0);
  counts.Send("DBSIZE\r\n");
  TestClient& walks = server.Connect(0);
  walks.Send("KEYS *\r\n");
  TestClient& elsewhere = server.Connect(last);
  elsewhere.Send("SELECT 2\r\nGET " + a + "\r\n");
  server.Settle();
  EXPECT_EQ(other.Take() + absent.Take() + counts.Take() + walks.Take(), "");
  EXPECT_EQ(elsewhere.Take(), "+OK\r\n$-1\r\n") << "this database was not exchanged";
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n");
  EXPECT_EQ(other.Take(), Bulk("1"));
  EXPECT_EQ(absent.Take(), ":0\r\n");
  EXPECT_EQ(counts.Take(), ":1\r\n");
  EXPECT_EQ(walks.Take(), "*1\r\n" + Bulk(a));
}

TEST_P(SwapDatabasesTest, InATransactionWhatFollowsIsAboutTheOther) {
  Fill();
  MakeCold();
  const std::string queued = "+QUEUED\r\n";
  EXPECT_EQ(server.Ask(client, "MULTI\r\nGET " + a + "\r\nSWAPDB 0 1\r\nGET " + a + "\r\nCOPY " +
                                   a + " " + b + " DB 1\r\nMOVE " + a + " 1\r\nSELECT 1\r\nGET " +
                                   b + "\r\nDBSIZE\r\nEXEC\r\n"),
            "+OK\r\n" + queued + queued + queued + queued + queued + queued + queued + queued +
                "*8\r\n" + Bulk("0") + "+OK\r\n" + Bulk("1") + ":0\r\n:0\r\n+OK\r\n" + Bulk("0") +
                ":2\r\n");
  EXPECT_EQ(server.Ask(other, "GET " + a + "\r\nDBSIZE\r\n"), Bulk("1") + ":1\r\n");
  // There and back again.
  MakeCold();
  EXPECT_EQ(server.Ask(client,
                       "MULTI\r\nSWAPDB 0 1\r\nSWAPDB 0 1\r\nGET " + b + "\r\nKEYS *\r\nEXEC\r\n"),
            "+OK\r\n" + queued + queued + queued + queued + "*4\r\n+OK\r\n+OK\r\n" + Bulk("0") +
                server.Ask(client, "KEYS *\r\n"));
}

TEST_P(SwapDatabasesTest, WhatFollowsInATransactionIsBroughtInFromTheOther) {
  Fill();
  MakeCold();
  EXPECT_EQ(server.Ask(client, "MULTI\r\nSWAPDB 0 1\r\nGET " + a + "\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n" + Bulk("1"));
  MakeCold();
  EXPECT_EQ(server.Ask(client, "MULTI\r\nSWAPDB 0 1\r\nSELECT 1\r\nMOVE " + a + " 0\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n:0\r\n");
}

TEST_P(SwapDatabasesTest, WatchersAreTold) {
  Fill();
  const auto aborts = [&](const std::string& key) {
    EXPECT_EQ(server.Ask(other, "WATCH " + key + "\r\nMULTI\r\nPING\r\n"),
              "+OK\r\n+OK\r\n+QUEUED\r\n");
    server.Ask(client, "SWAPDB 0 1\r\n");
    return server.Ask(other, "EXEC\r\n") == "*-1\r\n";
  };
  EXPECT_TRUE(aborts(a)) << "it is in both";
  EXPECT_TRUE(aborts(b)) << "it comes";
  EXPECT_TRUE(aborts(b)) << "it goes";
  EXPECT_FALSE(aborts("missing"));
  // A watch that outlived an exchange sees changes of the right one.
  EXPECT_EQ(server.Ask(other, "WATCH missing\r\nMULTI\r\nPING\r\n"), "+OK\r\n+OK\r\n+QUEUED\r\n");
  server.Ask(client, "SWAPDB 0 1\r\nSELECT 1\r\nSET missing 1\r\nDEL missing\r\nSELECT 0\r\n");
  EXPECT_EQ(server.Ask(other, "EXEC\r\nWATCH missing\r\nMULTI\r\nPING\r\n"),
            "*1\r\n+PONG\r\n+OK\r\n+OK\r\n+QUEUED\r\n");
  server.Ask(client, "SWAPDB 0 1\r\nSET missing 1\r\n");
  EXPECT_EQ(server.Ask(other, "EXEC\r\n"), "*-1\r\n");
  for (uint32_t i = 0; i < GetParam(); ++i) {
    EXPECT_TRUE(server.shard(i).keyspace().watches().empty());
  }
}

TEST_P(SwapDatabasesTest, AWalkStaysInTheDatabaseInWhichItSetOut) {
  std::string set;
  for (int i = 0; i < 3000; ++i) set += "SET k" + std::to_string(i) + " 1\r\n";
  server.Ask(client, set);
  client.Send("KEYS *\r\n");
  for (uint32_t i = 0; i < GetParam(); ++i) server.Turn(i);
  other.Send("SWAPDB 0 1\r\n");
  server.Run();
  EXPECT_EQ(other.Take(), "+OK\r\n");
  const std::string keys = client.Take();
  EXPECT_TRUE(keys.starts_with("*3000\r\n") || keys == "*0\r\n") << keys.substr(0, 20);
}

INSTANTIATE_TEST_SUITE_P(Shards, SwapDatabasesTest, ::testing::Values(1, 2, 5));

}  // namespace
}  // namespace tally::server
