#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "server/spanning_operation.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

class SpanningTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kShards = 3;

  /// Turns and commits in a random order until the test says so.
  static void Shuffle(SessionHarness* server, std::mt19937_64* random,
                      const std::function<bool()>& done) {
    constexpr int kStepsThatAreTooMany = 2000;
    for (int step = 0; !done(); ++step) {
      ASSERT_LT(step, kStepsThatAreTooMany) << "somebody waits for ever";
      server->RandomStep(random);
    }
  }
  static std::string MGetReply(std::string_view first, std::string_view second) {
    return "*2\r\n" + Bulk(first) + Bulk(second);
  }

  SessionHarness server{kShards};
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(1);
  const std::string c = server.KeyOn(2);
};

TEST_F(SpanningTest, SpanningCommandSeesEarlierCommandsOfItsConnection) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    const std::string one = std::to_string(seed) + "a";
    const std::string two = std::to_string(seed) + "b";
    TestClient& client = server.Connect(static_cast<uint32_t>(random() % kShards));
    client.Send("SET " + b + " " + one + "\r\nSET " + c + " " + one + "\r\nMGET " + b + " " + c +
                "\r\nSET " + c + " " + two + "\r\nMGET " + b + " " + c + "\r\n");
    std::string received;
    Shuffle(&server, &random, [&] {
      received += client.Take();
      return client.session().idle() && client.unread() == 0;
    });
    ASSERT_EQ(received, "+OK\r\n+OK\r\n" + MGetReply(one, one) + "+OK\r\n" + MGetReply(one, two));
  }
}

TEST_F(SpanningTest, LaterCommandsOfItsConnectionSeeIt) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    const std::string value = std::to_string(seed);
    TestClient& client = server.Connect(static_cast<uint32_t>(random() % kShards));
    client.Send("MSET " + a + " " + value + " " + c + " " + value + "\r\nGET " + a + "\r\nGET " +
                c + "\r\n");
    std::string received;
    Shuffle(&server, &random, [&] {
      received += client.Take();
      return client.session().idle() && client.unread() == 0;
    });
    ASSERT_EQ(received, "+OK\r\n" + Bulk(value) + Bulk(value));
  }
}

// The end of serving waits for it: what is under way is nowhere else to be seen while it is in a mailbox.
TEST_F(SpanningTest, ASessionIsAtWorkUntilItsCommandAndTheReplyHaveComeHome) {
  for (uint32_t home = 0; home < kShards; ++home) {
    TestClient& client = server.Connect(home);
    ASSERT_EQ(server.SessionsAtWork(home), 0u);
    client.Send("MSET " + a + " 1 " + b + " 1 " + c + " 1\r\n");
    client.Disconnect();
    for (uint32_t core = 0; core < kShards; ++core) {
      ASSERT_EQ(server.SessionsAtWork(home), 1u) << "it is on its way to core " << core;
      server.Turn(core);
    }
    server.Settle();
    ASSERT_EQ(server.SessionsAtWork(home), 1u) << "its reply waits for the commit";
    ASSERT_TRUE(server.Commit());
    server.Settle();
    ASSERT_EQ(server.SessionsAtWork(home), 0u);
  }
}

TEST_F(SpanningTest, TwoSpanningCommandsNeverWaitForEachOther) {
  const std::vector<std::string> requests = {"MSET " + a + " 1 " + b + " 1 " + c + " 1\r\n",
                                             "MSET " + c + " 2 " + a + " 2\r\n",
                                             "DEL " + b + " " + a + "\r\n",
                                             "MGET " + c + " " + b + "\r\n",
                                             "DBSIZE\r\n",
                                             "FLUSHALL\r\n"};
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<TestClient*> clients;
    for (uint32_t i = 0; i < 6; ++i) {
      clients.push_back(&server.Connect(i % kShards));
      clients.back()->Send(requests[random() % requests.size()] +
                           requests[random() % requests.size()]);
      if (random() % 2 == 0) server.RandomStep(&random);
    }
    Shuffle(&server, &random, [&] {
      bool idle = true;
      for (TestClient* client : clients) {
        idle = idle && client->session().idle() && client->unread() == 0;
      }
      return idle;
    });
  }
}

TEST_F(SpanningTest, NobodySeesHalfOfAnMSet) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<TestClient*> writers{&server.Connect(0), &server.Connect(2)};
    std::vector<TestClient*> readers{&server.Connect(0), &server.Connect(1), &server.Connect(2)};
    server.Ask(*writers[0], "MSET " + a + " start " + c + " start\r\n");
    int written = 0;
    int seen = 0;
    for (int step = 0; step < 200; ++step) {
      for (TestClient* writer : writers) {
        if (random() % 4 != 0 || !writer->session().idle()) continue;
        const std::string value = std::to_string(++written);
        writer->Send("MSET " + c + " " + value + " " + a + " " + value + "\r\n");
      }
      for (TestClient* reader : readers) {
        if (reader->session().idle()) reader->Send("MGET " + a + " " + c + "\r\n");
      }
      server.RandomStep(&random);
      for (TestClient* reader : readers) {
        const std::string reply = reader->Take();
        if (reply.empty()) continue;
        const std::string value = reply.substr(4, (reply.size() - 4) / 2);
        ASSERT_EQ(reply, "*2\r\n" + value + value);
        ++seen;
      }
    }
    EXPECT_GT(seen, 0);
    server.Run();
  }
}

