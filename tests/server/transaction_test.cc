// MULTI and EXEC: on one shard and on several, all at once and never half.
#include "server/transaction.h"

#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "server/watch.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

std::string Error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }
const std::string kAborted = Error(protocol::errors::kExecAbort);
constexpr std::string_view kQueued = "+QUEUED\r\n";

class TransactionTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  /// MULTI, the requests, EXEC; the reply of EXEC alone.
  std::string Exec(TestClient& who, const std::vector<std::string>& requests) {
    std::string all = "MULTI\r\n";
    std::string before = "+OK\r\n";
    for (const std::string& request : requests) {
      all += request + "\r\n";
      before += kQueued;
    }
    const std::string reply = server.Ask(who, all + "EXEC\r\n");
    EXPECT_TRUE(reply.starts_with(before)) << reply;
    return reply.substr(std::min(reply.size(), before.size()));
  }
  void MakeCold() { server.MakeCold(); }

  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(GetParam() / 2, 1);
  const std::string c = server.KeyOn(last, 2);
  TestClient& client = server.Connect(GetParam() / 2);
  TestClient& other = server.Connect(0);
};

TEST_P(TransactionTest, RunsWhatWasQueuedInOrder) {
  EXPECT_EQ(Exec(client, {"SET " + a + " 1", "INCR " + a, "INCR " + c, "GET " + a, "PING",
                          "GET " + b, "DBSIZE", "ECHO x"}),
            "*8\r\n+OK\r\n:2\r\n:1\r\n" + Bulk("2") + "+PONG\r\n$-1\r\n:2\r\n" + Bulk("x"));
  EXPECT_EQ(server.log().appended(), 1u) << "one ticket for all of it";
  EXPECT_EQ(Exec(client, {}), "*0\r\n");
  EXPECT_EQ(Exec(client, {"GET " + a}), "*1\r\n" + Bulk("2"));
  EXPECT_EQ(server.log().appended(), 1u);
}

TEST_P(TransactionTest, NothingRunsBeforeExec) {
  EXPECT_EQ(server.Ask(client, "MULTI\r\nSET " + a + " 1\r\n"), "+OK\r\n+QUEUED\r\n");
  EXPECT_EQ(server.Ask(other, "EXISTS " + a + "\r\n"), ":0\r\n");
  EXPECT_EQ(server.Ask(client, "DISCARD\r\nGET " + a + "\r\n"), "+OK\r\n$-1\r\n");
}

TEST_P(TransactionTest, AnErrorOfOneCommandLeavesTheOthers) {
  EXPECT_EQ(Exec(client, {"SET " + a + " x", "INCR " + a, "SET " + c + " 1"}),
            "*3\r\n+OK\r\n" + Error(protocol::errors::kNotAnInteger) + "+OK\r\n");
  EXPECT_EQ(server.Ask(client, "GET " + c + "\r\n"), Bulk("1"));
}

TEST_P(TransactionTest, WhatIsRefusedAbortsIt) {
  for (const std::string_view wrong :
       {"GET", "NOSUCH", "CLIENT NOSUCH", "SAVE", "SHUTDOWN", "MULTI x", "DEBUG SLEEP 0"}) {
    EXPECT_EQ(server.Ask(client, "MULTI\r\nSET " + a + " 1\r\n"), "+OK\r\n+QUEUED\r\n");
    EXPECT_EQ(server.Ask(client, std::string(wrong) + "\r\n").front(), '-') << wrong;
    EXPECT_EQ(server.Ask(client, "SET " + a + " 1\r\n"), kQueued);
    EXPECT_EQ(server.Ask(client, "EXEC\r\n"), kAborted) << wrong;
    EXPECT_EQ(server.Ask(client, "EXISTS " + a + "\r\n"), ":0\r\n");
  }
}

