// notify-keyspace-events through sessions on one core and on several: nobody hears of what a crash could take
// back, and what happens to a key is told in its order. Which event is whose: tests/end_to_end/key_events_test.cc.
#include "server/key_events.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "server/wall_clock.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

std::string Happened(std::string_view key, std::string_view event, int database = 0) {
  return "*4\r\n" + Bulk("pmessage") + Bulk("__key*__:*") +
         Bulk("__keyspace@" + std::to_string(database) + "__:" + std::string(key)) + Bulk(event);
}

TEST(KeyEventKinds, AreLettersInRedisOrder) {
  const auto normal = [](std::string_view letters) {
    const std::optional<uint32_t> kinds = ParseKeyEventKinds(letters);
    return kinds ? KeyEventLetters(*kinds) : "refused";
  };
  EXPECT_EQ(normal(""), "");
  EXPECT_EQ(normal("KEA"), "AKE");
  EXPECT_EQ(normal("EKdtezhsxl$g"), "AKE");
  EXPECT_EQ(normal("tdmxe"), "xetdm");
  EXPECT_EQ(normal("Kn"), "nK");
  EXPECT_EQ(normal("KEAmn"), "AKEm");
  EXPECT_EQ(normal("KEa"), "refused");
}

TEST(KeyEventKinds, AllIsNeitherMissesNorNewKeys) {
  EXPECT_EQ(*ParseKeyEventKinds("A") & (kMissEvent | kNewEvent), 0U);
}

class KeyEventsTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  KeyEventsTest() {
    server.Ask(subscriber, "PSUBSCRIBE __key*__:*\r\n");
    Want("KA");
  }
  void Want(std::string_view letters) {
    server.services.config().notify_keyspace_events = *ParseKeyEventKinds(letters);
  }
  /// What the subscriber hears when the client has said this and all is done.
  std::string HeardOf(std::string_view requests) {
    client.Send(requests);
    server.Run();
    return subscriber.Take();
  }

  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  TestClient& client = server.Connect(GetParam() / 2);
  TestClient& subscriber = server.Connect(last);
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(last, 1);
};

TEST_P(KeyEventsTest, NobodyHearsOfAChangeThatIsNotDurable) {
  for (const std::string& key : {a, b}) {
    client.Send("SET " + key + " 1\r\n");
    server.Settle();
    EXPECT_EQ(subscriber.Take(), "");
    server.Commit();
    server.Settle();
    EXPECT_EQ(subscriber.Take(), Happened(key, "set"));
  }
}

TEST_P(KeyEventsTest, ATransactionIsToldWhole) {
  HeardOf("SET " + a + " 0\r\n");  // what was durable before says nothing of it
  client.Send("MULTI\r\nSET " + a + " 1\r\nSET " + b + " 1\r\nDEL " + a + "\r\nEXEC\r\n");
  server.Settle();
  EXPECT_EQ(subscriber.Take(), "");
  server.Commit();
  server.Settle();
  EXPECT_EQ(subscriber.Take(), Happened(a, "set") + Happened(b, "set") + Happened(a, "del"));
}

TEST_P(KeyEventsTest, AMissWaitsForTheRemovalThatItTellsOf) {
  HeardOf("SET " + b + " 1\r\n");
  Want("Km");
  client.Send("DEL " + b + "\r\n");
  server.Settle();
  client.Send("GET " + b + "\r\n");
  server.Settle();
  EXPECT_EQ(subscriber.Take(), "");
  server.Commit();
  server.Settle();
  EXPECT_EQ(subscriber.Take(), Happened(b, "keymiss"));
}

TEST_P(KeyEventsTest, AMissOfWhatNeverWasIsToldWithoutACommit) {
  Want("Km");
  client.Send("GET " + b + "\r\n");
  server.Settle();
  EXPECT_EQ(subscriber.Take(), Happened(b, "keymiss"));
}

// It comes and goes, by itself on its shard and in transactions on several: whoever hears that out of order
// hears of two comings in a row.
TEST_P(KeyEventsTest, ChangesOfOneKeyAreToldInTheirOrderWhoeverMakesThem) {
  std::mt19937_64 random(20'261'125);
  Want("E$g");
  std::vector<TestClient*> clients{&client};
  for (uint32_t core = 0; core < GetParam(); ++core) clients.push_back(&server.Connect(core));
  const std::vector<std::string> requests{
      "SETNX " + a + " 1\r\n", "DEL " + a + "\r\n",
      "MULTI\r\nSETNX " + a + " 1\r\nSET " + b + " x\r\nEXEC\r\n",
      "MULTI\r\nSET " + b + " x\r\nDEL " + a + "\r\nEXEC\r\n"};
  for (int i = 0; i < 2000; ++i) {
    if (random() % 4 == 0) {
      clients[random() % clients.size()]->Send(requests[random() % requests.size()]);
    }
    server.RandomStep(&random);
  }
  server.Run();
  const std::string heard = subscriber.Take();
  const std::string came = Bulk("__keyevent@0__:set") + Bulk(a);
  const std::string went = Bulk("__keyevent@0__:del") + Bulk(a);
  int turns = 0;
  size_t at = 0;
  for (;; ++turns) {
    const size_t comes_at = heard.find(came, at);
    const size_t goes_at = heard.find(went, at);
    const size_t next = turns % 2 == 0 ? comes_at : goes_at;
    ASSERT_EQ(next, std::min(comes_at, goes_at)) << turns;
    if (next == std::string::npos) break;
    at = next + 1;
  }
  EXPECT_GT(turns, 20);
}

