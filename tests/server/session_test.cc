#include "server/session.h"

#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

std::string Error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }

std::string Repeat(std::string_view text, size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

// --- The output gate ---

TEST(SessionGateTest, ReplyWaitsUntilItsCommitIsDurable) {
  SessionHarness server(1);
  TestClient& client = server.Connect();
  client.Send("INCR a\r\n");
  EXPECT_EQ(client.Take(), "");
  server.Settle();
  EXPECT_EQ(client.Take(), "") << "appended, but not on disk";
  ASSERT_TRUE(server.Commit());
  server.Settle();
  EXPECT_EQ(client.Take(), ":1\r\n");
}

TEST(SessionGateTest, ReplyWaitsUntilItsCommitIsDurableOnAnotherShard) {
  SessionHarness server(3);
  TestClient& client = server.Connect(0);
  client.Send("INCR " + server.KeyOn(2) + "\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "");
  server.Commit();
  server.Settle();
  EXPECT_EQ(client.Take(), ":1\r\n");
}

TEST(SessionGateTest, NothingIsToldWhileTheSyncIsUnderWay) {
  SessionHarness server(3);
  TestClient& client = server.Connect(0);
  for (uint32_t shard = 0; shard < 3; ++shard) {
    client.Send("INCR " + server.KeyOn(shard) + "\r\n");
  }
  client.Send("MSET " + server.KeyOn(0) + " 5 " + server.KeyOn(2) + " 5\r\n");
  server.Settle();
  int syncs = 0;
  server.database->during_sync = [&] {
    ++syncs;
    server.Settle();  // every core takes its turns while the disk works
    EXPECT_EQ(client.Take(), "");
  };
  server.Commit();
  EXPECT_EQ(syncs, 1);
  server.database->during_sync = nullptr;
  server.Settle();
  EXPECT_EQ(client.Take(), ":1\r\n:1\r\n:1\r\n+OK\r\n");
}

TEST(SessionGateTest, WhatChangesDuringASyncWaitsForTheNextOne) {
  SessionHarness server(1);
  TestClient& early = server.Connect();
  TestClient& late = server.Connect();
  early.Send("INCR a\r\n");
  server.Settle();
  server.database->during_sync = [&] {
    late.Send("INCR a\r\n");
    server.Settle();
  };
  server.Commit();
  server.database->during_sync = nullptr;
  server.Settle();
  EXPECT_EQ(early.Take(), ":1\r\n");
  EXPECT_EQ(late.Take(), "");
  server.Commit();
  server.Settle();
  EXPECT_EQ(late.Take(), ":2\r\n");
}

TEST(SessionGateTest, CleanReadIsNeverHeld) {
  SessionHarness server(3);
  TestClient& writer = server.Connect(0);
  TestClient& reader = server.Connect(1);
  for (uint32_t shard = 0; shard < 3; ++shard) {
    server.Ask(writer, "SET " + server.KeyOn(shard, 0) + " old\r\n");
  }
  // Every shard has something that is not durable yet.
  for (uint32_t shard = 0; shard < 3; ++shard) {
    writer.Send("SET " + server.KeyOn(shard, 1) + " new\r\n");
  }
  server.Settle();
  for (uint32_t shard = 0; shard < 3; ++shard) {
    reader.Send("GET " + server.KeyOn(shard, 0) + "\r\n");
    server.Settle();
    EXPECT_EQ(reader.Take(), Bulk("old")) << "shard " << shard;
    reader.Send("GET " + server.KeyOn(shard, 2) + "\r\n");
    server.Settle();
    EXPECT_EQ(reader.Take(), "$-1\r\n") << "what never was is committed, too; shard " << shard;
  }
  EXPECT_EQ(writer.Take(), "");
}

TEST(SessionGateTest, CommandsThatChangeNothingAreNotHeld) {
  SessionHarness server(1);
  TestClient& client = server.Connect();
  server.Ask(client, "SET a 1\r\n");
  client.Send("SETNX a 2\r\nDEL nothing\r\nPERSIST a\r\nPING\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), ":0\r\n:0\r\n:0\r\n+PONG\r\n");
}

TEST(SessionGateTest, WhoeverSeesAnUncommittedChangeWaitsForIt) {
  for (const uint32_t core : {0u, 1u}) {
    SCOPED_TRACE(core);
    SessionHarness server(2);
    const std::string key = server.KeyOn(0);
    TestClient& writer = server.Connect(0);
    server.Ask(writer, "SET gone{" + key + "} 1\r\n");
    writer.Send("SET " + key + " 1\r\nDEL gone{" + key + "}\r\n");
    server.Settle();
    for (const std::string& request :
         {"GET " + key, "EXISTS gone{" + key + "}", "MGET " + key + " " + server.KeyOn(1),
          std::string("DBSIZE")}) {
      TestClient& reader = server.Connect(core);
      reader.Send(request + "\r\n");
      server.Settle();
      EXPECT_EQ(reader.Take(), "") << request;
    }
    server.Commit();
    TestClient& reader = server.Connect(core);
    reader.Send("GET " + key + "\r\n");
    server.Settle();
    EXPECT_EQ(reader.Take(), Bulk("1"));
  }
}

TEST(SessionGateTest, CleanReadBeforeAWriteInTheSamePipelineLeavesAtOnce) {
  for (const uint32_t shard : {0u, 1u}) {
    SCOPED_TRACE(shard);
    SessionHarness server(2);
    const std::string old_key = server.KeyOn(shard, 0);
    const std::string new_key = server.KeyOn(shard, 1);
    TestClient& client = server.Connect(0);
    server.Ask(client, "SET " + old_key + " old\r\n");
    client.Send("GET " + old_key + "\r\nGET " + old_key + "\r\nINCR " + new_key + "\r\nGET " +
                old_key + "\r\n");
    server.Settle();
    EXPECT_EQ(client.Take(), Repeat(Bulk("old"), 2));
    server.Commit();
    server.Settle();
    EXPECT_EQ(client.Take(), ":1\r\n" + Bulk("old"));
  }
}

// The change set closes in the middle of the input then; what waits for it must be at the gate by then.
TEST(SessionGateTest, AWriteBeforeACommandOnAllShardsIsToldAfterItsOwnCommit) {
  for (const uint32_t shards : {1u, 2u}) {
    SCOPED_TRACE(shards);
    SessionHarness server(shards);
    TestClient& client = server.Connect(0);
    client.Send("INCR " + server.KeyOn(0) + "\r\nDBSIZE\r\nPING\r\n");
    server.Settle();
    EXPECT_EQ(client.Take(), "");
    server.Commit();
    server.Settle();
    EXPECT_EQ(client.Take(), ":1\r\n:1\r\n+PONG\r\n");
  }
}

TEST(SessionGateTest, RepliesOfOnePipelineWaitForTheHighestOfTheirTickets) {
  for (const uint32_t shard : {0u, 1u}) {
    SCOPED_TRACE(shard);
    SessionHarness server(2);
    TestClient& writer = server.Connect(shard);
    TestClient& client = server.Connect(0);
    writer.Send("INCR " + server.KeyOn(shard, 0) + "\r\n");
    server.Turn(shard);
    client.Send("GET " + server.KeyOn(shard, 0) + "\r\nINCR " + server.KeyOn(shard, 1) + "\r\n");
    server.mailboxes().of(shard).DeliverAll();
    server.Commit();  // of the first change; the second has no ticket yet
    server.Settle();
    EXPECT_EQ(client.Take(), "");
    server.Commit();
    server.Settle();
    EXPECT_EQ(client.Take(), Bulk("1") + ":1\r\n");
  }
}

TEST(SessionGateTest, OneCommitServesAllShardsAndClients) {
  SessionHarness server(3);
  std::vector<TestClient*> clients;
  for (uint32_t i = 0; i < 9; ++i) {
    clients.push_back(&server.Connect(i % 3));
    clients.back()->Send("INCR " + server.KeyOn(i / 3) + "\r\n");
  }
  server.Settle();
  ASSERT_TRUE(server.Commit());
  EXPECT_FALSE(server.Commit());
  server.Settle();
  for (TestClient* client : clients) EXPECT_NE(client->Take(), "");
}

// Large values end the turn in the middle of a pipeline; its replies wait for the tickets they got.
TEST(SessionGateTest, ALargeTurnIsEndedEarly) {
  for (const uint32_t shard : {0u, 1u}) {
    SCOPED_TRACE(shard);
    SessionHarness server(2);
    server.database->discard = true;
    TestClient& client = server.Connect(0);
    const std::string value(Shard::kMaxTurnBytes / 2 + 1, 'v');
    const std::string set = Encode({"SET", server.KeyOn(shard), value});
    client.Send(set + set + "INCR " + server.KeyOn(shard, 1) + "\r\nPING\r\n");
    server.mailboxes().of(1).DeliverAll();
    EXPECT_EQ(server.log().appended(), 1u) << "no core has ended its turn";
    server.Settle();
    EXPECT_EQ(client.Take(), "");
    server.Run();
    EXPECT_EQ(client.Take(), "+OK\r\n+OK\r\n:1\r\n+PONG\r\n");
  }
}

// A commit of another core may make replies durable while a batch is just looking which of its are.
TEST(SessionGateTest, ACommitInTheMiddleOfABatchMovesNoReply) {
  constexpr int kRounds = 5000;
  SessionHarness server(2);
  TestClient& writer = server.Connect(1);
  TestClient& reader = server.Connect(0);
  const std::string key = server.KeyOn(1, 0);
  const std::string reads = "GET " + server.KeyOn(1, 1) + "\r\nGET " + key + "\r\n";
  std::atomic<int> round{0};
  std::atomic<bool> stop{false};
  std::thread committer([&] {
    for (int seen = 0; !stop;) {
      const int now = round;
      if (now == seen) {
        std::this_thread::yield();
      } else {
        server.Commit();
      }
      seen = now;
    }
  });
  std::mt19937 random(1);
  bool right = true;
  for (int i = 1; i <= kRounds && right; ++i) {
    writer.Send("INCR " + key + "\r\n");
    server.Turn(1);
    reader.Send(reads);
    round = i;
    for (auto wait = random() % 2000; wait > 0; --wait) {
      std::atomic_signal_fence(std::memory_order_seq_cst);  // keeps the compiler from skipping it
    }
    server.Turn(1);
    while (server.log().durable() < server.log().appended()) std::this_thread::yield();
    server.Settle();
    right = reader.Take() == "$-1\r\n" + Bulk(std::to_string(i)) && reader.session().idle() &&
            !reader.SessionIsHeldElsewhere();
  }
  stop = true;
  committer.join();
  EXPECT_TRUE(right);
}

// The number that an INCR or a GET told; 0 for a counter that is not there.
int64_t Number(std::string_view reply) {
  if (reply == "$-1\r\n") return 0;
  return std::stoll(std::string(reply.substr(reply[0] == ':' ? 1 : reply.find('\n') + 1)));
}

// Random work in a random order of turns and commits; whenever a counter is told, it is looked up on the
// disk as a power cut would leave it.
TEST(SessionGateTest, NoReplyTellsWhatAPowerCutWouldLose) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    std::mt19937_64 random(seed);
    SessionHarness server(3);
    struct Asking {
      TestClient* client;
      std::string key;  // empty: asks nothing now
    };
    std::vector<Asking> clients;
    for (uint32_t i = 0; i < 6; ++i) clients.push_back({&server.Connect(i % 3), ""});
    int told = 0;
    for (int step = 0; step < 300; ++step) {
      Asking& one = clients[random() % clients.size()];
      if (one.key.empty()) {
        one.key = server.KeyOn(static_cast<uint32_t>(random() % 3));
        one.client->Send((random() % 2 == 0 ? "INCR " : "GET ") + one.key + "\r\n");
      }
      server.RandomStep(&random);
      std::unique_ptr<SessionHarness> after;
      for (Asking& other : clients) {
        const std::string reply = other.client->Take();
        if (reply.empty()) continue;
        if (after == nullptr) after = server.AfterPowerCut();
        ASSERT_GE(Number(after->Ask(after->Connect(), "GET " + other.key + "\r\n")), Number(reply))
            << "seed " << seed;
        other.key.clear();
        ++told;
      }
    }
    EXPECT_GT(told, 20);
  }
}

// --- Order ---

TEST(SessionOrderTest, RepliesComeInRequestOrderWhateverTheShards) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto shards = static_cast<uint32_t>(1 + random() % 4);
    SessionHarness server(shards);
    struct Expecting {
      TestClient* client;
      std::string prefix;
      std::map<std::string, int64_t> model;
      std::string expected;
      std::string received;
    };
    std::vector<Expecting> clients;
    for (uint32_t i = 0; i < 4; ++i) {
      clients.push_back({&server.Connect(i % shards), "c" + std::to_string(i) + ":", {}, {}, {}});
    }
    for (int round = 0; round < 40; ++round) {
      Expecting& one = clients[random() % clients.size()];
      std::string bytes;
      for (uint64_t count = 1 + random() % 6; count > 0; --count) {
        const std::string a = one.prefix + std::to_string(random() % 6);
        const std::string b = one.prefix + std::to_string(random() % 6);
        const auto get = [&](const std::string& key) {
          const auto found = one.model.find(key);
          return found == one.model.end() ? "$-1\r\n" : Bulk(std::to_string(found->second));
        };
        switch (random() % 8) {
          case 0:
          case 1:
            bytes += "INCR " + a + "\r\n";
            one.expected += ":" + std::to_string(++one.model[a]) + "\r\n";
            break;
          case 2:
          case 3:
            bytes += Encode({"get", a});
            one.expected += get(a);
            break;
          case 4:
            bytes += "MSET " + a + " 7 " + b + " 8\r\n";
            one.expected += "+OK\r\n";
            one.model[a] = 7;
            one.model[b] = 8;
            break;
          case 5:
            bytes += "MGET " + a + " " + b + "\r\n";
            one.expected += "*2\r\n" + get(a) + get(b);
            break;
          case 6:
            bytes += "DEL " + a + " " + b + "\r\n";
            one.expected += ":" + std::to_string(one.model.erase(a) + one.model.erase(b)) + "\r\n";
            break;
          default:
            bytes += random() % 2 == 0 ? "PING\r\n" : "NOSUCH\r\n";
            one.expected += bytes.ends_with("PING\r\n")
                                ? "+PONG\r\n"
                                : Error("ERR unknown command 'NOSUCH', with args beginning with: ");
        }
      }
      // Split anywhere, with turns in between.
      const size_t cut = random() % (bytes.size() + 1);
      one.client->Send(std::string_view(bytes).substr(0, cut));
      if (random() % 2 == 0) server.RandomStep(&random);
      one.client->Send(std::string_view(bytes).substr(cut));
      for (uint64_t steps = random() % 6; steps > 0; --steps) server.RandomStep(&random);
      for (Expecting& other : clients) {
        other.received += other.client->Take();
        ASSERT_TRUE(other.expected.starts_with(other.received));
      }
    }
    server.Run();
    for (Expecting& one : clients) {
      one.received += one.client->Take();
      ASSERT_EQ(one.received, one.expected);
    }
  }
}