TEST_P(TransactionTest, ErrorsThatDoNotAbortIt) {
  EXPECT_EQ(server.Ask(client, "EXEC\r\nDISCARD\r\n"),
            Error("ERR EXEC without MULTI") + Error("ERR DISCARD without MULTI"));
  EXPECT_EQ(server.Ask(client, "MULTI\r\nMULTI\r\nWATCH " + a + "\r\nPING\r\nEXEC\r\n"),
            "+OK\r\n" + Error("ERR MULTI calls can not be nested") +
                Error("ERR WATCH inside MULTI is not allowed") + "+QUEUED\r\n*1\r\n+PONG\r\n");
}

TEST_P(TransactionTest, ARefusedExecEndsIt) {
  const std::string wrong = Error(
      "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command");
  EXPECT_EQ(server.Ask(client, "EXEC x\r\nMULTI\r\nEXEC x\r\nEXEC\r\n"),
            wrong + "+OK\r\n" + wrong + Error("ERR EXEC without MULTI"));
}

TEST_P(TransactionTest, TooLittleDiskSpaceRefusesWritesOnly) {
  EXPECT_EQ(server.Ask(client, "MULTI\r\nSET " + a + " 1\r\n"), "+OK\r\n+QUEUED\r\n");
  server.writes_refused = true;
  EXPECT_TRUE(server.Ask(client, "EXEC\r\n")
                  .starts_with("-EXECABORT Transaction discarded because of: MISCONF "));
  EXPECT_EQ(Exec(client, {"GET " + a}), "*1\r\n$-1\r\n");
  EXPECT_TRUE(server.Ask(client, "MULTI\r\nSET " + a + " 1\r\n").starts_with("+OK\r\n-MISCONF "));
  EXPECT_EQ(server.Ask(client, "EXEC\r\n"), kAborted);
}

TEST_P(TransactionTest, APauseOfWritesHoldsBackAnExecThatWrites) {
  server.Ask(client, "MULTI\r\nSET " + a + " 1\r\n");
  server.Ask(other, "MULTI\r\nGET " + a + "\r\n");
  server.pause.until_ms = SessionHarness::kNowMs + 1000;
  server.pause.writes_only = true;
  EXPECT_EQ(server.Ask(client, "EXEC\r\n"), "");
  EXPECT_EQ(server.Ask(other, "EXEC\r\n"), "*1\r\n$-1\r\n");
  server.pause.until_ms = 0;
  server.ResumePaused();
  server.Run();
  EXPECT_EQ(client.Take(), "*1\r\n+OK\r\n");
}

