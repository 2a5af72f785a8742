// SUBSCRIBE, PUBLISH and their kin between connections: each gets from Tally what it gets from redis-server,
// in the same order.
//
// TALLY_SEED=n replays a stream that failed; TALLY_TEST_SCALE=100 makes it long.
#include <algorithm>
#include <array>
#include <cstdint>
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
// - A client's own message, published in a transaction, stands in front of EXEC's reply; Redis 7.0 writes it
//   into the middle of the array. So connections that subscribe publish outside of transactions only.
// - The order of patterns that match the same message, and of names where a command names none: Redis's is
//   that of a hash table. The first is sorted here, of the second only the length is compared.
class MessagesTest : public testing::TestWithParam<std::tuple<int, int>> {
 protected:
  static constexpr size_t kConnections = 5;
  static constexpr size_t kPublisher = kConnections - 1;  // subscribes to nothing

  struct Step {
    std::vector<Arguments> commands;  // a pipeline
    bool any_order = false;
  };

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  std::string Channel() {
    static const std::array<std::string, 6> kChannels = {"a", "b", "ab", "news.tech", "", "{t}x"};
    return kChannels[Below(kChannels.size())];
  }
  std::string Pattern() {
    static const std::array<std::string, 7> kPatterns = {"*",      "a*",   "[ab]", "news.?ech",
                                                         "[^a]*b", "\\a*", "[b-a]"};
    return kPatterns[Below(kPatterns.size())];
  }
  Arguments Publish() {
    return {Below(4) == 0 ? "SPUBLISH" : "PUBLISH", Channel(),
            fmt::format("m{}", random_() % 1000)};
  }

  Arguments Subscription(bool* any_order) {
    switch (Below(12)) {
      case 0:
      case 1:
        return {"SUBSCRIBE", Channel()};
      case 2:
        return {"subscribe", Channel(), Channel(), Channel()};
      case 3:
        return {"PSUBSCRIBE", Pattern()};
      case 4:
        return {"PSUBSCRIBE", Pattern(), Pattern()};
      case 5:
        return {"SSUBSCRIBE", Channel()};
      case 6:
        return {"UNSUBSCRIBE", Channel(), Channel()};
      case 7:
        return {"PUNSUBSCRIBE", Pattern(), Pattern()};
      case 8:
        return {"SUNSUBSCRIBE", Channel()};
      case 9:
        return {"RESET"};
      default: {
        *any_order = true;
        static const std::array<std::string, 3> kAll = {"UNSUBSCRIBE", "PUNSUBSCRIBE",
                                                        "SUNSUBSCRIBE"};
        return {kAll[Below(kAll.size())]};
      }
    }
  }

  Arguments Other(bool* any_order) {
    switch (Below(12)) {
      case 0:
        return {"PING"};
      case 1:
        return {"PING", "hello"};
      case 2:
        return {"GET", "key"};
      case 3:
        return {"INCR", Channel()};
      case 4:
        *any_order = true;
        return {"PUBSUB", "CHANNELS", Pattern()};
      case 5:
        return {"PUBSUB", "NUMSUB", Channel(), Channel()};
      case 6:
        return {"PUBSUB", "NUMPAT"};
      case 7:
        return {"PUBSUB", "SHARDNUMSUB", Channel()};
      case 8:
        *any_order = true;
        return {"PUBSUB", "SHARDCHANNELS"};
      case 9: {
        static const std::array<Arguments, 8> kWrong = {{{"SUBSCRIBE"},
                                                         {"PUBLISH", "a"},
                                                         {"PUBSUB"},
                                                         {"PUBSUB", "NOSUCH"},
                                                         {"PUBSUB", "CHANNELS", "a", "b"},
                                                         {"NOSUCH"},
                                                         {"PSUBSCRIBE"},
                                                         {"PING", "a", "b"}}};
        return kWrong[Below(kWrong.size())];
      }
      case 10:
        return {"MGET", "key", Channel()};
      default:
        return {"ECHO", "x"};
    }
  }