TEST(SessionOrderTest, ASlowShardHoldsUpLaterRepliesButNotLaterWork) {
  SessionHarness server(3);
  TestClient& client = server.Connect(0);
  TestClient& other = server.Connect(1);
  client.Send("GET " + server.KeyOn(1) + "\r\nSET " + server.KeyOn(2) + " 1\r\nPING\r\n");
  server.Turn(2);
  server.Turn(0);
  server.Commit();
  server.Turn(2);
  server.Turn(0);
  EXPECT_EQ(client.Take(), "") << "shard 1 has not answered";
  EXPECT_EQ(server.Ask(other, "GET " + server.KeyOn(2) + "\r\n"), Bulk("1"));
  server.Run();
  EXPECT_EQ(client.Take(), "$-1\r\n+OK\r\n+PONG\r\n");
}

TEST(SessionOrderTest, OneShardsOperationsOfABatchTravelInOneMessage) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  client.Send(Repeat("INCR " + server.KeyOn(1) + "\r\n", 50));
  EXPECT_EQ(server.mailboxes().of(1).DeliverAll(), 1u);
  server.shard(1).CloseTurn();
  EXPECT_EQ(server.log().appended(), 1u);
}

TEST(SessionOrderTest, EveryIncrementOfASharedCounterCountsOnce) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    SessionHarness server(3);
    std::vector<TestClient*> clients;
    for (uint32_t i = 0; i < 6; ++i) clients.push_back(&server.Connect(i % 3));
    std::map<int, int> told;
    int sent = 0;
    const auto collect = [&] {
      for (TestClient* client : clients) {
        const std::string replies = client->Take();
        for (size_t at = 0; at < replies.size(); at = replies.find('\n', at) + 1) {
          ++told[std::stoi(replies.substr(at + 1))];
        }
      }
    };
    for (; sent < 200; ++sent) {
      clients[random() % clients.size()]->Send("INCR shared\r\n");
      server.RandomStep(&random);
      collect();
    }
    server.Run();
    collect();
    EXPECT_EQ(told.size(), 200u);
    EXPECT_EQ(told.begin()->first, 1);
    EXPECT_EQ(told.rbegin()->first, 200);
  }
}

