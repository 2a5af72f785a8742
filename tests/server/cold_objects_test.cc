// Objects that are not in memory: who needs one waits, and nobody else does.
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "server/input_gate.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

class ColdObjectsTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  void MakeCold() { server.MakeCold(); }
  std::string Error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }

  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(last, 1);
  TestClient& client = server.Connect(0);
};

TEST_P(ColdObjectsTest, AreReadWhenSomebodyAsks) {
  server.Ask(client, "SET " + a + " 41\r\nSET " + b + " text\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "INCR " + a + "\r\nGET " + b + "\r\nGET missing\r\nDBSIZE\r\n"),
            ":42\r\n" + Bulk("text") + "$-1\r\n:2\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "DEL " + a + " " + b + " missing\r\nDBSIZE\r\n"), ":2\r\n:0\r\n");
  MakeCold();
  EXPECT_EQ(server.Ask(client, "MGET " + a + " " + b + "\r\nSET " + a + " 1 NX\r\n"),
            "*2\r\n$-1\r\n$-1\r\n+OK\r\n");
}

TEST_P(ColdObjectsTest, OthersGoOnMeanwhile) {
  server.Ask(client, "SET " + a + " 1\r\n");
  MakeCold();
  TestClient& other = server.Connect(0);
  server.Ask(other, "SET {" + a + "}hot 7\r\n");
  client.Send("GET " + a + "\r\n");
  server.Settle();
  ASSERT_EQ(server.loader().tasks(), 1u);
  other.Send("GET {" + a + "}hot\r\n");
  server.Settle();
  EXPECT_EQ(other.Take(), Bulk("7"));
  EXPECT_EQ(client.Take(), "");
  server.Run();
  EXPECT_EQ(client.Take(), Bulk("1"));
}

TEST_P(ColdObjectsTest, OneClientsOperationsOnAShardKeepTheirOrder) {
  server.Ask(client, "SET " + a + " 1\r\n");
  MakeCold();
  const std::string hot = "{" + a + "}hot";
  server.Ask(server.Connect(0), "SET " + hot + " 0\r\n");
  // Who saw the second of two changes of one client sees the first.
  client.Send("SET " + a + " new\r\nSET " + hot + " 1\r\nGET " + hot + "\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "");
  EXPECT_EQ(server.Ask(server.Connect(0), "PING\r\n"), "+PONG\r\n");
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n+OK\r\n" + Bulk("1"));
}

// The turn of the change is over long before the reply can be made.
TEST_P(ColdObjectsTest, AChangeInFrontOfOneIsToldWhenItIsDurable) {
  const std::string clean = "{" + b + "}clean";
  const std::string changed = "{" + b + "}changed";
  server.Ask(client, "SET " + b + " cold\r\nSET " + clean + " 1\r\n");
  MakeCold();
  server.Ask(client, "GET " + clean + "\r\nSET " + changed + " 5\r\n");
  client.Send("GET " + clean + "\r\nINCR " + changed + "\r\nGET " + b + "\r\n");
  server.Settle();
  ASSERT_TRUE(server.Load());
  server.Settle();
  EXPECT_EQ(client.Take(), Bulk("1")) << "what changed nothing waits for no commit";
  ASSERT_TRUE(server.Commit());
  server.Settle();
  EXPECT_EQ(client.Take(), ":6\r\n" + Bulk("cold"));
}

TEST_P(ColdObjectsTest, ThoseOfOnePipelineAreReadTogether) {
  std::string set;
  std::string get;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "{" + a + "}" + std::to_string(i);
    set += "SET " + name + " " + std::to_string(i) + "\r\n";
    get += "GET " + name + "\r\n";
    expected += Bulk(std::to_string(i));
  }
  server.Ask(client, set);
  MakeCold();
  client.Send(get);
  server.Settle();
  EXPECT_EQ(server.loader().tasks(), 1u);
  server.Run();
  EXPECT_EQ(client.Take(), expected);
}

// A pipeline names hundreds of objects that are larger than all that was read before.
TEST_P(ColdObjectsTest, WhatIsReadAheadTakesAPartOfMemoryOnly) {
  constexpr size_t kValueBytes = size_t{200} << 10;
  server.database->discard = true;  // writing them must not look like a slow disk
  constexpr int kClients = 8;
  constexpr int kKeys = 100;
  const std::string value(kValueBytes, 'v');
  for (int i = 0; i < kKeys; ++i) {
    const std::string name = "{" + a + "}" + std::to_string(i);
    const std::string set = "*3\r\n$3\r\nSET\r\n" + Bulk(name) + Bulk(value);
    ASSERT_EQ(server.Ask(client, set), "+OK\r\n");
  }
  MakeCold();
  Shard& shard = server.shard(0);
  shard.memory().set_limit(uint64_t{16} << 20);
  std::vector<TestClient*> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(&server.Connect(0));
    std::string get;
    for (int j = 0; j < kKeys; ++j) {
      get += "STRLEN {" + a + "}" + std::to_string((j * 7 + i * 13) % kKeys) + "\r\n";
    }
    clients.back()->Send(get);
  }
  uint64_t most = 0;
  do {
    server.Settle();
    most = std::max(most, shard.keyspace().object_bytes());
    server.EvictAll();  // all that nobody waits for
  } while (server.Load());
  const std::string length = ":" + std::to_string(kValueBytes) + "\r\n";
  for (TestClient* reader : clients) {
    const std::string received = reader->Take();
    EXPECT_EQ(received.size(), kKeys * length.size());
    EXPECT_EQ(received.substr(0, length.size()), length);
  }
  // One object for each client, the read ahead, and the task that passed its limit.
  constexpr size_t kMost = kValueBytes * (kClients + InputGate::kKeysPerTask);
  EXPECT_LT(most, kMost + shard.read_ahead_bytes());
}