  Step NextStep(size_t who) {
    Step step;
    for (uint64_t i = 1 + Below(4); i > 0; --i) {
      const uint64_t kind = Below(10);
      if (who == kPublisher || kind < 3) {
        step.commands.push_back(Below(4) == 0 ? Arguments{"INCR", Channel()} : Publish());
      } else if (kind < 7) {
        step.commands.push_back(Subscription(&step.any_order));
      } else {
        step.commands.push_back(Other(&step.any_order));
      }
    }
    if (who == kPublisher && Below(3) == 0) {
      step.commands.insert(step.commands.begin(), {"MULTI"});
      step.commands.push_back({Below(8) == 0 ? "DISCARD" : "EXEC"});
    }
    // Their order is not known, so nothing else may be between them.
    if (step.any_order) step.commands.erase(step.commands.begin(), step.commands.end() - 1);
    step.any_order = step.any_order && IsOfAnyOrder(step.commands.front());
    return step;
  }
  static bool IsOfAnyOrder(const Arguments& command) {
    return command.size() == 1 || command[0] == "PUBSUB";
  }

  static std::vector<std::string> Drain(Client* client) {
    std::vector<std::string> replies = TakeReplies(client);
    const auto is_of_pattern = [](const std::string& reply) {
      return reply.find("pmessage") != std::string::npos;
    };
    for (auto begin = replies.begin(); begin != replies.end();) {
      begin = std::find_if(begin, replies.end(), is_of_pattern);
      const auto end = std::find_if_not(begin, replies.end(), is_of_pattern);
      std::sort(begin, end);
      begin = end;
    }
    return replies;
  }

  // A reset is noticed a little later.
  static void AwaitDepartures(Client* ours, Client* theirs) {
    for (Client* const client : {ours, theirs}) {
      size_t clients = 0;
      while (clients != kConnections) {
        const std::string list = client->Command({"CLIENT", "LIST"});
        clients = 0;
        for (size_t at = 0; (at = list.find(" laddr=", at)) != std::string::npos; ++at) ++clients;
        ASSERT_NE(clients, 0U) << list;
      }
    }
  }

  Client Connect(uint16_t port) const {
    Client client(port);
    if (std::get<1>(GetParam()) == 3) client.Command({"HELLO", "3"});
    return client;
  }

  const ServerProcess subject_{{.threads = std::get<0>(GetParam())}};
  const ServerProcess oracle_{{.kind = ServerKind::kOracle}};
  const uint64_t seed_ = StreamSeed(20'240'917);
  std::mt19937_64 random_{seed_};
};

size_t Length(const std::vector<std::string>& replies) {
  size_t length = 0;
  for (const std::string& reply : replies) length += reply.size();
  return length;
}

TEST_P(MessagesTest, EachConnectionGetsWhatRedisSendsIt) {
  std::vector<Client> ours;
  std::vector<Client> theirs;
  for (size_t i = 0; i < kConnections; ++i) {
    ours.push_back(Connect(subject_.port()));
    theirs.push_back(Connect(oracle_.port()));
  }
  std::vector<std::string> steps;
  size_t messages = 0;
  for (int number = 0; number < Scaled(kSteps); ++number) {
    const size_t who = Below(kConnections);
    if (who != kPublisher && Below(60) == 0) {
      // It leaves, and others must not count it any more.
      ours[who].Reset();
      theirs[who].Reset();
      ours[who] = Connect(subject_.port());
      theirs[who] = Connect(oracle_.port());
      AwaitDepartures(&ours[kPublisher], &theirs[kPublisher]);
    }
    const Step step = NextStep(who);
    std::string bytes;
    std::string shown = fmt::format("\n  {}:", who);
    for (const Arguments& command : step.commands) {
      bytes += EncodeCommand(command);
      shown += " " + Printable(command);
    }
    steps.push_back(shown);
    ASSERT_TRUE(ours[who].SendRaw(bytes));
    ASSERT_TRUE(theirs[who].SendRaw(bytes));
    // First who has sent it: what it published has reached everybody then.
    for (size_t i = 0; i < kConnections; ++i) {
      const size_t at = (who + i) % kConnections;
      const std::vector<std::string> got = Drain(&ours[at]);
      const std::vector<std::string> wanted = Drain(&theirs[at]);
      if (at != who) messages += got.size();
      if (got == wanted) continue;
      if (at == who && step.any_order && Length(got) == Length(wanted)) continue;
      FAIL() << fmt::format("TALLY_SEED={}, step {}, connection {}{}", seed_, number, at,
                            ShowDifference(got, wanted, steps));
    }
  }
  EXPECT_GT(messages, 100U);
}

INSTANTIATE_TEST_SUITE_P(Threads, MessagesTest,
                         testing::Combine(testing::Values(1, 2, 4), testing::Values(2, 3)),
                         [](const auto& test) {
                           return fmt::format("{}ThreadsResp{}", std::get<0>(test.param),
                                              std::get<1>(test.param));
                         });

}  // namespace
}  // namespace tally::test