TEST(SessionOrderTest, ARequestMayArriveByteByByte) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  const std::string bytes = Encode({"SET", server.KeyOn(1), "a\r\nb"}) + "GET " + server.KeyOn(1) +
                            "\r\n\r\n" + Encode({"MGET", server.KeyOn(0), server.KeyOn(1)});
  for (const char byte : bytes) {
    client.Send(std::string_view(&byte, 1));
    server.Settle();
  }
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n" + Bulk("a\r\nb") + "*2\r\n$-1\r\n" + Bulk("a\r\nb"));
}

// --- Limits ---

TEST(SessionLimitTest, InFlightLimitStopsInput) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  const std::string request = "INCR " + server.KeyOn(1) + "\r\n";
  client.Send(Repeat(request, Session::kMaxOperationsInFlight + 10));
  EXPECT_EQ(client.unread(), 10 * request.size());
  EXPECT_FALSE(client.session().AcceptsInput());
  server.Run();
  EXPECT_EQ(client.unread(), 0u);
  EXPECT_TRUE(client.session().AcceptsInput());
  EXPECT_TRUE(
      client.Take().ends_with(":" + std::to_string(Session::kMaxOperationsInFlight + 10) + "\r\n"));
}

TEST(SessionLimitTest, RepliesThatTheClientDoesNotTakeStopInput) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  client.withhold_output = true;
  const std::string request = "GET " + server.KeyOn(1) + "\r\n";
  client.Send(Repeat(request, Session::kMaxOperationsInFlight + 1));
  server.Run();
  client.Pump();
  EXPECT_EQ(client.unread(), request.size()) << "all are answered, none is taken";
  std::string taken;
  client.session().TakeOutput(&taken);
  client.session().OnWritten(taken.size());
  client.Pump();
  EXPECT_EQ(client.unread(), 0u);
}

