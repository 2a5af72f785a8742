// WATCH between two connections: whatever the other one does, EXEC answers as redis-server's does.
//
// TALLY_SEED=n replays a stream that failed; TALLY_TEST_SCALE=100 makes it long.
#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/resp.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/end_to_end/support/server_process.h"
#include "tests/end_to_end/support/streams.h"

namespace tally::test {
namespace {

constexpr int kRounds = 400;

class WatchTest : public testing::TestWithParam<int> {
 protected:
  struct Step {
    bool by_other;
    Arguments command;
  };

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  // Some of one slot, some of others.
  std::string Key() {
    static const std::array<std::string, 6> kKeys = {"a", "b", "{t}1", "{t}2", "c", "long name"};
    return kKeys[Below(kKeys.size())];
  }

  Arguments Change() {
    switch (Below(16)) {
      case 0:
        return {"FLUSHALL"};
      case 1:
        return {"FLUSHDB"};
      case 2:
        return {"DEL", Key(), Key()};
      case 3:
        return {"EXPIRE", Key(), "1000"};
      case 4:
        return {"PERSIST", Key()};
      case 5:
        return {"SET", Key(), "1", "NX"};
      case 6:
        return {"APPEND", Key(), ""};
      case 7:
        return {"MSET", Key(), "1", Key(), "2"};
      case 8:
        return {"MSETNX", Key(), "1", Key(), "2"};
      case 9:
        return {"PEXPIRE", Key(), "-1"};
      case 10:
        return {"GETDEL", Key()};
      case 11:
        return {"GET", Key()};
      case 12:
        return {"SELECT", Below(2) == 0 ? "0" : "1"};
      case 13:
        return {"SET", Key(), "short", "PX", "1"};
      case 14:
        return {"GETEX", Key(), "EX", "100"};
      default:
        return {"SET", Key(), "value"};
    }
  }

  std::vector<Step> Round() {
    std::vector<Step> steps;
    for (uint64_t i = Below(3); i > 0; --i) steps.push_back({Below(2) == 0, Change()});
    steps.push_back({false, {"WATCH", Key(), Key()}});
    if (Below(4) == 0) steps.push_back({false, {"WATCH", Key()}});
    if (Below(8) == 0) steps.push_back({false, {"UNWATCH"}});
    if (Below(2) == 0) steps.push_back({true, Change()});
    if (Below(8) == 0) steps.push_back({false, Change()});
    steps.push_back({false, {"MULTI"}});
    if (Below(3) == 0) steps.push_back({true, Change()});
    steps.push_back({false, {"INCR", "counter"}});
    steps.push_back({false, {"SET", Key(), "mine"}});
    steps.push_back({false, {Below(10) == 0 ? "DISCARD" : "EXEC"}});
    steps.push_back({false, {"GET", "counter"}});
    return steps;
  }

  const ServerProcess subject_{{.threads = GetParam()}};
  const ServerProcess oracle_{{.kind = ServerKind::kOracle}};
  const uint64_t seed_ = StreamSeed(20'240'917);
  std::mt19937_64 random_{seed_};
};

TEST_P(WatchTest, ExecAnswersAsRedisDoes) {
  std::array<Client, 2> ours = {Client(subject_.port()), Client(subject_.port())};
  std::array<Client, 2> theirs = {Client(oracle_.port()), Client(oracle_.port())};
  int conflicts = 0;
  for (int round = 0; round < Scaled(kRounds); ++round) {
    std::string before = fmt::format("TALLY_SEED={}, round {}", seed_, round);
    for (const Step& step : Round()) {
      const size_t who = step.by_other ? 1 : 0;
      before += fmt::format("\n  {}: {}", who, Printable(step.command));
      const std::string reply = ours[who].Command(step.command);
      ASSERT_EQ(reply, theirs[who].Command(step.command)) << before;
      if (reply == "*-1\r\n") ++conflicts;
      // What has an expiry that short is gone by then, on both.
      if (step.command.back() == "1" && step.command.size() == 5 && step.command[3] == "PX") {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
  }
  EXPECT_GT(conflicts, 0);
}

INSTANTIATE_TEST_SUITE_P(Threads, WatchTest, testing::Values(1, 4));

}  // namespace
}  // namespace tally::test
