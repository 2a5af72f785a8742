// Large replies to clients that read slowly: what they take of memory is bounded, nobody else waits, and all
// of it comes in the end, in order.
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/operation_batch.h"
#include "server/reply_budget.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

constexpr size_t kPart = OperationBatch::kPartBytes;
constexpr size_t kBudget = size_t{4} << 20;  // a core's

class ReplyPartsTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  ReplyPartsTest() {
    server.database->discard = true;
    for (uint32_t core = 0; core < GetParam(); ++core) {
      server.reply_budget(core).Share(kBudget * ReplyBudget::kPart, 1);
    }
  }

  void SetLarge(const std::string& key, const std::string& value) {
    ASSERT_EQ(server.Ask(client, Encode({"SET", key, value})), "+OK\r\n");
  }
  /// Its client reads everything from now on.
  void StartReading() {
    client.withhold_output = false;
    client.OnOutput();
    server.Run();
  }
  /// Operations that wait on the shard.
  size_t WaitingOn(uint32_t shard) { return server.shard(shard).input_gate().waiting(); }

  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  const std::string here = server.KeyOn(0);
  const std::string there = server.KeyOn(last, 1);
  const std::string large = std::string(kPart, 'v');
  TestClient& client = server.Connect(0);
};

INSTANTIATE_TEST_SUITE_P(Shards, ReplyPartsTest, ::testing::Values(1u, 2u, 4u));