TEST(SessionLimitTest, InFlightLimitHoldsForSuppressedRepliesToo) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  const std::string request = "INCR " + server.KeyOn(1) + "\r\n";
  server.Ask(client, "CLIENT REPLY OFF\r\n");
  client.Send(Repeat(request, Session::kMaxOperationsInFlight + 10));
  EXPECT_EQ(client.unread(), 10 * request.size());
  server.Run();
  EXPECT_EQ(client.unread(), 0u);
  EXPECT_EQ(server.Ask(client, "CLIENT REPLY ON\r\nGET " + server.KeyOn(1) + "\r\n"),
            "+OK\r\n" + Bulk(std::to_string(Session::kMaxOperationsInFlight + 10)));
}

TEST(SessionLimitTest, RequestBytesInFlightStopInput) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  constexpr size_t kValues = 4;
  const std::string value(Session::kMaxRequestBytesInFlight / kValues, 'v');
  server.database->discard = true;
  const std::string request = Encode({"SET", server.KeyOn(1), value});
  for (size_t i = 0; i < kValues + 2; ++i) client.Send(request);
  EXPECT_EQ(client.unread(), 2 * request.size());
  server.Run();
  EXPECT_EQ(client.unread(), 0u);
  EXPECT_EQ(client.Take(), Repeat("+OK\r\n", kValues + 2));
}