// PING and HELLO need no object, so they run beside a spanning operation, on whose changes they must not
// lay hands: its thread has them, and would find a part of its change set gone.
TEST_F(SpanningTest, WhatNeedsNoObjectLeavesAnOccupiedShardAlone) {
  TestClient& client = server.Connect(0);
  storage::Keyspace* const entered = server.shard(0).Enter();
  const std::string value(Shard::kMaxTurnBytes + 1, 'v');
  entered->PutBytes(0, storage::MakeKey({}, a), nullptr, value, {}, storage::kNoExpiry);
  ASSERT_GT(entered->changed_bytes(), Shard::kMaxTurnBytes);

  client.Send("PING\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "+PONG\r\n");
  EXPECT_TRUE(entered->has_changes());
  EXPECT_EQ(server.log().appended(), 0u);

  entered->Stamp(storage::kNoTicket);
  server.shard(0).Leave();
}

// Who reads one key after the other sees the second at least as new as the first.
TEST_F(SpanningTest, WhoSawAnMSetInOneKeySeesItInTheOther) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    TestClient& writer = server.Connect(static_cast<uint32_t>(random() % kShards));
    TestClient& reader = server.Connect(static_cast<uint32_t>(random() % kShards));
    server.Ask(writer, "MSET " + a + " 0 " + c + " 0\r\n");
    int written = 0;
    int newest = 0;
    bool ask_c = false;
    for (int step = 0; step < 300; ++step) {
      if (random() % 4 == 0 && writer.session().idle()) {
        const std::string value = std::to_string(++written);
        writer.Send("MSET " + a + " " + value + " " + c + " " + value + "\r\n");
      }
      if (reader.session().idle()) {
        reader.Send("GET " + (ask_c ? c : a) + "\r\n");
        ask_c = !ask_c;
      }
      server.RandomStep(&random);
      const std::string reply = reader.Take();
      if (reply.empty()) continue;
      const int value = std::stoi(reply.substr(reply.find('\n') + 1));
      ASSERT_GE(value, newest);
      newest = value;
    }
    EXPECT_GT(newest, 0);
    server.Run();
  }
}

TEST_F(SpanningTest, ItIsOneTicketWhateverTheShards) {
  TestClient& client = server.Connect(1);
  server.Ask(client, "MSET " + a + " 1 " + b + " 1 " + c + " 1\r\n");
  EXPECT_EQ(server.log().appended(), 1u);
  server.Ask(client, "DEL " + a + " " + b + "\r\n");
  EXPECT_EQ(server.log().appended(), 2u);
  server.Ask(client, "FLUSHALL\r\n");
  EXPECT_EQ(server.log().appended(), 3u);
  server.Ask(client, "DEL " + a + " " + b + "\r\n");
  EXPECT_EQ(server.log().appended(), 3u) << "nothing changed";
}

TEST_F(SpanningTest, APowerCutLeavesAllOfItOrNothing) {
  TestClient& client = server.Connect(1);
  const std::string read = "MGET " + a + " " + b + " " + c + "\r\n";
  const auto on_disk = [&] {
    const auto after = server.AfterPowerCut();
    return after->Ask(after->Connect(), read);
  };
  const auto all = [](std::string_view value) {
    return "*3\r\n" + Bulk(value) + Bulk(value) + Bulk(value);
  };
  server.Ask(client, "MSET " + a + " 1 " + b + " 1 " + c + " 1\r\n");
  client.Send("MSET " + a + " 2 " + b + " 2 " + c + " 2\r\n");
  for (int step = 0; step < 6; ++step) {
    EXPECT_EQ(on_disk(), all("1")) << "step " << step;
    server.Turn(static_cast<uint32_t>(step) % kShards);
  }
  server.Commit();
  EXPECT_EQ(on_disk(), all("2"));
  server.Ask(client, "FLUSHALL\r\n");
  EXPECT_EQ(on_disk(), "*3\r\n$-1\r\n$-1\r\n$-1\r\n");
}