TEST_P(ColdObjectsTest, TheDiskIsLeftAloneWhereMemoryKnows) {
  server.Ask(client, "SET " + a + " 1\r\n");
  MakeCold();
  server.database->memory_knows = true;
  EXPECT_EQ(server.Ask(client, "GET " + a + "\r\nINCR missing\r\n"), Bulk("1") + ":1\r\n");
  EXPECT_EQ(server.database->disk_lookups, 0u);
}

TEST_P(ColdObjectsTest, WhatWasReadBeforeAChangeIsNotTakenAfterIt) {
  server.Ask(client, "SET " + a + " 1\r\n");
  MakeCold();
  client.Send("GET " + a + "\r\n");
  server.Settle();
  ASSERT_EQ(server.loader().tasks(), 1u);
  server.loader().Read(0);  // and is on its way with "1"
  // It comes by another way, is changed, and would be gone from memory again if it were not pinned.
  storage::ObjectRecord record;
  ASSERT_TRUE(storage::ParseObjectValue(server.database->objects[server.DiskKeyOf(a)], &record));
  server.shard(0).keyspace().Take(0, server.KeyOf(a), &record);
  TestClient& other = server.Connect(0);
  other.Send("INCR " + a + "\r\n");
  server.Settle();
  server.Checkpoint();
  server.EvictAll();
  server.Run();
  EXPECT_EQ(other.Take(), ":2\r\n");
  EXPECT_EQ(client.Take(), Bulk("2"));
  EXPECT_EQ(server.Ask(client, "GET " + a + "\r\n"), Bulk("2"));
}

TEST_P(ColdObjectsTest, OneThatCannotBeReadFailsThoseWhoNeedIt) {
  server.Ask(client, "SET " + a + " 1\r\nSET {" + a + "}2 2\r\n");
  MakeCold();
  server.database->unreadable = server.DiskKeyOf(a);
  const std::string error = Error(protocol::errors::kUnreadable);
  EXPECT_EQ(server.Ask(client, "INCR " + a + "\r\nGET {" + a + "}2\r\nMGET " + a + " " + b +
                                   "\r\nPING\r\n"),
            error + Bulk("2") + error + "+PONG\r\n");
  // A record that is none is no better.
  server.database->unreadable.clear();
  server.database->objects[server.DiskKeyOf(a)] = "damaged";
  EXPECT_EQ(server.Ask(client, "GET " + a + "\r\n"), error);
}

