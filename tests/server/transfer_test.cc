// RENAME, COPY and MOVE on their way: over shards, between databases, of what is not in memory.
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

class TransferTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  void MakeCold() { server.MakeCold(); }

  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(last, 1);
  TestClient& client = server.Connect(0);
};

TEST_P(TransferTest, RenameIsOneChangeSetWhateverItsShards) {
  server.Ask(client, "SET " + a + " 1 PXAT 9999999999999\r\n");
  const storage::Ticket before = server.log().appended();
  EXPECT_EQ(server.Ask(client, "RENAME " + a + " " + b + "\r\n"), "+OK\r\n");
  EXPECT_EQ(server.log().appended(), before + 1);
  EXPECT_EQ(server.Ask(client, "EXISTS " + a + "\r\nPEXPIRETIME " + b + "\r\nDBSIZE\r\n"),
            ":0\r\n:9999999999999\r\n:1\r\n");
  EXPECT_EQ(server.Ask(client, "COPY " + b + " " + a + " DB 2\r\nDBSIZE\r\nSELECT 2\r\nDBSIZE\r\n"),
            ":1\r\n:1\r\n+OK\r\n:1\r\n");
  EXPECT_EQ(server.log().appended(), before + 2);
}

TEST_P(TransferTest, ColdObjectsOfBothKeysAreRead) {
  server.Ask(client, "SET " + a + " 1\r\nSET " + b + " 2\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "RENAMENX " + a + " " + b + "\r\n"), ":0\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "COPY " + a + " " + b + "\r\n"), ":0\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "RENAME " + a + " " + b + "\r\nGET " + b + "\r\nDBSIZE\r\n"),
            "+OK\r\n" + Bulk("1") + ":1\r\n");
}

TEST_P(TransferTest, ColdObjectsOfTheOtherDatabaseAreRead) {
  server.Ask(client,
             "SELECT 3\r\nSET " + a + " 3\r\nSET " + b + " 3\r\nSELECT 0\r\nSET " + a + " 0\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "MOVE " + a + " 3\r\n"), ":0\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "COPY " + a + " " + b + " DB 3\r\n"), ":0\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "COPY " + a + " " + b + " DB 3 REPLACE\r\nSELECT 3\r\nGET " + b +
                                   "\r\nDEL " + a + "\r\nSELECT 0\r\n"),
            ":1\r\n+OK\r\n" + Bulk("0") + ":1\r\n+OK\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "MOVE " + a + " 3\r\nDBSIZE\r\nSELECT 3\r\nMGET " + a + " " + b +
                                   "\r\nDBSIZE\r\n"),
            ":1\r\n:0\r\n+OK\r\n*2\r\n" + Bulk("0") + Bulk("0") + ":2\r\n");
}

TEST_P(TransferTest, InATransactionTheyAreReadAheadAsWell) {
  server.Ask(client,
             "SELECT 3\r\nSET " + a + " 3\r\nSELECT 0\r\nSET " + a + " 0\r\nSET " + b + " 0\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "MULTI\r\nMOVE " + a + " 3\r\nCOPY " + b + " " + a +
                                   " REPLACE DB 3\r\nSELECT 3\r\nMOVE " + a + " 0\r\nRENAME " + a +
                                   " " + b + "\r\nGET " + b + "\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*6\r\n"
            ":0\r\n:1\r\n+OK\r\n:0\r\n+OK\r\n" +
                Bulk("0"));
}

TEST_P(TransferTest, AnUnreadableDestinationIsAnErrorAndChangesNothing) {
  server.Ask(client, "SET " + a + " 1\r\nSET " + b + " 2\r\n");
  MakeCold();
  server.database->unreadable = server.DiskKeyOf(b);
  const std::string error = "-" + std::string(protocol::errors::kUnreadable) + "\r\n";
  EXPECT_EQ(server.Ask(client, "RENAME " + a + " " + b + "\r\n"), error);
  EXPECT_EQ(server.Ask(client, "COPY " + a + " " + b + " REPLACE\r\n"), error);
  server.database->unreadable.clear();
  EXPECT_EQ(server.Ask(client, "MGET " + a + " " + b + "\r\n"), "*2\r\n" + Bulk("1") + Bulk("2"));
}

TEST_P(TransferTest, WatchersOfAllThatChangesAreTold) {
  TestClient& watcher = server.Connect(last);
  const auto aborts = [&](const std::string& watched, const std::string& change) {
    EXPECT_EQ(server.Ask(watcher, "WATCH " + watched + "\r\nMULTI\r\nPING\r\n"),
              "+OK\r\n+OK\r\n+QUEUED\r\n");
    server.Ask(client, change + "\r\n");
    return server.Ask(watcher, "EXEC\r\n") == "*-1\r\n";
  };
  server.Ask(client, "SET " + a + " 1\r\n");
  EXPECT_TRUE(aborts(a, "RENAME " + a + " " + b));
  EXPECT_TRUE(aborts(a, "RENAME " + b + " " + a));
  EXPECT_FALSE(aborts(a, "COPY " + a + " " + b + " DB 2"));
  EXPECT_TRUE(aborts(b, "COPY " + a + " " + b));
  EXPECT_FALSE(aborts(a, "RENAME " + a + " " + a));
  EXPECT_FALSE(aborts(b, "RENAMENX " + a + " " + b));
  EXPECT_TRUE(aborts(a, "MOVE " + a + " 5"));
  server.Ask(watcher, "SELECT 6\r\n");
  EXPECT_TRUE(aborts(b, "MOVE " + b + " 6"));
}

TEST_P(TransferTest, TheyLeaveNoWatchBehind) {
  server.Ask(client, "SET " + a + " 1\r\nCOPY " + a + " " + b + "\r\n");
  // WATCH is what makes a client watch.
  server.Ask(client, "MULTI\r\n");
  server.Ask(server.Connect(last), "SET " + a + " 2\r\n");
  EXPECT_EQ(server.Ask(client, "GET " + a + "\r\nEXEC\r\n"), "+QUEUED\r\n*1\r\n" + Bulk("2"));
}

INSTANTIATE_TEST_SUITE_P(Shards, TransferTest, ::testing::Values(1, 2, 5));

}  // namespace
}  // namespace tally::server