// The order of truth is that of the tickets: what the shards changed before is in front of it.
TEST_F(SpanningTest, EarlierChangesOfTheSameTurnComeBeforeIt) {
  TestClient& client = server.Connect(0);
  TestClient& other = server.Connect(1);
  client.Send("SET " + a + " before\r\n");
  other.Send("SET " + b + " before\r\n");
  client.Send("MSET " + a + " after " + b + " after\r\n");
  server.Run();
  const auto recovered = server.AfterPowerCut();
  EXPECT_EQ(recovered->Ask(recovered->Connect(), "MGET " + a + " " + b + "\r\n"),
            MGetReply("after", "after"));
}

TEST_F(SpanningTest, ItsReplyWaitsForItsCommit) {
  TestClient& writer = server.Connect(1);
  TestClient& reader = server.Connect(0);
  writer.Send("MSET " + a + " 1 " + c + " 1\r\n");
  server.Settle();
  EXPECT_EQ(writer.Take(), "");
  for (const std::string& key : {a, c}) {
    reader.Send("GET " + key + "\r\n");
    server.Settle();
    EXPECT_EQ(reader.Take(), "") << "the change is not durable on any of its shards";
  }
  server.Commit();
  server.Settle();
  EXPECT_EQ(writer.Take(), "+OK\r\n");
  EXPECT_EQ(reader.Take(), Bulk("1") + Bulk("1"));
  reader.Send("MGET " + a + " " + c + "\r\n");
  server.Settle();
  EXPECT_EQ(reader.Take(), MGetReply("1", "1")) << "a clean read is never held";
}

TEST_F(SpanningTest, ItsConnectionGoesOnBeforeItIsDurable) {
  TestClient& client = server.Connect(0);
  client.Send("MSET " + a + " 1 " + c + " 1\r\nINCR " + b + "\r\nMGET " + a + " " + b + "\r\n");
  server.Settle();
  EXPECT_EQ(client.unread(), 0u);
  EXPECT_EQ(client.Take(), "");
  EXPECT_EQ(server.log().appended(), 2u);
  ASSERT_TRUE(server.Commit());
  server.Settle();
  EXPECT_EQ(client.Take(), "+OK\r\n:1\r\n" + MGetReply("1", "1"));
  EXPECT_FALSE(server.Commit()) << "one commit was enough for all of it";
}

TEST_F(SpanningTest, OthersWaitWhileItIsInside) {
  TestClient& client = server.Connect(0);
  TestClient& local = server.Connect(0);
  TestClient& remote = server.Connect(1);
  client.Send("MSET " + a + " 1 " + c + " 1\r\n");
  ASSERT_TRUE(server.shard(0).occupied()) << "it enters the first shard at once";
  EXPECT_FALSE(server.shard(2).occupied());
  local.Send("PING\r\nGET " + a + "\r\n");
  remote.Send("GET " + a + "\r\nGET " + b + "\r\n");
  server.Turn(0);
  server.Turn(1);
  server.Turn(0);
  EXPECT_EQ(local.Take(), "+PONG\r\n") << "what needs no object goes on";
  EXPECT_TRUE(local.session().stalled());
  EXPECT_NE(local.unread(), 0u);
  EXPECT_EQ(remote.Take(), "");
  EXPECT_EQ(server.log().appended(), 0u);
  server.Turn(2);
  EXPECT_EQ(server.log().appended(), 1u);
  EXPECT_FALSE(server.shard(2).occupied());
  EXPECT_TRUE(server.shard(0).occupied()) << "it learns of that by a message";
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n");
  EXPECT_EQ(local.Take(), Bulk("1"));
  EXPECT_EQ(remote.Take(), Bulk("1") + "$-1\r\n");
}

// The log is full, so that appending waits for a commit: a look at the others at just that moment.
TEST_F(SpanningTest, ShardsAreLeftOnlyAfterTheAppend) {
  server.database->discard = true;
  TestClient& client = server.Connect(0);
  TestClient& reader = server.Connect(1);
  server.log().Append(std::string(storage::CommitLog::kMaxGatheredBytes, 'x'));
  client.Send("MSET " + a + " 1 " + c + " 1\r\n");
  reader.Send("GET " + a + "\r\n");
  int looks = 0;
  server.database->during_sync = [&] {
    ++looks;
    for (int turn = 0; turn < 2; ++turn) {
      server.Turn(0);
      server.Turn(1);
    }
    EXPECT_TRUE(server.shard(0).occupied());
    EXPECT_EQ(reader.Take(), "");
  };
  server.Turn(2);
  EXPECT_EQ(looks, 1);
  server.database->during_sync = nullptr;
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n");
  EXPECT_EQ(reader.Take(), Bulk("1"));
}

TEST_F(SpanningTest, ParkedOperationsGoOnInOrder) {
  TestClient& client = server.Connect(0);
  client.Send("MSET " + a + " 0 " + c + " 0\r\n");
  for (const std::string_view digit : {"1", "2", "3", "4"}) {
    server.Connect(1).Send("APPEND " + a + " " + std::string(digit) + "\r\n");
    server.Turn(1);
    server.Turn(0);
    if (digit == "2") server.Connect(1).Send("MSET " + a + " x " + b + " x\r\n");
  }
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n");
  EXPECT_EQ(server.Ask(client, "GET " + a + "\r\n"), Bulk("x34"));
}