TEST_P(ColdObjectsTest, AFlushMakesWhatIsBeingReadAbsent) {
  server.Ask(client, "SET " + a + " 1\r\n");
  MakeCold();
  client.Send("GET " + a + "\r\n");
  server.Settle();
  TestClient& other = server.Connect(0);
  other.Send("FLUSHALL\r\nDBSIZE\r\n");
  server.Settle();
  server.Run();
  EXPECT_EQ(other.Take(), "+OK\r\n:0\r\n");
  EXPECT_EQ(client.Take(), "$-1\r\n");
}

TEST_P(ColdObjectsTest, ExpiredOnesAreAbsent) {
  server.Ask(client, "SET " + a + " 1 PX 50\r\nSET " + b + " 1 PX 5000\r\n");
  MakeCold();
  WallClock::SetForTest(SessionHarness::kNowMs + 100);
  EXPECT_EQ(server.Ask(client, "GET " + a + "\r\nPTTL " + b + "\r\nDBSIZE\r\n"),
            "$-1\r\n:4900\r\n:1\r\n");
  WallClock::SetForTest(SessionHarness::kNowMs);
}

// A shard that reads must not stand still, nor make others stand still for it.
TEST_P(ColdObjectsTest, ASpanningCommandHoldsUpNobodyWhileItsKeysAreRead) {
  server.Ask(client, "MSET " + a + " 1 " + b + " 2\r\n");
  MakeCold();
  client.Send("MGET " + a + " " + b + "\r\n");
  TestClient& other = server.Connect(last);
  for (int step = 0; server.loader().tasks() == 0; ++step) {
    ASSERT_LT(step, 100);
    server.Settle();
  }
  while (server.loader().tasks() > 0) {
    for (uint32_t i = 0; i < GetParam(); ++i) EXPECT_FALSE(server.shard(i).occupied());
    EXPECT_EQ(server.Ask(other, "PING\r\n"), "+PONG\r\n");
    server.Load();
    server.Settle();
  }
  server.Run();
  EXPECT_EQ(client.Take(), "*2\r\n" + Bulk("1") + Bulk("2"));
}

TEST_P(ColdObjectsTest, WritesWaitForRoomAndReadsDoNot) {
  server.Ask(client, "SET " + a + " 1\r\n");
  MemoryBudget& memory = server.shard(0).memory();
  memory.set_limit(1);  // nothing fits, and nothing is clean
  server.Turn(0);
  client.Send("GET " + a + "\r\nINCR " + a + "\r\nGET " + a + "\r\n");
  server.Run();
  EXPECT_EQ(client.Take(), Bulk("1"));
  EXPECT_EQ(server.Ask(server.Connect(0), "GET " + a + "\r\n"), Bulk("1"));
  memory.set_limit(MemoryBudget::kUnlimited);
  server.Run();
  EXPECT_EQ(client.Take(), ":2\r\n" + Bulk("2"));
}

// Otherwise whoever needs an object from the disk, which takes a while, would find the room taken each time.
TEST_P(ColdObjectsTest, AWriteThatWasLetInIsNotAskedAgainWhenItsObjectHasCome) {
  server.Ask(client, "SET " + b + " 1\r\n");
  MakeCold();
  server.Ask(server.Connect(last), "SET {" + b + "}hot 1\r\n");
  MemoryBudget& memory = server.shard(last).memory();
  memory.set_limit(1);
  server.Turn(last);
  client.Send("INCR " + b + "\r\n");
  server.Settle();
  ASSERT_EQ(server.loader().tasks(), 0u) << "it waits for room";
  memory.set_limit(MemoryBudget::kUnlimited);
  server.Turn(last);  // gives room
  server.Settle();
  ASSERT_EQ(server.loader().tasks(), 1u) << "it was let in";
  memory.set_limit(1);
  server.Run();
  EXPECT_EQ(client.Take(), ":2\r\n");
}

TEST_P(ColdObjectsTest, EachWriteIsAskedForRoomByItself) {
  server.Ask(client, "SET " + b + " 1\r\n");
  MakeCold();
  const std::string hot = "{" + b + "}hot";
  server.Ask(server.Connect(last), "SET " + hot + " 1\r\n");
  MemoryBudget& memory = server.shard(last).memory();
  memory.set_limit(1);
  server.Turn(last);
  client.Send("INCR " + hot + "\r\nINCR " + b + "\r\n");
  server.Settle();
  memory.set_limit(MemoryBudget::kUnlimited);
  server.Turn(last);  // gives room
  server.Settle();
  ASSERT_EQ(server.loader().tasks(), 1u) << "the first has run, the second waits for its object";
  memory.set_limit(1);
  server.Run();
  EXPECT_EQ(server.Ask(server.Connect(last), "GET " + hot + "\r\n"), Bulk("2"));
  EXPECT_EQ(server.Ask(server.Connect(last), "GET " + b + "\r\n"), Bulk("1")) << "it waits again";
  memory.set_limit(MemoryBudget::kUnlimited);
  server.Turn(last);
  server.Run();
  EXPECT_EQ(client.Take(), ":2\r\n:2\r\n");
}