TEST(SessionLimitTest, ReplyBytesStopInput) {
  SessionHarness server(1);
  TestClient& client = server.Connect();
  const size_t value_bytes = size_t{4} << 20;
  server.Ask(client, Encode({"SET", "big", std::string(value_bytes, 'v')}));
  Session& session = client.session();
  client.withhold_output = true;
  const size_t fit = ReplyBudget::kMostPerClient / value_bytes;
  client.Send(Repeat("GET big\r\n", fit + 3));
  EXPECT_EQ(client.unread(), 3 * std::string_view("GET big\r\n").size());
  EXPECT_FALSE(session.AcceptsInput());
  std::string taken;
  session.TakeOutput(&taken);
  EXPECT_FALSE(session.AcceptsInput()) << "taken, but not written yet";
  session.OnWritten(taken.size() - 1);
  EXPECT_TRUE(session.AcceptsInput());
  EXPECT_EQ(session.owed_bytes(), 1U);
  session.OnWritten(1);
}

// Counted while the input is taken: one input can ask for far more than it brings.
TEST(SessionLimitTest, BeforeLoginMuchLessIsKept) {
  SessionHarness server(1);
  server.services.config().set_requirepass("secret");
  ClientState stranger;
  stranger.authenticated = false;
  // One of them is refused, the other runs and fails.
  for (const auto& [request, reply] :
       {std::pair("GET a\r\n", Error(errors::kNoAuth)),
        std::pair("AUTH wrong\r\n", Error(errors::kWrongPassword))}) {
    TestClient& client = server.Connect(0, stranger);
    client.withhold_output = true;
    const size_t fit = (Session::kMaxReplyBytesBeforeLogin + reply.size() - 1) / reply.size();
    client.Send(Repeat(request, fit + 5));
    EXPECT_EQ(client.unread(), std::string_view(request).size() * 5);
    EXPECT_FALSE(client.session().AcceptsInput());
    client.withhold_output = false;
    client.OnOutput();
    server.Run();
    EXPECT_EQ(client.Take(), Repeat(reply, fit + 5));
  }
}

// --- Stalls ---

TEST(SessionStallTest, StalledSessionLeavesInputUnread) {
  SessionHarness server(1);
  TestClient& client = server.Connect();
  client.Send("PING\r\nSAVE\r\nINCR a\r\n");
  EXPECT_TRUE(client.session().stalled());
  EXPECT_FALSE(client.session().idle());
  EXPECT_EQ(client.unread(), std::string_view("INCR a\r\n").size());
  server.Run();
  EXPECT_EQ(client.Take(), "+PONG\r\n");
  client.Send("PING\r\n");
  EXPECT_EQ(client.unread(), std::string_view("INCR a\r\nPING\r\n").size());
  server.services.EndCheckpoint(true, "");
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n:1\r\n+PONG\r\n");
  EXPECT_TRUE(client.session().idle());
}

TEST(SessionStallTest, DeferredReplyComesFromAnyThread) {
  for (const uint32_t core : {0u, 1u}) {
    SessionHarness server(2);
    TestClient& client = server.Connect(core);
    client.Send("INCR " + server.KeyOn(0) + "\r\nSAVE\r\nGET " + server.KeyOn(1) + "\r\n");
    server.Run();
    EXPECT_EQ(client.Take(), ":1\r\n");
    std::thread([&] { server.services.EndCheckpoint(false, "no room"); }).join();
    EXPECT_EQ(client.Take(), "") << "it comes through the mailbox";
    server.Run();
    EXPECT_EQ(client.Take(), "-ERR no room\r\n$-1\r\n");
  }
}

