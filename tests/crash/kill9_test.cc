// Many clients change counters and groups of keys while the server is killed with SIGKILL, again
// and again, during recovery and during saves too. What was acknowledged or read is there after it.
//
// kill -9 does not catch a forgotten sync (the kernel keeps what was written); a test that loses
// what is unsynced does.

#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/crash/history.h"
#include "tests/crash/workload.h"
#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

constexpr int kRounds = 30;
constexpr int kTinyMemoryRounds = 12;
constexpr int kLongestLifeMs = 400;
constexpr int kLongestRecoveryMs = 40;

uint64_t Seed() {
  const char* text = std::getenv("TALLY_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

/// Kills, restarts and checks one data directory.
class Crasher {
 public:
  explicit Crasher(ServerOptions options) : server_(std::move(options)), random_(seed_) {}

  ServerProcess& server() { return server_; }
  const History& history() const { return history_; }
  uint64_t seed() const { return seed_; }

  /// One life: clients work, the server is killed at a random moment.
  void LiveAndDie(bool saves) {
    options_.seed = random_();
    options_.saves = saves;
    WorkloadResult result;
    {
      std::jthread clients([this, &result](std::stop_token stop) {
        result = RunWorkload(server_.port(), options_, stop, &history_);
      });
      Sleep(kLongestLifeMs);
      if (options_.fills_memory) CountLoads();
      server_.Kill9();
      clients.join();
    }
    history_.EndLife(NowNs());
    EXPECT_EQ(result.errors, 0) << result.first_error;
    answered_ += result.answered;
    unanswered_ += result.unanswered;
  }

  void DieDuringRecovery() {
    server_.RestartWithoutWaiting();
    Sleep(kLongestRecoveryMs);
    server_.Kill9();
  }

  /// What the clients use does not fit into a tiny memory.
  void UseMoreThanTinyMemory() {
    options_.counters = 300;
    options_.groups = 60;
    options_.fills_memory = true;
  }

  void Restart() { server_.Restart(); }
  void Restart(ServerOptions options) { server_.Restart(std::move(options)); }

  [[nodiscard]] std::vector<Violation> Check() {
    if (!ReadEverything(server_.port(), options_, &history_)) {
      history_.AddWrongReply("not everything could be read after the restart");
    }
    return CheckHistory(history_, options_.group_size);
  }

  bool Chance(uint32_t percent) { return random_() % 100 < percent; }

  /// Whether one more life is wanted: `round` of `rounds` is to come, or what makes the test one has not happened yet
  /// (which a slow machine and short lives can make rare, but not put off for so many).
  [[nodiscard]] bool GoesOn(int round, int rounds, bool wants_loads = false) const {
    constexpr int kMostRounds = 300;
    if (round >= kMostRounds) return false;
    return round < rounds || answered_ <= rounds || unanswered_ == 0 ||
           (wants_loads && loads_ == 0);
  }
  int64_t answered() const { return answered_; }
  int64_t unanswered() const { return unanswered_; }
  /// Objects that were read from the disk for clients, with UseMoreThanTinyMemory.
  int64_t loads() const { return loads_; }

 private:
  void Sleep(int most_ms) {
    std::this_thread::sleep_for(
        std::chrono::microseconds(random_() % (1000U * static_cast<uint32_t>(most_ms))));
  }

  void CountLoads() {
    const std::string info = Client(server_.port()).Command({"INFO", "everything"});
    constexpr std::string_view kField = "\r\ntally_object_loads:";
    const size_t at = info.find(kField);
    if (at != std::string::npos) loads_ += std::strtoll(&info[at + kField.size()], nullptr, 10);
  }

  uint64_t seed_ = Seed();
  ServerProcess server_;
  WorkloadOptions options_;
  History history_;
  std::mt19937_64 random_;
  int64_t answered_ = 0;
  int64_t unanswered_ = 0;
  int64_t loads_ = 0;
};

class Kill9Test : public testing::TestWithParam<int> {};

TEST_P(Kill9Test, NothingAcknowledgedIsLostAndNothingIsHalfDone) {
  Crasher crasher({.threads = GetParam()});
  const int rounds = Scaled(kRounds);
  for (int round = 0; crasher.GoesOn(round, rounds); ++round) {
    SCOPED_TRACE(fmt::format("round {}, TALLY_SEED={}", round, crasher.seed()));
    crasher.LiveAndDie(/*saves=*/round % 3 == 1);
    while (crasher.Chance(30)) crasher.DieDuringRecovery();
    crasher.Restart();
    const auto violations = crasher.Check();
    ASSERT_TRUE(violations.empty()) << Describe(violations) << crasher.server().Log();
  }
  // Were the kills real ones, in the middle of work?
  EXPECT_GT(crasher.answered(), rounds);
  EXPECT_GT(crasher.unanswered(), 0);

  ASSERT_TRUE(crasher.server().Terminate().Clean()) << crasher.server().Log();
  crasher.Restart();
  const auto violations = crasher.Check();
  EXPECT_TRUE(violations.empty()) << Describe(violations);
}

INSTANTIATE_TEST_SUITE_P(Threads, Kill9Test, testing::Values(1, 2, 4),
                         [](const auto& test) { return fmt::format("{}Threads", test.param); });

TEST(Kill9RestartTest, DataDoesNotDependOnTheNumberOfThreads) {
  Crasher crasher({.threads = 4});
  const int rounds = Scaled(6);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(fmt::format("round {}, TALLY_SEED={}", round, crasher.seed()));
    crasher.LiveAndDie(/*saves=*/crasher.Chance(30));
    crasher.Restart({.threads = 1 + (round * 3) % 4});
    const auto violations = crasher.Check();
    ASSERT_TRUE(violations.empty()) << Describe(violations) << crasher.server().Log();
  }
}

// Objects come and go between memory and disk all the time, under the clients and when everything is read.
TEST(Kill9TinyMemoryTest, WhatIsColdIsNotLostEither) {
  const auto options = [](int threads) {
    return ServerOptions{.threads = threads, .tiny_memory = true};
  };
  Crasher crasher(options(2));
  crasher.UseMoreThanTinyMemory();
  const int rounds = Scaled(kTinyMemoryRounds);
  for (int round = 0; crasher.GoesOn(round, rounds, !TallyIsStoodInFor()); ++round) {
    SCOPED_TRACE(fmt::format("round {}, TALLY_SEED={}", round, crasher.seed()));
    crasher.LiveAndDie(/*saves=*/round % 3 == 1);
    while (crasher.Chance(30)) crasher.DieDuringRecovery();
    crasher.Restart(options(1 + (round * 3) % 4));
    const auto violations = crasher.Check();
    ASSERT_TRUE(violations.empty()) << Describe(violations) << crasher.server().Log();
  }
  EXPECT_GT(crasher.answered(), rounds);
  EXPECT_GT(crasher.unanswered(), 0);
  RecordProperty("loads", static_cast<int>(crasher.loads()));
  RecordProperty("answered", static_cast<int>(crasher.answered()));
  if (!TallyIsStoodInFor()) {
    EXPECT_GT(crasher.loads(), 0) << "nothing was cold";
  }

  ASSERT_TRUE(crasher.server().Terminate().Clean()) << crasher.server().Log();
  crasher.Restart(options(4));
  const auto violations = crasher.Check();
  EXPECT_TRUE(violations.empty()) << Describe(violations);
}

// The same against a server that keeps nothing: the harness must see it.
TEST(Kill9HarnessTest, FindsAServerThatForgets) {
  Crasher crasher({.kind = ServerKind::kOracle});
  int64_t answered = 0;
  while (answered == 0) {
    crasher.LiveAndDie(/*saves=*/false);
    crasher.Restart();
    answered = crasher.answered();
  }
  EXPECT_FALSE(crasher.Check().empty());
}

// And one that keeps only what was there at its last save.
TEST(Kill9HarnessTest, FindsAServerThatForgetsTheLatest) {
  Crasher crasher({.kind = ServerKind::kOracle});
  bool found = false;
  for (int round = 0; round < 10 && !found; ++round) {
    crasher.LiveAndDie(/*saves=*/true);
    crasher.Restart();
    found = !crasher.Check().empty();
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace tally::test
