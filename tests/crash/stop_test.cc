// A clean stop in the middle of things, of a whole server in this process.

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "server/server.h"
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
    server::Config config;
    config.port = 0;
    config.threads = kThreads;
    Server::Options options;
    options.config = &config;
    options.facts.threads = kThreads;
    Server server(&database, std::move(options));
    ASSERT_TRUE(server.Start().ok());
    Client client(server.port());  // the first: on core 0
    std::latch sync_begun(1);
    std::latch sync_may_end(1);
    std::atomic<bool> first{true};
    database.set_before_sync([&] {
      if (!first.exchange(false)) return;
      sync_begun.count_down();
      sync_may_end.wait();
    });
    ASSERT_TRUE(client.Send({"INCR", "k2"}));  // of core 0's shard
    sync_begun.wait();
    ASSERT_TRUE(client.Send({"WAITAOF", "0", "1", "0"}));
    const auto begin = std::chrono::steady_clock::now();
    std::thread stop([&] { server.Stop(false); });
    std::this_thread::sleep_for(kStopReachesTheCores);
    sync_may_end.count_down();
    stop.join();
    const auto took = std::chrono::steady_clock::now() - begin;
    ASSERT_LT(took, std::chrono::milliseconds(Server::kDrainLimitMs) - std::chrono::seconds(1))
        << "round " << round;
    EXPECT_EQ(client.ReadRawReply(), ":1\r\n");
    EXPECT_EQ(client.ReadRawReply(), "*2\r\n:1\r\n:0\r\n");
  }
}

}  // namespace
}  // namespace tally::test