TEST(SessionStallTest, ADeferredReplyThatIsDroppedIsAnError) {
  SessionHarness server(1);
  TestClient& client = server.Connect();
  client.Send("SAVE\r\nPING\r\n");
  server.Run();
  server.services.checkpoint_done = nullptr;
  server.Run();
  EXPECT_EQ(client.Take(), "-ERR internal error: the reply was lost\r\n+PONG\r\n");
}

TEST(SessionStallTest, ADeferredReplyMayComeBeforeTheHandlerHasReturned) {
  SessionHarness server(2);
  TestClient& first = server.Connect(0);
  TestClient& second = server.Connect(0);
  first.Send("SAVE\r\n");
  EXPECT_EQ(server.Ask(second, "SAVE\r\nPING\r\n"), Error(errors::kSaveInProgress) + "+PONG\r\n");
  server.services.EndCheckpoint(true, "");
  server.Run();
  EXPECT_EQ(first.Take(), "+OK\r\n");
}

TEST(SessionStallTest, WaitaofAsksForTheConnectionsOwnWrites) {
  for (const uint32_t shards : {1u, 3u}) {
    SCOPED_TRACE(shards);
    SessionHarness server(shards);
    TestClient& client = server.Connect(0);
    server.services.commit.appended = 9;
    client.Send("INCR a\r\nWAITAOF 1 0 0\r\nPING\r\n");
    server.Settle();
    EXPECT_EQ(server.log().appended(), 1u) << "the write has its ticket before the wait begins";
    ASSERT_EQ(server.services.waits.size(), 1u);
    EXPECT_EQ(server.services.waits[0].ticket, 9u);
    server.Run();
    EXPECT_EQ(client.Take(), ":1\r\n");
    server.services.commit.synced = 9;
    const auto done = std::exchange(server.services.waits, {});
    std::thread([&] { done[0].done(true); }).join();
    server.Run();
    EXPECT_EQ(client.Take(), "*2\r\n:1\r\n:0\r\n+PONG\r\n");
  }
}

TEST(SessionStallTest, APauseHoldsWhatItNames) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  server.pause.writes_only = true;
  server.pause.until_ms = SessionHarness::kNowMs + 1000;
  EXPECT_EQ(server.Ask(client, "GET a\r\nPING\r\nINCR a\r\nGET a\r\n"), "$-1\r\n+PONG\r\n");
  server.ResumePaused();
  server.Run();
  EXPECT_EQ(client.Take(), "") << "not over yet";
  WallClock::SetForTest(SessionHarness::kNowMs + 1000);
  server.ResumePaused();
  server.Run();
  EXPECT_EQ(client.Take(), ":1\r\n" + Bulk("1"));
}

TEST(SessionStallTest, APauseOfEverythingHoldsReadsToo) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  server.pause.until_ms = SessionHarness::kNowMs + 1000;
  EXPECT_EQ(server.Ask(client, "PING\r\nGET " + server.KeyOn(1) + "\r\n"), "");
  server.pause.until_ms = 0;  // CLIENT UNPAUSE
  server.ResumePaused();
  server.Run();
  EXPECT_EQ(client.Take(), "+PONG\r\n$-1\r\n");
}

// --- CLIENT REPLY ---

TEST(SessionReplyModeTest, SuppressedRepliesAreNotSentAndTheWorkIsDone) {
  SessionHarness server(3);
  TestClient& client = server.Connect(0);
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(1);
  const std::string c = server.KeyOn(2);
  const std::string silent = "CLIENT REPLY OFF\r\nPING\r\nINCR " + a + "\r\nINCR " + b +
                             "\r\nMSET " + b + " 5 " + c + " 6\r\nNOSUCH\r\nGET\r\nGET " + c +
                             "\r\nSAVE\r\n";
  EXPECT_EQ(server.Ask(client, silent), "");
  server.services.EndCheckpoint(true, "");
  EXPECT_EQ(server.Ask(client, "INCR " + a + "\r\n"), "");
  EXPECT_EQ(server.Ask(client, "CLIENT REPLY ON\r\nMGET " + a + " " + b + " " + c + "\r\n"),
            "+OK\r\n*3\r\n" + Bulk("2") + Bulk("5") + Bulk("6"));
}

TEST(SessionReplyModeTest, SkipSilencesJustTheNextRequest) {
  SessionHarness server(3);
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(1);
  for (const std::string& request :
       {std::string("PING"), "INCR " + a, "INCR " + b, "MGET " + a + " " + b, std::string("NOSUCH"),
        std::string("GET")}) {
    TestClient& client = server.Connect(0);
    EXPECT_EQ(server.Ask(client, "CLIENT REPLY SKIP\r\n" + request + "\r\nPING\r\nPING\r\n"),
              "+PONG\r\n+PONG\r\n")
        << request;
  }
}