std::string Times(const std::string& text, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST_P(ReplyPartsTest, AClientThatDoesNotReadOwesNoMoreThanItsShare) {
  constexpr size_t kAsked = 100;
  SetLarge(there, large);
  client.withhold_output = true;
  client.Send(Times("GET " + there + "\r\n", kAsked) + "PING\r\n");
  server.Run();
  // Half of the budget is left then; a part more may have been under way.
  EXPECT_LE(client.session().owed_bytes(), kBudget / 2 + 2 * (kPart + 100));
  EXPECT_GE(client.session().owed_bytes(), kBudget / 2);
  StartReading();
  EXPECT_EQ(client.Take(), Times(Bulk(large), kAsked) + "+PONG\r\n");
  EXPECT_EQ(client.session().owed_bytes(), 0U);
  EXPECT_EQ(server.reply_budget(0).used(), 0U);
}

TEST_P(ReplyPartsTest, NorDoesOneThatReadsAByteAtATime) {
  constexpr size_t kAsked = 100;
  SetLarge(there, large);
  client.withhold_output = true;
  client.Send(Times("GET " + there + "\r\n", kAsked));
  std::string taken;
  for (int i = 0; i < 20; ++i) {
    server.Run();
    client.session().TakeOutput(&taken);  // all goes to the socket, which takes a byte of it
    client.session().OnWritten(1);
    client.Pump();
    EXPECT_LE(client.session().owed_bytes(), kBudget / 2 + 2 * (kPart + 100));
  }
  client.session().OnWritten(taken.size() - 20);
  client.Pump();
  StartReading();
  EXPECT_EQ((taken + client.Take()).size(), kAsked * Bulk(large).size());
}

TEST_P(ReplyPartsTest, SoDoesOneWhoseObjectsAreCold) {
  constexpr size_t kAsked = 60;
  std::string requests;
  std::string replies;
  for (size_t i = 0; i < kAsked; ++i) {
    const std::string key = "large" + std::to_string(i);
    std::string value = large;
    value[0] = static_cast<char>('a' + i % 26);
    SetLarge(key, value);
    requests += "GET " + key + "\r\n";
    replies += Bulk(value);
  }
  server.MakeCold();
  client.withhold_output = true;
  client.Send(requests);
  server.Run();
  // Of every shard a part more.
  EXPECT_LE(client.session().owed_bytes(), kBudget / 2 + (1 + GetParam()) * (kPart + 100));
  StartReading();
  EXPECT_EQ(client.Take(), replies);
}

TEST_P(ReplyPartsTest, ManyClientsShareOneBudget) {
  constexpr size_t kClients = 20;
  SetLarge(there, large);
  std::vector<TestClient*> others;
  for (size_t i = 0; i < kClients; ++i) {
    others.push_back(&server.Connect(0));
    others.back()->withhold_output = true;
    others.back()->Send(Times("GET " + there + "\r\n", 50));
    server.Run();
  }
  EXPECT_LE(server.reply_budget(0).used(), kBudget + kClients * (kPart + 100));
  for (TestClient* other : others) {
    other->withhold_output = false;
    other->OnOutput();
    server.Run();
    EXPECT_EQ(other->Take().size(), 50 * Bulk(large).size());
  }
}

TEST_P(ReplyPartsTest, OthersGoOnWhileOneDoesNotRead) {
  SetLarge(there, large);
  client.withhold_output = true;
  client.Send(Times("GET " + there + "\r\n", 50) + "INCR {" + there + "}n\r\n");
  server.Run();
  TestClient& other = server.Connect(0);
  EXPECT_EQ(server.Ask(other, "MSET " + here + " 1 {" + there + "}n 5\r\nGET " + there +
                                  "\r\nMULTI\r\nINCR {" + there + "}n\r\nEXEC\r\n"),
            "+OK\r\n" + Bulk(large) + "+OK\r\n+QUEUED\r\n*1\r\n:6\r\n");
  StartReading();
  EXPECT_EQ(client.Take(), Times(Bulk(large), 50) + ":7\r\n");
}

// The second shard's replies use up the budget, and may only be told behind the first one's.
TEST_P(ReplyPartsTest, WhatComesFirstGoesOnWhateverTheRestHasUsed) {
  constexpr size_t kRounds = 40;
  SetLarge(there, large);
  std::string requests;
  for (size_t i = 0; i < kRounds; ++i) {
    // The first of them are cold.
    const std::string cold = "{" + here + "}" + std::to_string(i);
    SetLarge(cold, large);
    requests += "GET " + cold + "\r\n";
  }
  server.MakeCold();
  TestClient& other = server.Connect(last);
  ASSERT_EQ(server.Ask(other, "STRLEN " + there + "\r\n"), ":" + std::to_string(kPart) + "\r\n");
  client.Send(requests + Times("GET " + there + "\r\n", kRounds));
  server.Settle();
  const size_t owed_at_first = client.session().owed_bytes();
  EXPECT_LE(owed_at_first, kBudget / 2 + 2 * (kPart + 100));
  if (GetParam() > 1) {
    EXPECT_GE(owed_at_first, kBudget / 2) << "nothing of it can be told yet";
    EXPECT_EQ(client.Take(), "");
  }
  server.Run();
  EXPECT_EQ(client.Take(), Times(Bulk(large), 2 * kRounds));
}

// The same, with an empty place in front that comes to be filled while the client still reads what is before it.
TEST_P(ReplyPartsTest, AnEmptyPlaceIsPassedThoughNothingOfItIsWritten) {
  if (GetParam() == 1) GTEST_SKIP() << "all on one shard is in one batch";
  const std::string hot = "{" + here + "}hot";
  SetLarge(there, Times(large, 8));
  const std::string budget_filler = Times(large, 12);
  SetLarge(hot, budget_filler);
  client.withhold_output = true;
  // From another shard; from this one, suppressed, and it waits for a commit; from the other; and from this one as
  // much as may be owed.
  client.Send("GET " + there + "\r\nCLIENT REPLY SKIP\r\nSET " + here + " 1\r\n" +
              Times("GET " + there + "\r\n", 3) + "GET " + hot + "\r\n");
  server.Settle();
  std::string taken;
  client.session().TakeOutput(&taken);
  EXPECT_EQ(taken.size(), Bulk(Times(large, 8)).size());
  server.Run();  // the suppressed one is durable now
  client.session().OnWritten(taken.size());
  for (int i = 0; i < 5; ++i) {
    std::string more;
    client.session().TakeOutput(&more);
    if (!more.empty()) client.session().OnWritten(more.size());
    taken += more;
    server.Run();
  }
  const std::string value = Bulk(Times(large, 8));
  EXPECT_EQ(taken, Times(value, 4) + Bulk(budget_filler));
}

TEST_P(ReplyPartsTest, ASlowRequestIsLoggedOnceHoweverTheRepliesAreCut) {
  constexpr size_t kAsked = 10;
  SetLarge(there, large);
  server.services.config().slowlog_slower_than_us = 0;
  server.services.watch.Configure(server.services.config());
  client.Send(Times("GET " + there + "\r\n", kAsked));
  server.Run();
  EXPECT_EQ(client.Take(), Times(Bulk(large), kAsked));
  EXPECT_EQ(server.Ask(client, "SLOWLOG LEN\r\n"), ":" + std::to_string(kAsked) + "\r\n");
}

TEST_P(ReplyPartsTest, WhoIsGoneLetsItsOperationsGoOn) {
  SetLarge(there, large);
  client.withhold_output = true;
  // Of a core's own shard what it has no room for stays unread: it is then not done, as if it had not arrived.
  client.Send(Times("GET " + there + "\r\n", 50) + "INCR {" + there + "}n\r\n");
  server.Run();
  EXPECT_EQ(WaitingOn(last), last == 0 ? 0U : 1U);
  client.Disconnect();
  server.Run();
  EXPECT_EQ(WaitingOn(last), 0U);
  EXPECT_EQ(server.reply_budget(0).used(), 0U);
  std::string rest;
  client.session().TakeOutput(&rest);
  EXPECT_EQ(rest, "") << "kept for nobody";
  TestClient& other = server.Connect(0);
  EXPECT_EQ(server.Ask(other, "GET {" + there + "}n\r\n"), last == 0 ? "$-1\r\n" : Bulk("1"));
}

TEST_P(ReplyPartsTest, APartsChangesAreDurableBeforeItIsTold) {
  SetLarge(there, large);
  const std::string counter = "{" + there + "}n";
  const std::string round = "INCR " + counter + "\r\nGET " + there + "\r\n";
  client.Send(Times(round, 20));
  server.Settle();
  EXPECT_EQ(client.Take(), "") << "the first reply waits for a commit";
  std::string replies;
  for (int i = 1; i <= 20; ++i) replies += ":" + std::to_string(i) + "\r\n" + Bulk(large);
  std::string taken;
  while (server.Commit()) {
    server.Settle();
    taken += client.Take();
  }
  EXPECT_EQ(taken, replies);
}

TEST_P(ReplyPartsTest, RepliesThatNobodyWantsTakeNoRoom) {
  SetLarge(there, large);
  server.Ask(client, "CLIENT REPLY OFF\r\n");
  client.withhold_output = true;
  client.Send(Times("GET " + there + "\r\n", 100) + "CLIENT REPLY ON\r\nINCR {" + there + "}n\r\n");
  server.Run();
  EXPECT_EQ(client.unread(), 0U);
  StartReading();
  EXPECT_EQ(client.Take(), "+OK\r\n:1\r\n");
}

TEST_P(ReplyPartsTest, ASpanningCommandBehindWaitsUntilTheClientHasRead) {
  SetLarge(there, large);
  client.withhold_output = true;
  client.Send(Times("GET " + there + "\r\n", 30) + "MSET " + here + " 1 " + there + " 2\r\nGET " +
              there + "\r\n");
  server.Run();
  TestClient& other = server.Connect(last);
  EXPECT_EQ(server.Ask(other, "STRLEN " + there + "\r\nINCR " + here + "\r\n"),
            ":" + std::to_string(kPart) + "\r\n:1\r\n");
  StartReading();
  EXPECT_EQ(client.Take(), Times(Bulk(large), 30) + "+OK\r\n" + Bulk("2"));
}

TEST_P(ReplyPartsTest, ClientListTellsWhatIsOwed) {
  SetLarge(there, large);
  client.withhold_output = true;
  client.Send(Times("GET " + there + "\r\n", 4));
  server.Run();
  const size_t owed = 4 * Bulk(large).size();
  EXPECT_EQ(client.session().client().owed_bytes, owed);
  StartReading();
  EXPECT_EQ(client.session().client().owed_bytes, 0U);
}

}  // namespace
}  // namespace tally::server