TEST_F(SpanningTest, CountsAndFlushesSeeAllShards) {
  TestClient& client = server.Connect(2);
  EXPECT_EQ(server.Ask(client, "MSET " + a + " 1 " + b + " 1 " + c + " 1\r\nDBSIZE\r\n"),
            "+OK\r\n:3\r\n");
  EXPECT_EQ(server.Ask(client, "INCR " + a + "x\r\nFLUSHALL\r\nDBSIZE\r\nGET " + a + "\r\n"),
            ":1\r\n+OK\r\n:0\r\n$-1\r\n");
  const auto recovered = server.AfterPowerCut();
  EXPECT_EQ(recovered->Ask(recovered->Connect(), "DBSIZE\r\n"), ":0\r\n");
}

TEST_F(SpanningTest, MSetNxChangesAllKeysOrNone) {
  TestClient& client = server.Connect(0);
  EXPECT_EQ(server.Ask(client, "MSETNX " + a + " 1 " + c + " 1\r\nMSETNX " + b + " 2 " + c +
                                   " 2\r\nMGET " + b + " " + c + "\r\n"),
            ":1\r\n:0\r\n*2\r\n$-1\r\n" + Bulk("1"));
}

// The same promises with a thread for each core, and commits that any of them leads: for what happens
// between threads only, and for ThreadSanitizer.
class SpanningThreadsTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kCores = 3;
  static constexpr int kRounds = 150;

  /// One core's thread. Only the first core's client writes both keys, so that their values rise.
  void RunCore(uint32_t core) {
    TestClient& both = *spanning_clients[core];
    TestClient& one = *single_clients[core];
    int asked_both = 0;
    int asked_one = 0;
    int newest = 0;
    bool finished = false;
    // The others may still need this core when its own clients are through.
    while (at_work > 0) {
      if (both.session().idle() && asked_both < kRounds) {
        const std::string value = std::to_string(++asked_both);
        both.Send(core == 0 ? "MSET " + a + " " + value + " " + c + " " + value + "\r\n"
                            : "MGET " + a + " " + c + "\r\n");
      }
      if (one.session().idle() && asked_one < kRounds) {
        ++asked_one;
        one.Send("INCR n" + std::to_string(asked_one % 7) + "\r\nGET " +
                 (asked_one % 2 == 0 ? a : c) + "\r\n");
      }
      bool did = server.Turn(core);
      did |= server.Commit();
      did |= server.Turn(core);
      if (!did) std::this_thread::yield();
      CheckBoth(core, both.Take());
      CheckOne(one.Take(), &newest);
      if (!finished && asked_both == kRounds && asked_one == kRounds && both.session().idle() &&
          one.session().idle()) {
        finished = true;
        --at_work;
      }
    }
  }
  void CheckBoth(uint32_t core, const std::string& reply) {
    if (reply.empty() || core == 0) return;
    const std::string value = reply.substr(4, (reply.size() - 4) / 2);
    if (reply != "*2\r\n" + value + value) ++halves;
  }
  void CheckOne(const std::string& reply, int* newest) {
    const size_t bulk = reply.find('$');
    if (bulk == std::string::npos) return;
    const int value = std::stoi(reply.substr(reply.find('\n', bulk) + 1));
    if (value < *newest) ++steps_back;
    *newest = value;
  }

  SessionHarness server{kCores};
  const std::string a = server.KeyOn(0);
  const std::string c = server.KeyOn(2);
  std::vector<TestClient*> spanning_clients;
  std::vector<TestClient*> single_clients;
  std::atomic<uint32_t> at_work{kCores};
  std::atomic<int> halves{0};
  std::atomic<int> steps_back{0};
};

TEST_F(SpanningThreadsTest, NobodySeesHalfOfAnMSetNorOlderThanBefore) {
  server.Ask(server.Connect(0), "MSET " + a + " 0 " + c + " 0\r\n");
  for (uint32_t core = 0; core < kCores; ++core) {
    spanning_clients.push_back(&server.Connect(core));
    single_clients.push_back(&server.Connect(core));
  }
  std::vector<std::thread> threads;
  for (uint32_t core = 0; core < kCores; ++core) threads.emplace_back([=, this] { RunCore(core); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(halves, 0);
  EXPECT_EQ(steps_back, 0);
  const std::string last = std::to_string(kRounds);
  EXPECT_EQ(server.Ask(server.Connect(1), "MGET " + a + " " + c + "\r\n"),
            "*2\r\n" + Bulk(last) + Bulk(last));
}

}  // namespace
}  // namespace tally::server
