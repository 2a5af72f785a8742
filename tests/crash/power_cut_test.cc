// A whole server on a store in memory that forgets what was not synced. Its state is taken at a random
// moment, as a power cut would leave it; what clients had been told before that moment must be in it.
//
// kill -9 cannot show a forgotten sync, because the kernel keeps what was written. This does: with
// `appendfsync no` in place of `always` the same harness must find losses, and a test checks that it does.

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/config.h"
#include "tests/crash/history.h"
#include "tests/crash/server_in_process.h"
#include "tests/crash/workload.h"
#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/storage/memory_database.h"

namespace tally::test {
namespace {

using server::FsyncPolicy;
using storage::MemoryDatabase;

constexpr int kRounds = 30;
constexpr int kLongestLifeMs = 150;
constexpr int kLongestSyncUs = 1500;

uint64_t Seed() {
  const char* text = std::getenv("TALLY_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

/// Lives of one data set, each ended by a power cut. The violations that clients could see. With tiny memory
/// every life has another number of threads, up to `threads`.
std::vector<Violation> LiveThroughPowerCuts(int rounds, int threads, FsyncPolicy policy,
                                            uint64_t seed, int64_t* answered,
                                            bool tiny_memory = false) {
  std::mt19937_64 random(seed);
  auto database = std::make_unique<MemoryDatabase>();
  History history;
  WorkloadOptions options;
  if (tiny_memory) {
    options.counters = 300;
    options.groups = 60;
    options.fills_memory = true;
  }
  for (int round = 0; round < rounds; ++round) {
    options.seed = random();
    options.saves = round % 3 == 1;
    // Some lives with quick syncs, which the cores lead, some with slow ones, which the log's thread
    // leads.
    const auto longest_us = static_cast<int>(random() % kLongestSyncUs);
    std::atomic<uint64_t> sync_seed{random()};
    database->set_before_sync([&sync_seed, longest_us] {
      const uint64_t drawn = sync_seed.fetch_add(0x9e3779b97f4a7c15);
      std::this_thread::sleep_for(
          std::chrono::microseconds((drawn >> 33) % static_cast<uint64_t>(longest_us + 1)));
    });
    std::unique_ptr<MemoryDatabase> left;
    TimeNs cut = 0;
    {
      const int cores =
          tiny_memory ? 1 + static_cast<int>(random() % static_cast<uint64_t>(threads)) : threads;
      ServerInProcess server(
          database.get(),
          {.threads = cores, .policy = policy, .tiny_memory = tiny_memory, .short_journal = true});
      if (round > 0 && !ReadEverything(server.port(), options, &history)) {
        history.AddWrongReply("not everything could be read after the power cut");
      }
      std::jthread clients([&](std::stop_token stop) {
        const WorkloadResult result = RunWorkload(server.port(), options, stop, &history);
        EXPECT_EQ(result.errors, 0) << result.first_error;
        *answered += result.answered;
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(1 + random() % kLongestLifeMs));
      cut = NowNs();
      left = random() % 2 == 0 ? database->CloneSynced() : database->CloneSynced(random());
      clients.request_stop();
      clients.join();
    }
    history.EndLifeInPowerCut(cut, NowNs());
    left->set_before_sync({});
    database = std::move(left);
  }
  ServerInProcess server(
      database.get(),
      {.threads = threads, .policy = policy, .tiny_memory = tiny_memory, .short_journal = true});
  if (!ReadEverything(server.port(), options, &history)) {
    history.AddWrongReply("not everything could be read at the end");
  }
  return CheckHistory(history, options.group_size);
}

class PowerCutTest : public testing::TestWithParam<int> {};

TEST_P(PowerCutTest, WhatWasToldIsThereAfterEveryPowerCut) {
  const uint64_t seed = Seed();
  int64_t answered = 0;
  const std::vector<Violation> violations =
      LiveThroughPowerCuts(Scaled(kRounds), GetParam(), FsyncPolicy::kAlways, seed, &answered);
  EXPECT_TRUE(violations.empty()) << Describe(violations) << "replay: TALLY_SEED=" << seed;
  EXPECT_GT(answered, 0);
}

TEST(PowerCutTinyMemoryTest, WhatIsColdIsThereToo) {
  const uint64_t seed = Seed();
  int64_t answered = 0;
  const std::vector<Violation> violations =
      LiveThroughPowerCuts(Scaled(kRounds), /*threads=*/4, FsyncPolicy::kAlways, seed, &answered,
                           /*tiny_memory=*/true);
  EXPECT_TRUE(violations.empty()) << Describe(violations) << "replay: TALLY_SEED=" << seed;
  EXPECT_GT(answered, 0);
}

TEST_P(PowerCutTest, TheHarnessNoticesRepliesThatComeBeforeTheSync) {
  // appendfsync no promises less; it is the server's own way to reply before the sync.
  const uint64_t seed = Seed();
  int64_t answered = 0;
  const std::vector<Violation> violations =
      LiveThroughPowerCuts(3, GetParam(), FsyncPolicy::kNo, seed, &answered);
  EXPECT_FALSE(violations.empty()) << "replay: TALLY_SEED=" << seed;
}

INSTANTIATE_TEST_SUITE_P(Threads, PowerCutTest, testing::Values(1, 2, 4),
                         [](const auto& threads) { return fmt::format("{}", threads.param); });

// While a sync is held back, nothing that depends on it has left the server, however long that lasts.
TEST(OutputGate, NoReplyLeavesBeforeItsSyncHasReturned) {
  MemoryDatabase database;
  ServerInProcess server(&database, {.short_journal = true});
  Client writer(server.port());
  ASSERT_EQ(writer.Command({"PING"}), "+PONG\r\n");
  HeldSync sync(&database);
  // A clean read in front, in one piece with the write: that reply may leave, and must.
  ASSERT_TRUE(writer.SendRaw("*2\r\n$3\r\nGET\r\n$1\r\nb\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n"));
  sync.AwaitBegin();
  EXPECT_EQ(writer.ReadRawReply(), "$-1\r\n");
  EXPECT_EQ(writer.pending(), "");
  EXPECT_EQ(database.synced(), 0U);
  sync.LetEnd();
  EXPECT_EQ(writer.ReadRawReply(), ":1\r\n");
  EXPECT_GE(database.synced(), 1U);
}

}  // namespace
}  // namespace tally::test