TEST(SessionReplyModeTest, AnEmptyRequestUsesTheSkipUpAndResetIsSilencedByIt) {
  SessionHarness server(1);
  TestClient& client = server.Connect();
  for (const std::string_view empty : {"\r\n", "*0\r\n", "*-1\r\n"}) {
    EXPECT_EQ(server.Ask(client, "CLIENT REPLY SKIP\r\n" + std::string(empty) + "PING\r\n"),
              "+PONG\r\n");
  }
  EXPECT_EQ(server.Ask(client, "CLIENT REPLY SKIP\r\nRESET\r\nPING\r\n"), "+PONG\r\n");
  EXPECT_EQ(server.Ask(client, "CLIENT REPLY OFF\r\nRESET\r\nPING\r\n"), "+RESET\r\n+PONG\r\n");
}

TEST(SessionReplyModeTest, SkipOutlastsAPauseAndADeferredReply) {
  SessionHarness server(1);
  TestClient& client = server.Connect();
  server.pause.until_ms = SessionHarness::kNowMs + 1000;
  client.session().client().reply_mode = ClientState::ReplyMode::kSkipNext;
  EXPECT_EQ(server.Ask(client, "SAVE\r\nPING\r\n"), "");
  server.pause.until_ms = 0;
  server.ResumePaused();
  server.Run();
  EXPECT_EQ(client.Take(), "");
  server.services.EndCheckpoint(true, "");
  server.Run();
  EXPECT_EQ(client.Take(), "+PONG\r\n");
}

// --- Refusals and ends ---

TEST(SessionRefusalTest, ErrorsLeaveTheConnectionInStep) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  EXPECT_EQ(server.Ask(client, "PING\r\nnosuch a\r\nGET\r\nCONFIG nosuch\r\nPING\r\n"),
            "+PONG\r\n-ERR unknown command 'nosuch', with args beginning with: 'a' \r\n" +
                Error(errors::WrongArgumentCount("get")) +
                Error(errors::UnknownSubcommand("nosuch", "config")) + "+PONG\r\n");
}

TEST(SessionRefusalTest, ProtocolErrorClosesAfterEarlierReplies) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  client.Send("INCR " + server.KeyOn(1) + "\r\nINCR " + server.KeyOn(0) +
              "\r\n*1\r\n:\r\nPING\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "");
  EXPECT_FALSE(client.session().finished()) << "two replies are due";
  server.Run();
  EXPECT_EQ(client.Take(), ":1\r\n:1\r\n" + Error(errors::ExpectedBulk(':')));
  EXPECT_TRUE(client.session().finished());
  EXPECT_FALSE(client.session().AcceptsInput());
}

TEST(SessionRefusalTest, QuitClosesAfterEarlierReplies) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  client.Send("INCR " + server.KeyOn(1) + "\r\nQUIT\r\nINCR " + server.KeyOn(1) + "\r\n");
  server.Settle();
  EXPECT_FALSE(client.session().finished());
  server.Run();
  EXPECT_EQ(client.Take(), ":1\r\n+OK\r\n");
  EXPECT_TRUE(client.session().finished());
  EXPECT_EQ(server.Ask(server.Connect(1), "GET " + server.KeyOn(1) + "\r\n"), Bulk("1"));
}

TEST(SessionRefusalTest, ABrowsersRequestClosesUnanswered) {
  for (const std::string_view request : {"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET a 1\r\n",
                                         "Host: localhost\r\nSET a 1\r\n"}) {
    SessionHarness server(1);
    TestClient& client = server.Connect();
    EXPECT_EQ(server.Ask(client, "PING\r\n" + std::string(request)), "+PONG\r\n");
    EXPECT_TRUE(client.session().finished());
    EXPECT_EQ(server.Ask(server.Connect(), "EXISTS a\r\n"), ":0\r\n");
  }
}

TEST(SessionRefusalTest, BeforeLoginOnlyLoginIsServed) {
  SessionHarness server(2);
  server.services.config().set_requirepass("secret");
  ClientState stranger;
  stranger.authenticated = false;
  TestClient& client = server.Connect(0, stranger);
  const std::string set = "SET " + server.KeyOn(1) + " 1\r\n";
  EXPECT_EQ(server.Ask(client, set + "PING\r\nDBSIZE\r\n"), Repeat(Error(errors::kNoAuth), 3));
  EXPECT_EQ(server.Ask(client, "AUTH wrong\r\n" + set),
            Error(errors::kWrongPassword) + Error(errors::kNoAuth));
  EXPECT_EQ(server.Ask(client, "AUTH secret\r\n" + set), "+OK\r\n+OK\r\n");
}

