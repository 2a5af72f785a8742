// CLIENT TRACKING between connections: each is told by Tally of what redis-server tells it, in the same order.
//
// TALLY_SEED=n replays a stream that failed; TALLY_TEST_SCALE=100 makes it long.
#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
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

constexpr int kSteps = 1500;

// Known and wanted differences, which the streams leave out:
// - Redis's table keeps what a client had read before CLIENT TRACKING OFF, and tells it so after the next ON. A
//   FLUSHALL of the writer follows here, after which neither knows anything.
// - RENAME tells of its two keys in the other order, and so does a search for the expired. Their order is not looked at.
// - A null goes to a redirected client as that one's protocol has it; Redis's is that of the client that redirects.
//   So a flush comes only where both are the same.
// - News of other clients' changes stands behind all that a pipeline has asked; so all are told of a step's changes
//   after the step.
class TrackingTest : public testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  // Two that speak RESP3; one RESP2 client and the one that is told on its behalf; one that only writes.
  static constexpr size_t kConnections = 5;
  static constexpr size_t kRedirecting = 2;
  static constexpr size_t kListener = 3;
  static constexpr size_t kWriter = 4;

  struct Side {
    explicit Side(uint16_t port) {
      for (size_t i = 0; i < kConnections; ++i) {
        clients.emplace_back(port);
        if (i < kRedirecting) clients.back().Command({"HELLO", "3"});
      }
      clients[kWriter].Command({"DEBUG", "SET-ACTIVE-EXPIRE", "0"});
      std::string id = clients[kListener].Command({"CLIENT", "ID"});
      listener_id = id.substr(1, id.size() - 3);
      clients[kListener].Command({"SUBSCRIBE", "__redis__:invalidate"});
    }
    std::vector<Client> clients;
    std::string listener_id;
  };
  using Step = std::vector<Arguments>;

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  std::string Key() {
    static const std::array<std::string, 6> kKeys = {"a", "b", "ab", "c", "", "{t}x"};
    return kKeys[Below(kKeys.size())];
  }

  Arguments Read() {
    switch (Below(10)) {
      case 0:
        return {"MGET", Key(), Key(), Key()};
      case 1:
        return {"EXISTS", Key(), Key()};
      case 2:
        return {"TTL", Key()};
      case 3:
        return {"GETRANGE", Key(), "0", "1"};
      case 4:
        return {"TYPE", Key()};
      case 5:
        return {"TOUCH", Key()};
      default:
        return {"GET", Key()};
    }
  }
  Arguments Write() {
    switch (Below(20)) {
      case 0:
        return {"MSET", Key(), "1", Key(), "2"};
      case 1:
        return {"DEL", Key(), Key()};
      case 2:
        return {"APPEND", Key(), "1"};
      case 3:
        return {"EXPIRE", Key(), "100"};
      case 4:
        return {"PERSIST", Key()};
      case 5:
      case 6:
        return {"SET", Key(), "1", "PXAT", "1"};
      case 7:
        return {"COPY", Key(), Key(), "REPLACE"};
      case 8:
        return {"MOVE", Key(), "1"};
      case 9:
        return {"RENAME", Key(), Key()};
      case 10:
        return {"GETDEL", Key()};
      case 11:
        return {"SETNX", Key(), "1"};
      case 12:
        return {"GETEX", Key(), "EX", "100"};
      case 13:
        return {"SETRANGE", Key(), "1", "x"};
      case 14:
        return {"SELECT", std::to_string(Below(2))};
      case 15:
        return {"SETBIT", Key(), "3", std::to_string(Below(2))};
      default:
        return {"SET", Key(), std::to_string(Below(100))};
    }
  }
  Arguments Tracking(size_t who) {
    Arguments command = {"CLIENT", "TRACKING", "ON"};
    if (who == kRedirecting) {
      command.insert(command.end(), {"REDIRECT", "<listener>"});
    }
    for (const char* word : {"BCAST", "OPTIN", "OPTOUT", "NOLOOP"}) {
      if (Below(4) == 0) command.emplace_back(word);
    }
    if (Below(4) == 0) command.insert(command.end(), {"PREFIX", Key()});
    if (Below(8) == 0) command.insert(command.end(), {"PREFIX", Key()});
    return command;
  }
  Arguments Ask(size_t who) {
    switch (Below(12)) {
      case 0:
      case 1:
      case 2:
        return Tracking(who);
      case 3:
        return {"CLIENT", "CACHING", "YES"};
      case 4:
        return {"CLIENT", "CACHING", "NO"};
      case 5:
        return who == kRedirecting ? Arguments{"PING"} : Arguments{"CLIENT", "TRACKINGINFO"};
      case 6:
        return who == kRedirecting ? Arguments{"PING"} : Arguments{"CLIENT", "GETREDIR"};
      default:
        return Below(3) == 0 ? Write() : Read();
    }
  }

  Step NextStep(size_t who) {
    if (who == kWriter) {
      if (Below(20) == 0) return {{Below(2) == 0 ? "FLUSHALL" : "FLUSHDB"}};
      if (Below(5) != 0) return {Write()};
      Step step = {{"MULTI"}};
      for (uint64_t i = 1 + Below(4); i > 0; --i) step.push_back(Below(4) == 0 ? Read() : Write());
      step.push_back({"EXEC"});
      return step;
    }
    switch (Below(12)) {
      case 0:
        return {{"CLIENT", "CACHING", Below(2) == 0 ? "YES" : "NO"}, Read()};
      case 1: {
        Step step = {{"MULTI"}};
        for (uint64_t i = 1 + Below(4); i > 0; --i) step.push_back(Ask(who));
        step.push_back({"EXEC"});
        return step;
      }
      case 2:
        return {{"CLIENT", "REPLY", "SKIP"}, Below(2) == 0 ? Read() : Write()};
      case 3:
        return {Read(), Read(), Write(), {"PING"}};
      default:
        return {Ask(who)};
    }
  }

  // Asked twice: the first answer comes when what was asked before is done, and what is told of that comes before the
  // second.
  static std::vector<std::string> Drain(Client* client) {
    std::vector<std::string> replies = TakeReplies(client);
    std::ranges::move(TakeReplies(client), std::back_inserter(replies));
    return replies;
  }
  static void Send(Side* side, size_t who, const Step& step) {
    std::string bytes;
    for (Arguments command : step) {
      for (std::string& word : command) {
        if (word == "<listener>") word = side->listener_id;
      }
      bytes += EncodeCommand(command);
    }
    ASSERT_TRUE(side->clients[who].SendRaw(bytes));
  }

  void Play(size_t who, const Step& step) {
    std::string shown = fmt::format("\n  {}:", who);
    bool any_order = false;
    for (const Arguments& command : step) {
      shown += " " + Printable(command);
      any_order = any_order || command[0] == "RENAME";
    }
    steps_.push_back(shown);
    Send(&ours_, who, step);
    Send(&theirs_, who, step);
    for (size_t i = 0; i < kConnections; ++i) {
      const size_t at = (who + i) % kConnections;
      std::vector<std::string> got = Drain(&ours_.clients[at]);
      std::vector<std::string> wanted = Drain(&theirs_.clients[at]);
      if (at != who) messages_ += wanted.size();
      if (any_order) {
        std::ranges::sort(got);
        std::ranges::sort(wanted);
      }
      if (got == wanted) continue;
      FAIL() << fmt::format("TALLY_SEED={}, connection {}{}", seed_, at,
                            ShowDifference(got, wanted, steps_));
    }
  }

  const ServerProcess subject_{{.threads = std::get<0>(GetParam()),
                                .tiny_memory = std::get<1>(GetParam()),
                                .extra_arguments = {"--enable-debug-command", "yes"}}};
  const ServerProcess oracle_{
      {.kind = ServerKind::kOracle, .extra_arguments = {"--enable-debug-command", "yes"}}};
  Side ours_{subject_.port()};
  Side theirs_{oracle_.port()};
  std::vector<std::string> steps_;
  size_t messages_ = 0;
  const uint64_t seed_ = StreamSeed(20'261'126);
  std::mt19937_64 random_{seed_};
};

TEST_P(TrackingTest, EachConnectionIsToldWhatRedisTellsIt) {
  for (int number = 0; number < Scaled(kSteps) && !HasFatalFailure(); ++number) {
    constexpr std::array<size_t, 5> kWho = {0, 1, kRedirecting, kWriter, kWriter};
    const size_t who = kWho[Below(kWho.size())];
    if (who <= kRedirecting && Below(15) == 0) {
      Play(who, {{"CLIENT", "TRACKING", "OFF"}});
      Play(kWriter, {{"FLUSHALL"}});
    } else {
      Play(who, NextStep(who));
    }
  }
  EXPECT_GT(messages_, static_cast<size_t>(Scaled(100)));
}

INSTANTIATE_TEST_SUITE_P(Threads, TrackingTest,
                         testing::Combine(testing::Values(1, 2, 4), testing::Bool()),
                         [](const auto& test) {
                           return fmt::format("{}Threads{}", std::get<0>(test.param),
                                              std::get<1>(test.param) ? "TinyMemory" : "");
                         });

}  // namespace
}  // namespace tally::test
