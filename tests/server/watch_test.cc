// WATCH: EXEC runs nothing if what it watches has changed.
#include "server/watch.h"

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "server/wall_clock.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

class WatchTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  /// The reply of EXEC, of a transaction with one PING.
  std::string Exec() {
    const std::string reply = server.Ask(client, "MULTI\r\nPING\r\nEXEC\r\n");
    EXPECT_TRUE(reply.starts_with("+OK\r\n+QUEUED\r\n")) << reply;
    return reply.substr(std::min<size_t>(reply.size(), 14));
  }
  size_t Watches() {
    size_t all = 0;
    for (Shard* shard : server.shards()) all += shard->keyspace().watches().size();
    return all;
  }
  void Watch(const std::string& keys) {
    ASSERT_EQ(server.Ask(client, "WATCH " + keys + "\r\n"), "+OK\r\n");
  }
  void TearDown() override { WallClock::SetForTest(SessionHarness::kNowMs); }

  static constexpr std::string_view kRan = "*1\r\n+PONG\r\n";
  static constexpr std::string_view kNull = "*-1\r\n";
  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(GetParam() / 2, 1);
  const std::string c = server.KeyOn(last, 2);
  TestClient& client = server.Connect(0);
  TestClient& other = server.Connect(last);
};

TEST_P(WatchTest, AChangeByAnybodyStopsExec) {
  server.Ask(other, "SET " + a + " 1\r\n");
  Watch(a + " " + c);
  EXPECT_EQ(Exec(), kRan);
  EXPECT_EQ(Watches(), 0u);
  Watch(a + " " + c);
  server.Ask(other, "INCR " + a + "\r\n");
  EXPECT_EQ(Exec(), kNull);
  EXPECT_EQ(Watches(), 0u);
  EXPECT_EQ(Exec(), kRan) << "EXEC has ended the watch";
  Watch(a);
  Watch(c);
  server.Ask(other, "SET " + c + " 1\r\n");
  EXPECT_EQ(Exec(), kNull);
  Watch(b);
  server.Ask(client, "SET " + b + " 1\r\n");
  EXPECT_EQ(Exec(), kNull) << "one's own change, too";
  server.Ask(client, "HELLO 3\r\n");
  Watch(b);
  server.Ask(other, "DEL " + b + "\r\n");
  EXPECT_EQ(Exec(), "_\r\n");
}

TEST_P(WatchTest, ReadsAndOtherObjectsDoNotMatter) {
  server.Ask(other, "MSET " + a + " 1 " + b + " 1\r\n");
  Watch(a + " " + c);
  server.Ask(other, "GET " + a + "\r\nDEL " + c + "\r\nINCR " + b + "\r\nSELECT 1\r\nSET " + a +
                        " 1\r\nFLUSHDB\r\n");
  EXPECT_EQ(Exec(), kRan);
}

TEST_P(WatchTest, UnwatchDiscardAndResetEndIt) {
  for (const std::string_view end : {"UNWATCH", "MULTI\r\nDISCARD", "RESET", "EXEC x"}) {
    Watch(a + " " + b + " " + c + " " + a);
    EXPECT_EQ(Watches(), 3u);
    server.Ask(other, "INCR " + a + "\r\n");
    server.Ask(client, std::string(end) + "\r\n");
    EXPECT_EQ(Watches(), 0u) << end;
    EXPECT_EQ(Exec(), kRan) << end;
  }
  Watch(a + " " + c);
  client.Disconnect();
  server.Run();
  EXPECT_NE(Watches(), 0u) << "the session is still there";
}