TEST_P(TransactionTest, ItsReplyWaitsForItsCommitAndNobodySeesItBefore) {
  client.Send("MULTI\r\nSET " + a + " 1\r\nGET " + a + "\r\nSET " + c + " 1\r\nEXEC\r\nPING\r\n");
  other.Send("GET " + a + "\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  other.Send("GET " + c + "\r\n");
  server.Settle();
  server.Commit();
  server.Settle();
  EXPECT_EQ(client.Take(), "*3\r\n+OK\r\n" + Bulk("1") + "+OK\r\n+PONG\r\n");
  EXPECT_TRUE(other.Take().ends_with(Bulk("1")));
}

TEST_P(TransactionTest, APowerCutLeavesAllOfItOrNothing) {
  client.Send("MULTI\r\nSET " + a + " 1\r\nDEL " + b + "\r\nINCR " + c + "\r\nEXEC\r\n");
  server.Settle();
  const std::string read = "MGET " + a + " " + b + " " + c + "\r\n";
  const auto on_disk = [&] {
    const auto after = server.AfterPowerCut();
    return after->Ask(after->Connect(), read);
  };
  EXPECT_EQ(on_disk(), "*3\r\n$-1\r\n$-1\r\n$-1\r\n");
  server.Commit();
  EXPECT_EQ(on_disk(), "*3\r\n" + Bulk("1") + "$-1\r\n" + Bulk("1"));
}

TEST_P(TransactionTest, TransactionsOfOnePipelineShareACommit) {
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += "MULTI\r\nINCR " + a + "\r\nEXEC\r\n";
  TestClient& near = server.Connect(0);
  near.Send(requests);
  server.Settle();
  server.Commit();
  server.Settle();
  EXPECT_TRUE(near.Take().ends_with("*1\r\n:10\r\n"));
  EXPECT_EQ(server.log().appended(), 10u);
}

TEST_P(TransactionTest, SelectChoosesForThoseBehindIt) {
  server.Ask(client, "SET " + a + " zero\r\n");
  EXPECT_EQ(Exec(client, {"SELECT 3", "SET " + a + " three", "SELECT 99", "GET " + a, "SELECT 0",
                          "GET " + a, "SELECT 3"}),
            "*7\r\n+OK\r\n+OK\r\n-ERR DB index is out of range\r\n" + Bulk("three") + "+OK\r\n" +
                Bulk("zero") + "+OK\r\n");
  EXPECT_EQ(server.Ask(client, "GET " + a + "\r\n"), Bulk("three"));
  MakeCold();
  EXPECT_EQ(Exec(client, {"SELECT 0", "GET " + a, "SELECT x", "DEL " + a, "SELECT 3", "GET " + a}),
            "*6\r\n+OK\r\n" + Bulk("zero") + Error(protocol::errors::kNotAnInteger) +
                ":1\r\n+OK\r\n" + Bulk("three"));
}

TEST_P(TransactionTest, WhatItDoesToTheConnectionStays) {
  const std::string reply =
      Exec(client, {"CLIENT SETNAME me", "GET none", "HELLO 3", "GET none", "CLIENT GETNAME"});
  EXPECT_TRUE(reply.starts_with("*5\r\n+OK\r\n$-1\r\n%7\r\n")) << reply;
  EXPECT_TRUE(reply.ends_with("_\r\n" + Bulk("me"))) << reply;
  EXPECT_EQ(server.Ask(client, "GET none\r\nCLIENT GETNAME\r\n"), "_\r\n" + Bulk("me"));
}

TEST_P(TransactionTest, RepliesAreSuppressedAsRedisDoes) {
  EXPECT_EQ(Exec(client, {"PING", "CLIENT REPLY OFF", "PING"}), "*3\r\n+PONG\r\n");
  EXPECT_EQ(server.Ask(client, "PING\r\nMULTI\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\nEXEC\r\n"),
            "+OK\r\n+PONG\r\n");
  EXPECT_EQ(Exec(client, {"PING", "CLIENT REPLY SKIP", "PING"}), "*3\r\n+PONG\r\n+PONG\r\n");
  EXPECT_EQ(server.Ask(client, "PING a\r\nPING b\r\n"), Bulk("b"));
  EXPECT_EQ(server.Ask(client, "MULTI\r\nPING\r\nCLIENT REPLY SKIP\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_EQ(server.Ask(client, "EXEC\r\nPING a\r\nPING b\r\n"), "*2\r\n+PONG\r\n" + Bulk("b"));
}

TEST_P(TransactionTest, ResetAndQuitRunAtOnce) {
  EXPECT_EQ(server.Ask(client, "WATCH " + a + "\r\nMULTI\r\nSET " + a + " 1\r\nRESET\r\nEXEC\r\n"),
            "+OK\r\n+OK\r\n+QUEUED\r\n+RESET\r\n" + Error("ERR EXEC without MULTI"));
  EXPECT_EQ(server.Ask(client, "MULTI\r\nPING\r\nQUIT\r\n"), "+OK\r\n+QUEUED\r\n+OK\r\n");
  EXPECT_TRUE(client.session().finished());
}

TEST_P(TransactionTest, WalksSeeTheMomentOfTheTransaction) {
  server.Ask(client, "MSET old 1 " + b + " 1\r\n");
  MakeCold();
  EXPECT_EQ(Exec(client, {"DEL " + b, "SET {old}new 1", "KEYS old", "KEYS " + b, "KEYS {old}*",
                          "DEL {old}new", "KEYS {*", "DBSIZE"}),
            "*8\r\n:1\r\n+OK\r\n*1\r\n" + Bulk("old") + "*0\r\n*1\r\n" + Bulk("{old}new") +
                ":1\r\n*0\r\n:1\r\n");
  EXPECT_EQ(
      Exec(client, {"SCAN 0 COUNT 1000000", "RANDOMKEY", "FLUSHALL", "RANDOMKEY", "KEYS *"}),
      "*5\r\n*2\r\n" + Bulk("0") + "*1\r\n" + Bulk("old") + Bulk("old") + "+OK\r\n$-1\r\n*0\r\n");
}

TEST_P(TransactionTest, AWalkFindsColdAndWarmObjectsOnce) {
  std::string set;
  for (int i = 0; i < 3000; ++i) set += "SET n" + std::to_string(i) + " 1\r\n";
  server.Ask(client, set);
  MakeCold();
  std::string some;
  for (int i = 0; i < 3000; i += 2) some += "INCR n" + std::to_string(i) + "\r\n";
  server.Ask(client, some);
  const uint64_t resident = server.shard(0).keyspace().resident_objects();
  EXPECT_TRUE(Exec(client, {"KEYS n*"}).starts_with("*1\r\n*3000\r\n"));
  EXPECT_EQ(server.shard(0).keyspace().resident_objects(), resident) << "nothing of it is kept";
  size_t seen = 0;
  std::string cursor = "0";
  do {
    const std::string reply = Exec(client, {"SCAN " + cursor + " COUNT 700"});
    const size_t size_at = reply.find('$') + 1;
    const size_t begin = reply.find('\n', size_at) + 1;
    cursor = reply.substr(begin, reply.find('\r', begin) - begin);
    seen += std::stoul(reply.substr(reply.find('*', begin) + 1));
  } while (cursor != "0");
  EXPECT_EQ(seen, 3000u);
}

TEST_P(TransactionTest, WhatAWalkSawIsDurableWhenItIsTold) {
  other.Send("SET " + a + " 1\r\n");
  server.Settle();
  client.Send("MULTI\r\nKEYS *\r\nEXEC\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "+OK\r\n+QUEUED\r\n");
  server.Run();
  EXPECT_EQ(client.Take(), "*1\r\n*1\r\n" + Bulk(a));
}

TEST_P(TransactionTest, NothingInItWaitsForOthers) {
  server.services.commit.appended = 5;
  server.services.commit.synced = 4;
  EXPECT_EQ(Exec(client, {"WAITAOF 1 0 0", "WAITAOF 0 3 0", "PING"}),
            "*3\r\n*2\r\n:0\r\n:0\r\n*2\r\n:0\r\n:0\r\n+PONG\r\n");
}

TEST_P(TransactionTest, APartOfItsReplyMayComeLater) {
  client.Send("MULTI\r\nSET " + a + " 1\r\nDEBUG RELOAD\r\nGET " + a + "\r\nEXEC\r\nPING\r\n");
  server.Run();
  EXPECT_NE(client.Take().find("-ERR DEBUG command not allowed"), std::string::npos);
  server.services.config().debug_command = DebugCommand::kYes;
  client.Send("MULTI\r\nSET " + a + " 1\r\nDEBUG RELOAD\r\nGET " + a + "\r\nEXEC\r\nPING\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  ASSERT_TRUE(server.services.reload_done);
  server.services.EndReload(true, "");
  server.Settle();
  EXPECT_EQ(client.Take(), "") << "the rest of it is not durable";
  server.Run();
  EXPECT_EQ(client.Take(), "*3\r\n+OK\r\n+OK\r\n" + Bulk("1") + "+PONG\r\n");
  client.Send("MULTI\r\nDEBUG RELOAD\r\nINCR " + a + "\r\nEXEC\r\n");
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  server.services.EndReload(true, "");
  server.Run();
  EXPECT_EQ(client.Take(), "*2\r\n+OK\r\n:2\r\n");
}

TEST_P(TransactionTest, ColdKeysAreBroughtInTogether) {
  server.Ask(client, "MSET " + a + " 1 " + b + " 2 " + c + " 3\r\n");
  MakeCold();
  server.Ask(other, "SET hot 1\r\n");
  client.Send("MULTI\r\nINCR " + a + "\r\nINCR " + c + "\r\nGET " + b + "\r\nGET none\r\nEXEC\r\n");
  server.Settle();
  EXPECT_GT(server.loader().tasks(), 0u);
  for (uint32_t i = 0; i < GetParam(); ++i) EXPECT_FALSE(server.shard(i).occupied());
  other.Send("GET hot\r\n");
  server.Settle();
  EXPECT_EQ(other.Take(), Bulk("1")) << "nobody stands still for it";
  server.Run();
  EXPECT_TRUE(client.Take().ends_with("*4\r\n:2\r\n:4\r\n" + Bulk("2") + "$-1\r\n"));
}

TEST_P(TransactionTest, AnUnreadableObjectRefusesAllOfIt) {
  server.Ask(client, "MSET " + a + " 1 " + c + " 1\r\n");
  MakeCold();
  server.database->objects[server.DiskKeyOf(c)] = "damaged";
  EXPECT_EQ(Exec(client, {"SET " + b + " 1", "INCR " + a, "INCR " + c}),
            Error(protocol::errors::ExecAborted(protocol::errors::kUnreadable)));
  EXPECT_EQ(server.Ask(client, "MGET " + a + " " + b + "\r\n"), "*2\r\n" + Bulk("1") + "$-1\r\n");
}

TEST_P(TransactionTest, QueuedBytesAreLimited) {
  Transaction transaction(1000);
  const Command& set = *FindCommandByName("set");
  const std::string value(500, 'v');
  const std::vector<std::string_view> args{"SET", "k", value};
  EXPECT_TRUE(transaction.Queue(set, args));
  EXPECT_EQ(transaction.queued(), 1u);
  EXPECT_FALSE(transaction.Queue(set, args));
  EXPECT_TRUE(transaction.aborted());
  EXPECT_EQ(transaction.requests().bytes(), 0u);
  EXPECT_TRUE(transaction.Queue(set, args)) << "as Redis goes on answering QUEUED";
  EXPECT_EQ(transaction.requests().bytes(), 0u);
}

TEST_P(TransactionTest, AClientThatLeavesLeavesNothingBehind) {
  server.Ask(client, "WATCH " + a + " " + c + "\r\n");
  client.Send("MULTI\r\nSET " + a + " 1\r\nSET " + c + " 1\r\nEXEC\r\n");
  client.Disconnect();
  server.Run();
  EXPECT_EQ(server.Ask(other, "MGET " + a + " " + c + "\r\n"), "*2\r\n" + Bulk("1") + Bulk("1"));
  for (uint32_t i = 0; i < GetParam(); ++i) {
    EXPECT_TRUE(server.shard(i).keyspace().watches().empty());
  }
}

// Two keys that always change together, by transactions that read what they write.
TEST_P(TransactionTest, NobodySeesHalfOfOne) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<TestClient*> clients;
    for (uint32_t i = 0; i < 6; ++i) clients.push_back(&server.Connect(i % GetParam()));
    const std::string change = "MULTI\r\nINCR " + c + "\r\nINCR " + a + "\r\nEXEC\r\n";
    const std::string read = "MULTI\r\nGET " + a + "\r\nGET " + c + "\r\nEXEC\r\n";
    std::vector<std::string> received(clients.size());
    for (int step = 0; step < 200; ++step) {
      TestClient& who = *clients[random() % clients.size()];
      if (who.session().idle() && who.unread() == 0) {
        who.Send(random() % 2 == 0   ? change
                 : random() % 2 == 0 ? read
                                     : "MGET " + a + " " + c + "\r\n");
      }
      server.RandomStep(&random);
      if (random() % 50 == 0) server.Checkpoint();
      if (random() % 20 == 0) server.EvictAll();
    }
    server.Run();
    for (size_t i = 0; i < clients.size(); ++i) {
      const std::string all = clients[i]->Take();
      for (size_t at = all.find("*2\r\n"); at != std::string::npos;
           at = all.find("*2\r\n", at + 1)) {
        const size_t end = std::min(all.find('*', at + 1), all.find("+OK", at));
        const std::string both = all.substr(at + 4, end - at - 4);
        ASSERT_EQ(both.substr(0, both.size() / 2), both.substr(both.size() / 2));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, TransactionTest, ::testing::Values(1u, 3u));

}  // namespace
}  // namespace tally::server