TEST(SessionRefusalTest, ARequestTooLargeForStrangersIsFineBehindTheLogin) {
  SessionHarness server(1);
  server.services.config().set_requirepass("secret");
  const std::string large(32 << 10, 'x');
  ClientState stranger;
  stranger.authenticated = false;
  TestClient& client = server.Connect(0, stranger);
  EXPECT_EQ(server.Ask(client, "AUTH secret\r\n" + Encode({"ECHO", large})),
            "+OK\r\n" + Bulk(large));
  TestClient& other = server.Connect(0, stranger);
  EXPECT_EQ(server.Ask(other, Encode({"ECHO", large})), Error(errors::kUnauthenticatedBulkLength));
  EXPECT_TRUE(other.session().finished());
}

TEST(SessionRefusalTest, WritesAreRefusedWhileTheDiskIsFull) {
  SessionHarness server(3);
  TestClient& client = server.Connect(0);
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(1);
  server.Ask(client, "SET " + a + " 1\r\n");
  server.writes_refused = true;
  EXPECT_EQ(server.Ask(client, "SET " + a + " 2\r\nINCR " + b + "\r\nMSET " + a + " 1 " + b +
                                   " 2\r\nFLUSHALL\r\nGET " + a + "\r\n"),
            Repeat(Error(errors::kLowDisk), 4) + Bulk("1"));
  server.writes_refused = false;
  EXPECT_EQ(server.Ask(client, "INCR " + b + "\r\n"), ":1\r\n");
}

// A connection may end (CLIENT KILL, a reset, a time limit) at any point of a request's way. What was
// taken is carried out, nothing is told any more, nothing is left behind: the harness looks who still
// holds the session.
TEST(SessionEndTest, ClientGoneWhileItsReplyWaits) {
  SessionHarness names(3);
  const std::string a = names.KeyOn(0);
  const std::string b = names.KeyOn(1);
  const std::string c = names.KeyOn(2);
  for (const std::string& request :
       {"INCR " + a, "INCR " + c, "GET " + a + "\r\nINCR " + a + "\r\nINCR " + b,
        "MSET " + a + " 1 " + c + " 1", "MGET " + b + " " + c, std::string("SAVE"),
        std::string("WAITAOF 1 0 0"), std::string("FLUSHALL"),
        "INCR " + c + "\r\nMSET " + a + " 1 " + b + " 1\r\nINCR " + b, "INCR " + a + "\r\nQUIT",
        "CLIENT REPLY OFF\r\nINCR " + b}) {
    for (int stage = 0; stage < 14; ++stage) {
      SCOPED_TRACE(request + ", gone at stage " + std::to_string(stage));
      SessionHarness server(3);
      server.services.commit.appended = 9;
      TestClient& client = server.Connect(0);
      TestClient& other = server.Connect(0);
      // Somebody is inside shard 0 meanwhile.
      server.Connect(0).Send("MSET " + a + " 0 " + c + " 0\r\n");
      client.Send(request + "\r\n");
      for (int step = 0; step < stage; ++step) {
        if (step % 4 == 3) {
          server.Commit();
        } else {
          server.Turn(static_cast<uint32_t>(step % 4));
        }
      }
      static_cast<void>(client.Take());
      client.Disconnect();
      server.Run();
      if (server.services.checkpoint_done) server.services.EndCheckpoint(true, "");
      for (const auto& wait : std::exchange(server.services.waits, {})) wait.done(true);
      server.Run();
      EXPECT_EQ(client.Take(), "");
      EXPECT_FALSE(client.SessionIsHeldElsewhere());
      EXPECT_NE(server.Ask(other, "MGET " + a + " " + b + " " + c + "\r\n"), "")
          << "the others are served";
    }
  }
}

TEST(SessionEndTest, ClientGoneWhilePaused) {
  SessionHarness server(1);
  TestClient& client = server.Connect();
  server.pause.until_ms = SessionHarness::kNowMs + 1000;
  client.Send("INCR a\r\n");
  client.Disconnect();
  server.pause.until_ms = 0;
  server.ResumePaused();
  server.Run();
  EXPECT_FALSE(client.SessionIsHeldElsewhere());
  EXPECT_EQ(server.Ask(server.Connect(), "EXISTS a\r\n"), ":0\r\n") << "it was never taken";
}

TEST(SessionEndTest, WhatWasTakenIsCarriedOutThoughTheClientIsGone) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  client.Send("INCR " + server.KeyOn(1) + "\r\n");
  client.Disconnect();
  client.Send("INCR " + server.KeyOn(1) + "\r\n");
  server.Run();
  EXPECT_EQ(server.Ask(server.Connect(0), "GET " + server.KeyOn(1) + "\r\n"), Bulk("1"));
}

}  // namespace
}  // namespace tally::server