TEST_P(WatchTest, AWatchBehindAnUnwatchStays) {
  client.Send("WATCH " + a + " " + c + "\r\nUNWATCH\r\nWATCH " + a + " " + c + "\r\n");
  server.Run();
  EXPECT_EQ(Watches(), 2u);
  server.Ask(other, "INCR " + c + "\r\n");
  EXPECT_EQ(client.Take(), "+OK\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(Exec(), kNull);
}

TEST_P(WatchTest, ExpiryIsAChange) {
  server.Ask(other, "SET " + a + " 1 PX 10\r\n");
  Watch(a);
  EXPECT_EQ(Exec(), kRan);
  Watch(a);
  WallClock::SetForTest(SessionHarness::kNowMs + 11);
  EXPECT_EQ(Exec(), kNull) << "though nobody has removed it";
  WallClock::SetForTest(SessionHarness::kNowMs);
  server.Ask(other, "SET " + a + " 1 PX 10\r\n");
  WallClock::SetForTest(SessionHarness::kNowMs + 11);
  Watch(a);
  server.Ask(other, "GET " + a + "\r\nDEL " + a + "\r\nFLUSHALL\r\n");
  EXPECT_EQ(Exec(), kRan) << "it was absent then, and is";
}

TEST_P(WatchTest, AFlushChangesWhatThereWas) {
  server.Ask(other, "SET " + a + " 1\r\n");
  Watch(c);
  server.Ask(other, "FLUSHALL\r\n");
  EXPECT_EQ(Exec(), kRan);
  for (const std::string_view flush : {"FLUSHALL", "FLUSHDB"}) {
    server.Ask(other, "SET " + a + " 1\r\n");
    Watch(a);
    server.Ask(other, std::string(flush) + "\r\n");
    EXPECT_EQ(Exec(), kNull);
  }
}

TEST_P(WatchTest, WhatLeavesMemoryAndComesBackHasNotChanged) {
  server.Ask(other, "MSET " + a + " 1 " + c + " 1\r\n");
  const auto make_cold = [&] {
    server.Run();
    server.Checkpoint();
    server.EvictAll();
    for (uint32_t i = 0; i < GetParam(); ++i) server.Turn(i);
  };
  make_cold();
  Watch(a + " " + c);
  make_cold();
  server.Ask(other, "MGET " + a + " " + c + "\r\n");
  make_cold();
  EXPECT_EQ(Exec(), kRan);
  Watch(a + " " + c);
  make_cold();
  server.Ask(other, "FLUSHALL\r\n");
  EXPECT_EQ(Exec(), kNull) << "it was on the disk only";
}

// That there was a change is not told before the change could not be taken back.
TEST_P(WatchTest, AConflictIsToldWhenTheChangeIsDurable) {
  Watch(a);
  other.Send("INCR " + a + "\r\n");
  server.Settle();
  client.Send("MULTI\r\nPING\r\nEXEC\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "+OK\r\n+QUEUED\r\n");
  server.Run();
  EXPECT_EQ(client.Take(), kNull);
}

TEST_P(WatchTest, ClientInfoTellsOfIt) {
  const auto info = [&] { return server.Ask(client, "CLIENT INFO\r\n"); };
  Watch(a);
  EXPECT_NE(info().find(" flags=N "), std::string::npos);
  server.Ask(other, "INCR " + a + "\r\n");
  EXPECT_NE(info().find(" flags=d "), std::string::npos);
  EXPECT_NE(info().find(" multi=-1 "), std::string::npos);
  EXPECT_EQ(Exec(), kNull);
  const std::string reply = server.Ask(client, "MULTI\r\nPING\r\nCLIENT INFO\r\nEXEC\r\n");
  EXPECT_NE(reply.find(" flags=x "), std::string::npos) << reply;
  EXPECT_NE(reply.find(" multi=2 "), std::string::npos) << reply;
  EXPECT_NE(reply.find(" cmd=exec "), std::string::npos) << reply;
}

// Read, add one, write if nobody was faster: no increment is lost, whatever the order of events.
TEST_P(WatchTest, OptimisticIncrementsAreNeverLost) {
  const auto seeds = static_cast<unsigned>(test::Scaled(12));
  for (unsigned seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    server.Ask(other, "MSET " + a + " 0 " + c + " 0\r\n");
    struct Counter {
      TestClient* client;
      bool has_read = false;
      int done = 0;
      std::string received = {};
    };
    std::vector<Counter> counters;
    for (uint32_t i = 0; i < 4; ++i) counters.push_back({&server.Connect(i % GetParam())});
    for (int step = 0; step < 600; ++step) {
      server.RandomStep(&random);
      if (random() % 40 == 0) server.Checkpoint();
      if (random() % 15 == 0) server.EvictAll();
      for (Counter& counter : counters) {
        TestClient& who = *counter.client;
        if (!who.session().idle() || who.unread() != 0) continue;
        const std::string reply = who.Take();
        if (!counter.has_read) {
          if (reply.find("*2") != std::string::npos) ++counter.done;
          who.Send("WATCH " + c + "\r\nGET " + c + "\r\n");
        } else {
          const size_t at = reply.find('\n', reply.find('$')) + 1;
          const std::string next = std::to_string(std::stoi(reply.substr(at)) + 1);
          who.Send("MULTI\r\nSET " + c + " " + next + "\r\nINCR " + a + "\r\nEXEC\r\n");
        }
        counter.has_read = !counter.has_read;
      }
    }
    server.Run();
    int done = 0;
    for (Counter& counter : counters) {
      if (counter.client->Take().find("*2") != std::string::npos) ++counter.done;
      done += counter.done;
    }
    EXPECT_GT(done, 0);
    const std::string total = std::to_string(done);
    EXPECT_EQ(server.Ask(other, "MGET " + a + " " + c + "\r\n"),
              "*2\r\n" + Bulk(total) + Bulk(total));
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, WatchTest, ::testing::Values(1u, 3u));

}  // namespace
}  // namespace tally::server
