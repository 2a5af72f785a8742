// A clean stop in the middle of things, of a whole server in this process.

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/crash/server_in_process.h"
#include "tests/end_to_end/support/client.h"
#include "tests/storage/memory_database.h"

namespace tally::test {
namespace {

using server::Server;

// While core 0 is kept by a sync, a WAITAOF that nothing will ever fulfil arrives there, and the stop
// begins. It has a long way to its last shard: the stop ends such waits before it is there.
TEST(StopTest, AHopelessWaitThatIsOnItsWayBetweenShardsDoesNotHoldTheStopUp) {
  constexpr int kRounds = 3;
  constexpr int kThreads = 16;
  constexpr std::chrono::milliseconds kStopReachesTheCores{20};
  for (int round = 0; round < kRounds; ++round) {
    storage::MemoryDatabase database;
    ServerInProcess server(&database, {.threads = kThreads});
    Client client(server.port());  // the first: on core 0
    HeldSync sync(&database);
    ASSERT_TRUE(client.Send({"INCR", "k2"}));  // of core 0's shard
    sync.AwaitBegin();
    ASSERT_TRUE(client.Send({"WAITAOF", "0", "1", "0"}));
    const auto begin = std::chrono::steady_clock::now();
    std::thread stop([&] { server.Stop(); });
    std::this_thread::sleep_for(kStopReachesTheCores);
    sync.LetEnd();
    stop.join();
    const auto took = std::chrono::steady_clock::now() - begin;
    ASSERT_LT(took, std::chrono::milliseconds(Server::kDrainLimitMs) - std::chrono::seconds(1))
        << "round " << round;
    EXPECT_EQ(client.ReadRawReply(), ":1\r\n");
    EXPECT_EQ(client.ReadRawReply(), "*2\r\n:1\r\n:0\r\n");
  }
}

// A command waits for its objects, and its client has left: it was taken, so it is carried out.
TEST(StopTest, WhatAClientHasAskedThatHasLeftIsCarriedOut) {
  constexpr int kThreads = 2;
  constexpr int kKeys = 20;
  constexpr size_t kValueBytes = 20'000;  // together much more than stays in memory
  constexpr std::chrono::milliseconds kStopDoesNotWait{100};
  storage::MemoryDatabase database;
  const ServerInProcess::Options options{.threads = kThreads, .tiny_memory = true};
  std::vector<std::string> set_all = {"MSET"};
  for (int key = 0; key < kKeys; ++key) {
    set_all.push_back("key" + std::to_string(key));
    set_all.emplace_back("1");
  }
  {
    ServerInProcess server(&database, options);
    Client client(server.port());
    for (int key = 0; key < kKeys; ++key) {
      ASSERT_EQ(client.Command({"SET", "key" + std::to_string(key), std::string(kValueBytes, 'v')}),
                "+OK\r\n");
    }
    server.Stop(true);
  }
  std::latch lookup_begun(1);
  std::latch lookup_may_end(1);
  std::atomic<bool> first{true};
  database.set_before_disk_lookup([&] {
    if (first.exchange(false)) lookup_begun.count_down();
    lookup_may_end.wait();
  });
  {
    ServerInProcess server(&database, options);
    Client leaving(server.port());
    ASSERT_TRUE(leaving.SendRaw(EncodeCommand(set_all)));
    lookup_begun.wait();
    leaving.Reset();
    std::thread stop([&] { server.Stop(); });
    std::this_thread::sleep_for(kStopDoesNotWait);
    lookup_may_end.count_down();
    stop.join();
  }
  ServerInProcess server(&database, options);
  Client client(server.port());
  for (int key = 0; key < kKeys; ++key) {
    ASSERT_EQ(client.Command({"STRLEN", "key" + std::to_string(key)}), ":1\r\n") << "key " << key;
  }
}

}  // namespace
}  // namespace tally::test