TEST_P(ColdObjectsTest, ASpanningWriteIsAskedForRoomOnce) {
  if (GetParam() == 1) GTEST_SKIP() << "nothing spans";
  server.Ask(server.Connect(last), "SET " + b + " 1\r\n");
  server.shard(last).memory().set_limit(1);
  server.Turn(last);
  EXPECT_EQ(server.Ask(client, "MSET " + a + " 2 " + b + " 2\r\n"), "+OK\r\n");
}

// It would wait for its own client's write, which waits for room, which waits for a checkpoint, which would
// wait for the shard that it is inside.
TEST_P(ColdObjectsTest, ASpanningCommandIsInsideNoShardWhileItWaits) {
  if (GetParam() == 1) GTEST_SKIP() << "nothing spans";
  server.Ask(client, "SET " + a + " 1\r\n");
  server.Ask(server.Connect(last), "SET " + b + " 1\r\n");
  server.shard(last).memory().set_limit(1);
  server.Turn(last);
  client.Send("SET " + b + " 2\r\nFLUSHALL\r\nDBSIZE\r\n");
  server.Run();
  EXPECT_EQ(client.Take(), "");
  for (uint32_t i = 0; i < GetParam(); ++i) EXPECT_FALSE(server.shard(i).occupied()) << i;
  EXPECT_EQ(server.Ask(server.Connect(0), "GET " + a + "\r\n"), Bulk("1"));
  server.shard(last).memory().set_limit(MemoryBudget::kUnlimited);
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n+OK\r\n:0\r\n");
}

// Clients count, and objects come and go under them: no increment is lost or made twice, and the number of
// objects stays right.
TEST_P(ColdObjectsTest, RandomLivesOfCounters) {
  constexpr int kKeys = 12;
  const auto seeds = static_cast<unsigned>(test::Scaled(12));
  for (unsigned seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE(seed);
    SessionHarness world(GetParam());
    std::mt19937_64 random(seed);
    world.database->memory_knows = seed % 3 == 0;
    std::vector<TestClient*> clients;
    for (uint32_t i = 0; i < 4; ++i) clients.push_back(&world.Connect(i % GetParam()));
    std::map<std::string, int64_t> model;
    const auto key = [&] { return "k" + std::to_string(random() % kKeys); };
    for (int step = 0; step < 300; ++step) {
      TestClient& some = *clients[random() % clients.size()];
      switch (random() % 8) {
        case 0:
          world.Checkpoint();
          break;
        case 1:
          world.EvictAll();
          break;
        case 2: {
          const std::string name = key();
          const std::string other = key();
          some.Send("MSET {x" + name + "}n 0 {x" + other + "}n 0\r\n");
          model["{x" + name + "}n"] = 0;
          model["{x" + other + "}n"] = 0;
          break;
        }
        case 3:
          some.Send("MGET " + key() + " " + key() + "\r\n");
          break;
        case 4:
        case 5: {
          const std::string name = key();
          ++model[name];
          some.Send("INCR " + name + "\r\n");
          break;
        }
        default:
          world.RandomStep(&random);
      }
    }
    world.Run();
    std::string request;
    std::string expected;
    for (const auto& [name, value] : model) {
      request += "GET " + name + "\r\n";
      expected += Bulk(std::to_string(value));
    }
    world.Checkpoint();
    world.EvictAll();
    for (TestClient* some : clients) static_cast<void>(some->Take());
    EXPECT_EQ(world.Ask(*clients[0], request), expected);
    EXPECT_EQ(world.Ask(*clients[0], "DBSIZE\r\n"), ":" + std::to_string(model.size()) + "\r\n");
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, ColdObjectsTest, ::testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace tally::server