TEST_P(KeyEventsTest, AnObjectThatExpiresIsToldWhoeverFindsIt) {
  HeardOf("SET " + a + " 1 PX 10\r\nSET " + b + " 1 PX 10\r\n");
  const int64_t later_ms = SessionHarness::kNowMs + 11;
  WallClock::SetForTest(later_ms);
  // A client finds the one …
  EXPECT_EQ(HeardOf("GET " + a + "\r\n"), Happened(a, "expired"));
  // … and the search for expired objects the other.
  const storage::Key key = server.KeyOf(b);
  size_t looked_at = 0;
  server.shard(last).keyspace().ExpireFrom(0, key.slot, later_ms, 0, 100, &looked_at);
  server.Settle();
  EXPECT_EQ(subscriber.Take(), "");
  server.Run();
  EXPECT_EQ(subscriber.Take(), Happened(b, "expired"));
}

TEST_P(KeyEventsTest, WhatSpanningCommandsFindExpiredIsToldInTheirOrder) {
  HeardOf("SET " + a + " 1 PX 10\r\nSET " + b + " 1 PX 10\r\n");
  WallClock::SetForTest(SessionHarness::kNowMs + 11);
  EXPECT_EQ(
      HeardOf("MSETNX " + b + " 2 " + a + " 2\r\n"),
      Happened(b, "expired") + Happened(a, "expired") + Happened(b, "set") + Happened(a, "set"));
  // Afterwards each shard tells of its own again.
  HeardOf("SET " + a + " 1 PX 10\r\nSET " + b + " 1 PX 10\r\n");
  WallClock::SetForTest(SessionHarness::kNowMs + 22);
  for (const auto& [key, shard] : {std::pair(a, 0U), std::pair(b, last)}) {
    size_t looked_at = 0;
    server.shard(shard).keyspace().ExpireFrom(0, server.KeyOf(key).slot,
                                              SessionHarness::kNowMs + 22, 0, 100, &looked_at);
    EXPECT_FALSE(server.executor(shard).key_events().empty());
    server.Run();
    EXPECT_EQ(subscriber.Take(), Happened(key, "expired"));
  }
}

TEST_P(KeyEventsTest, AnObjectThatExpiresOnTheDiskIsTold) {
  HeardOf("SET " + b + " 1 PX 10\r\n");
  server.Checkpoint();
  server.EvictAll();
  WallClock::SetForTest(SessionHarness::kNowMs + 11);
  storage::Keyspace& keyspace = server.shard(last).keyspace();
  keyspace.RemoveExpired(0, server.KeyOf(b), keyspace.generation(0), SessionHarness::kNowMs + 10);
  server.Run();
  EXPECT_EQ(subscriber.Take(), Happened(b, "expired"));
}

// Redis 7 has no INCREX to compare with.
TEST_P(KeyEventsTest, IncrExIsToldAsTheCommandsThatItIsMadeOf) {
  Want("KAn");
  const std::string increx = "INCREX " + b;
  EXPECT_EQ(HeardOf(increx + "\r\n"), Happened(b, "new") + Happened(b, "incrby"));
  EXPECT_EQ(HeardOf(increx + " EX 100\r\n"), Happened(b, "incrby") + Happened(b, "expire"));
  EXPECT_EQ(HeardOf(increx + " EX 100 ENX\r\n"), Happened(b, "incrby"));
  EXPECT_EQ(HeardOf(increx + " PERSIST\r\n"), Happened(b, "incrby") + Happened(b, "persist"));
  EXPECT_EQ(HeardOf(increx + " PERSIST\r\n"), Happened(b, "incrby"));
  EXPECT_EQ(HeardOf(increx + " UBOUND 5\r\n"), "");
  EXPECT_EQ(HeardOf(increx + " BYFLOAT 1.5\r\n"), Happened(b, "incrbyfloat"));
  EXPECT_EQ(HeardOf(increx + " BYFLOAT 1 PXAT 1\r\n"),
            Happened(b, "incrbyfloat") + Happened(b, "expire"));
  EXPECT_EQ(HeardOf("GET " + b + "\r\n"), Happened(b, "expired"));
}

TEST_P(KeyEventsTest, TheDatabaseIsTheOneThatClientsSee) {
  HeardOf("SET " + b + " 1 PX 10\r\nSWAPDB 0 3\r\n");
  WallClock::SetForTest(SessionHarness::kNowMs + 11);
  EXPECT_EQ(HeardOf("SELECT 3\r\nGET " + b + "\r\n"), Happened(b, "expired", 3));
}

TEST_P(KeyEventsTest, WhatNobodyWantsIsNotTold) {
  Want("Kx");
  EXPECT_EQ(HeardOf("SET " + a + " 1\r\nGET none\r\nDEL " + a + "\r\n"), "");
  Want("A");  // nowhere
  EXPECT_EQ(HeardOf("SET " + a + " 1\r\n"), "");
  Want("");
  EXPECT_EQ(HeardOf("SET " + a + " 1\r\n"), "");
}

TEST_P(KeyEventsTest, WhatIsPublishedAfterTheReplyIsHeardAfterTheEvent) {
  if (GetParam() > 1) GTEST_SKIP() << "of one core";
  server.Ask(subscriber, "SUBSCRIBE done\r\n");
  client.Send("SET " + a + " 1\r\n");
  server.Run();
  EXPECT_EQ(HeardOf("PUBLISH done x\r\n"),
            Happened(a, "set") + "*3\r\n" + Bulk("message") + Bulk("done") + Bulk("x"));
}

INSTANTIATE_TEST_SUITE_P(Cores, KeyEventsTest, ::testing::Values(1U, 2U, 4U));

}  // namespace
}  // namespace tally::server
