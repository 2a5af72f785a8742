// SUBSCRIBE, PUBLISH and their kin through sessions on one core and on several: who gets what, in which
// order, and that no message tells of what a crash could take back.
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "server/output_limit.h"
#include "server/subscription_directory.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

using Kind = SubscriptionKind;

std::string Words(char type, std::initializer_list<std::string_view> words) {
  std::string bytes = type + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) bytes += Bulk(word);
  return bytes;
}
std::string Message(std::string_view channel, std::string_view payload, char type = '*') {
  return Words(type, {"message", channel, payload});
}
// What SUBSCRIBE and the others say of one name.
std::string Told(std::string_view command, std::string_view name, int count, char type = '*') {
  return std::string(1, type) + "3\r\n" + Bulk(command) + Bulk(name) + ":" + std::to_string(count) +
         "\r\n";
}

class MessagesTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  static ClientState Resp3() {
    ClientState state;
    state.resp = 3;
    return state;
  }
  std::string Ask(TestClient& who, std::string_view request) {
    return server.Ask(who, std::string(request) + "\r\n");
  }
  /// A client on the core that gets what is said on the channel.
  TestClient& Subscribed(uint32_t core, const std::string& channel, ClientState state = {}) {
    TestClient& subscriber = server.Connect(core, std::move(state));
    Ask(subscriber, "SUBSCRIBE " + channel);
    return subscriber;
  }

  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  TestClient& client = server.Connect(GetParam() / 2);
};

TEST_P(MessagesTest, EachNameIsToldWithTheNumberOfSubscriptions) {
  EXPECT_EQ(Ask(client, "SUBSCRIBE a b a"),
            Told("subscribe", "a", 1) + Told("subscribe", "b", 2) + Told("subscribe", "a", 2));
  EXPECT_EQ(Ask(client, "PSUBSCRIBE *"), Told("psubscribe", "*", 3));
  EXPECT_EQ(Ask(client, "SSUBSCRIBE a"), Told("ssubscribe", "a", 1)) << "counted by themselves";
  EXPECT_EQ(Ask(client, "UNSUBSCRIBE b none"),
            Told("unsubscribe", "b", 2) + Told("unsubscribe", "none", 2));
  EXPECT_EQ(Ask(client, "UNSUBSCRIBE"), Told("unsubscribe", "a", 1));
  EXPECT_EQ(Ask(client, "UNSUBSCRIBE"), "*3\r\n" + Bulk("unsubscribe") + "$-1\r\n:1\r\n");
  EXPECT_EQ(Ask(client, "PUNSUBSCRIBE"), Told("punsubscribe", "*", 0));
  EXPECT_EQ(Ask(client, "SUNSUBSCRIBE"), Told("sunsubscribe", "a", 0));
  EXPECT_EQ(Ask(client, "PING"), "+PONG\r\n") << "an ordinary client again";
}

TEST_P(MessagesTest, AMessageReachesTheSubscribersOfAllCores) {
  std::vector<TestClient*> subscribers;
  for (uint32_t core = 0; core <= last; ++core) {
    subscribers.push_back(&Subscribed(core, "news"));
    subscribers.push_back(&Subscribed(core, "news", Resp3()));
    Subscribed(core, "other");
  }
  EXPECT_EQ(Ask(client, "PUBLISH news hello"), ":" + std::to_string(subscribers.size()) + "\r\n");
  for (size_t i = 0; i < subscribers.size(); ++i) {
    EXPECT_EQ(subscribers[i]->Take(), Message("news", "hello", i % 2 == 0 ? '*' : '>'));
  }
  EXPECT_EQ(Ask(client, "PUBLISH nobody hello"), ":0\r\n");
}

TEST_P(MessagesTest, PatternsGetWhatMatchesAndShardChannelsAreApart) {
  TestClient& subscriber = server.Connect(last);
  Ask(subscriber, "SUBSCRIBE abc");
  Ask(subscriber, "PSUBSCRIBE a[b-d]*");
  Ask(subscriber, "SSUBSCRIBE abc");
  EXPECT_EQ(Ask(client, "PUBLISH abc 1"), ":2\r\n");
  EXPECT_EQ(subscriber.Take(),
            Message("abc", "1") + Words('*', {"pmessage", "a[b-d]*", "abc", "1"}));
  EXPECT_EQ(Ask(client, "PUBLISH ad 2"), ":1\r\n");
  EXPECT_EQ(Ask(client, "PUBLISH AB 2"), ":0\r\n");
  EXPECT_EQ(subscriber.Take(), Words('*', {"pmessage", "a[b-d]*", "ad", "2"}));
  EXPECT_EQ(Ask(client, "SPUBLISH abc 3"), ":1\r\n");
  EXPECT_EQ(subscriber.Take(), Words('*', {"smessage", "abc", "3"}));
}

TEST_P(MessagesTest, OnePublishersMessagesComeInOrder) {
  TestClient& near = Subscribed(client.core(), "c");
  TestClient& far = Subscribed(last, "c");
  std::string requests;
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    requests += i % 5 == 0 ? "INCR " + server.KeyOn(i % GetParam()) + "\r\n" : "";
    requests += "PUBLISH c " + std::to_string(i) + "\r\n";
    expected += Message("c", std::to_string(i));
  }
  server.Ask(client, requests);
  EXPECT_EQ(near.Take(), expected);
  EXPECT_EQ(far.Take(), expected);
}

// --- Durability ---

TEST_P(MessagesTest, AMessageWaitsForTheWritesThatWereAskedForBefore) {
  for (const std::string_view mode : {"", "CLIENT REPLY OFF\r\n", "CLIENT REPLY SKIP\r\n"}) {
    for (uint32_t shard = 0; shard <= last; ++shard) {
      TestClient& publisher = server.Connect(client.core());
      TestClient& near = Subscribed(client.core(), "c");
      TestClient& far = Subscribed(last, "c");
      publisher.Send(std::string(mode) + "INCR " + server.KeyOn(shard) + "\r\nPUBLISH c m\r\n");
      server.Settle();
      EXPECT_EQ(near.Take() + far.Take(), "") << mode << shard << ": the INCR could be lost yet";
      server.Run();
      EXPECT_EQ(near.Take(), Message("c", "m"));
      EXPECT_EQ(far.Take(), Message("c", "m"));
      near.Disconnect();
      far.Disconnect();
    }
  }
}

TEST_P(MessagesTest, AMessageWaitsForAWriteOnSeveralShards) {
  TestClient& subscriber = Subscribed(0, "c");
  const std::string keys = server.KeyOn(0) + " 1 " + server.KeyOn(last, 1) + " 1\r\n";
  for (const std::string_view mode : {"", "CLIENT REPLY OFF\r\n"}) {
    client.Send(std::string(mode) + "MSET " + keys + "PUBLISH c m\r\n");
    server.Settle();
    EXPECT_EQ(subscriber.Take(), "");
    server.Run();
    EXPECT_EQ(subscriber.Take(), Message("c", "m"));
  }
}

TEST_P(MessagesTest, WhatATransactionPublishesWaitsForItsCommit) {
  TestClient& near = Subscribed(client.core(), "c");
  TestClient& far = Subscribed(last, "c");
  client.Send("MULTI\r\nINCR " + server.KeyOn(0) + "\r\nPUBLISH c 1\r\nINCR " +
              server.KeyOn(last, 1) + "\r\nPUBLISH c 2\r\nPUBLISH none 3\r\nEXEC\r\n");
  server.Settle();
  EXPECT_EQ(near.Take() + far.Take(), "");
  server.Run();
  EXPECT_TRUE(client.Take().ends_with("*5\r\n:1\r\n:2\r\n:1\r\n:2\r\n:0\r\n"));
  EXPECT_EQ(near.Take(), Message("c", "1") + Message("c", "2"));
  EXPECT_EQ(far.Take(), Message("c", "1") + Message("c", "2"));
}

TEST_P(MessagesTest, ATransactionThatOnlyPublishesWaitsForEarlierWrites) {
  TestClient& subscriber = Subscribed(0, "c");
  client.Send("INCR " + server.KeyOn(last) + "\r\nMULTI\r\nPUBLISH c m\r\nEXEC\r\nPUBLISH c n\r\n");
  server.Settle();
  EXPECT_EQ(subscriber.Take(), "");
  server.Run();
  EXPECT_EQ(subscriber.Take(), Message("c", "m") + Message("c", "n"));
  EXPECT_EQ(client.Take(), ":1\r\n+OK\r\n+QUEUED\r\n*1\r\n:1\r\n:1\r\n");
}

TEST_P(MessagesTest, APublisherThatLeavesIsHeardAllTheSame) {
  TestClient& subscriber = Subscribed(0, "c");
  TestClient& publisher = server.Connect(last);
  publisher.Send("INCR " + server.KeyOn(0) + "\r\nPUBLISH c m\r\n");
  publisher.Disconnect();
  server.Run();
  EXPECT_EQ(subscriber.Take(), Message("c", "m"));
}

// Whatever the interleaving: who has had a message finds after a power cut what it tells of.
TEST_P(MessagesTest, NoMessageTellsOfWhatAPowerCutTakesBack) {
  uint64_t seed = 20'240'917;
  if (const char* text = std::getenv("TALLY_SEED")) seed = std::strtoull(text, nullptr, 10);
  std::mt19937_64 random(seed);
  TestClient& subscriber = Subscribed(last, "c");
  const std::vector<std::string> keys = {server.KeyOn(0), server.KeyOn(last, 1)};
  std::vector<int> sent(keys.size());
  std::vector<int> heard(keys.size());
  std::vector<TestClient*> publishers;
  for (const uint32_t core : {0U, last}) publishers.push_back(&server.Connect(core));
  for (int round = 0; round < 2000; ++round) {
    const size_t who = random() % keys.size();
    if (random() % 3 == 0) {
      const std::string number = std::to_string(++sent[who]);
      const std::string said = keys[who] + ":" + number + ";";
      const std::string incr = "INCR " + keys[who] + "\r\n";
      const std::string publish = "PUBLISH c " + said + "\r\n";
      publishers[who]->Send(random() % 2 == 0 ? incr + publish
                                              : "MULTI\r\n" + publish + incr + "EXEC\r\n");
    }
    server.RandomStep(&random);
    const std::string got = subscriber.Take();
    if (got.empty()) continue;
    const auto after = server.AfterPowerCut();
    for (size_t i = 0; i < keys.size(); ++i) {
      size_t at = 0;
      while ((at = got.find(keys[i] + ":", at)) != std::string::npos) {
        at += keys[i].size() + 1;
        const int number = std::atoi(got.c_str() + at);
        ASSERT_EQ(number, heard[i] + 1) << "in order; seed " << seed;
        heard[i] = number;
      }
      TestClient& reader = after->Connect(0);
      const std::string value = after->Ask(reader, "INCRBY " + keys[i] + " 0\r\n");
      ASSERT_GE(std::atoi(value.c_str() + 1), heard[i]) << "seed " << seed << ", round " << round;
    }
  }
  server.Run();
  EXPECT_GT(heard[0], 10);
}

// --- Replies and messages of one client ---

TEST_P(MessagesTest, AMessageStandsBehindTheRepliesToWhatHasRun) {
  TestClient& subscriber = Subscribed(0, "c", Resp3());
  const std::string key = server.KeyOn(last);
  subscriber.Send("GET " + key + "\r\nINCR " + key + "\r\n");
  server.Settle();
  client.Send("PUBLISH c m\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), ":1\r\n");
  EXPECT_EQ(subscriber.Take(), "_\r\n") << "the message is not in front of the held reply";
  server.Run();
  EXPECT_EQ(subscriber.Take(), ":1\r\n" + Message("c", "m", '>'));
}

TEST_P(MessagesTest, ASubscriberHearsItselfInFrontOfTheNumber) {
  TestClient& self = Subscribed(last, "c", Resp3());
  EXPECT_EQ(Ask(self, "PING\r\nPUBLISH c m\r\nPING"),
            "+PONG\r\n" + Message("c", "m", '>') + ":1\r\n+PONG\r\n");
  EXPECT_EQ(Ask(self, "INCR " + server.KeyOn(0) + "\r\nPUBLISH c m\r\nPING"),
            ":1\r\n" + Message("c", "m", '>') + ":1\r\n+PONG\r\n");
  Subscribed(0, "c");
  EXPECT_EQ(Ask(self, "PUBLISH c m\r\nPING"), Message("c", "m", '>') + ":2\r\n+PONG\r\n");
  EXPECT_EQ(Ask(self, "MULTI\r\nPUBLISH c m\r\nPING\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n" + Message("c", "m", '>') + "*2\r\n:2\r\n+PONG\r\n")
      << "not within the transaction's reply";
}

TEST_P(MessagesTest, RepliesThatAreSilencedLeaveTheMessages) {
  TestClient& self = server.Connect(last, Resp3());
  EXPECT_EQ(Ask(self, "CLIENT REPLY OFF\r\nSUBSCRIBE c\r\nPING\r\nPUBLISH c 1\r\nINCR " +
                          server.KeyOn(0) + "\r\nPUBLISH c 2\r\nMULTI\r\nPUBLISH c 3\r\nEXEC\r\n" +
                          "UNSUBSCRIBE c\r\nCLIENT REPLY ON"),
            Told("subscribe", "c", 1, '>') + Message("c", "1", '>') + Message("c", "2", '>') +
                Message("c", "3", '>') + Told("unsubscribe", "c", 0, '>') + "+OK\r\n");
}

TEST_P(MessagesTest, WhatItPublishesMeetsItsOwnSubscriptionsOfThatMoment) {
  TestClient& self = server.Connect(client.core(), Resp3());
  const std::string incr = "INCR " + server.KeyOn(last) + "\r\n";
  const std::string transaction = "MULTI\r\nPUBLISH c m\r\n" + incr + "EXEC\r\n";
  for (const std::string& publish : {incr + "PUBLISH c m\r\n", incr + transaction, transaction}) {
    for (const std::string_view subscribe :
         {"SUBSCRIBE c", "PSUBSCRIBE *", "MULTI\r\nSUBSCRIBE c\r\nEXEC"}) {
      EXPECT_EQ(Ask(self, publish + std::string(subscribe)).find("message"), std::string::npos)
          << publish << subscribe;
      EXPECT_NE(Ask(self, publish + "PUNSUBSCRIBE\r\nUNSUBSCRIBE").find("message"),
                std::string::npos);
      Ask(self, "SUBSCRIBE c");
      EXPECT_NE(Ask(self, publish + "RESET\r\nHELLO 3").find("message"), std::string::npos);
    }
  }
}

TEST_P(MessagesTest, ATransactionSubscribes) {
  TestClient& publisher = server.Connect(0);
  const std::string key = server.KeyOn(last);
  EXPECT_EQ(
      Ask(client, "MULTI\r\nSUBSCRIBE a b\r\nINCR " + key + "\r\nPUBLISH a m\r\nPING\r\nEXEC"),
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n" + Message("a", "m") + "*4\r\n" +
          Told("subscribe", "a", 1) + Told("subscribe", "b", 2) + ":1\r\n:1\r\n" +
          Words('*', {"pong", ""}));
  EXPECT_EQ(Ask(publisher, "PUBLISH b m"), ":1\r\n");
  EXPECT_EQ(client.Take(), Message("b", "m"));
  TestClient& three = Subscribed(last, "x", Resp3());
  Ask(three, "MULTI\r\nUNSUBSCRIBE x\r\nSUBSCRIBE y\r\nGET " + key + "\r\nEXEC");
  EXPECT_EQ(Ask(publisher, "PUBLISH x m\r\nPUBLISH y m\r\nPUBSUB NUMSUB x y"),
            ":0\r\n:1\r\n*4\r\n" + Bulk("x") + ":0\r\n" + Bulk("y") + ":1\r\n");
  EXPECT_EQ(three.Take(), Message("y", "m", '>'));
}

TEST_P(MessagesTest, NumbersOfReceiversFindTheirPlaceAmongPartsThatComeLater) {
  Subscribed(0, "c");
  const std::string list = "=4\r\ntxt:\r\n";
  TestClient& three = server.Connect(client.core(), Resp3());
  const std::string reply =
      Ask(three, "MULTI\r\nPUBLISH c 1\r\nCLIENT LIST\r\nPUBLISH c 2\r\nINCR " +
                     server.KeyOn(last) + "\r\nPUBLISH none 2\r\nCLIENT LIST\r\nEXEC");
  EXPECT_TRUE(reply.ends_with("*6\r\n:1\r\n" + list + ":1\r\n:1\r\n:0\r\n" + list)) << reply;
}

// --- Modes, and clients that leave ---

TEST_P(MessagesTest, ARespTwoSubscriberMayDoLittleElse) {
  Ask(client, "SUBSCRIBE c");
  EXPECT_EQ(Ask(client, "GET x"), "-" + protocol::errors::NotForSubscribers("get") + "\r\n");
  EXPECT_EQ(Ask(client, "CLIENT ID"),
            "-" + protocol::errors::NotForSubscribers("client|id") + "\r\n");
  EXPECT_EQ(Ask(client, "PING"), Words('*', {"pong", ""}));
  EXPECT_EQ(Ask(client, "PING hi"), Words('*', {"pong", "hi"}));
  EXPECT_EQ(Ask(client, "RESET\r\nPING"), "+RESET\r\n+PONG\r\n");
  EXPECT_EQ(Ask(client, "PUBLISH c x"), ":0\r\n") << "RESET ends all subscriptions";
  Ask(client, "SUBSCRIBE c");
  EXPECT_EQ(Ask(client, "QUIT"), "+OK\r\n");
  EXPECT_TRUE(client.session().finished());
}

TEST_P(MessagesTest, ARespThreeSubscriberMayDoAnything) {
  TestClient& three = Subscribed(last, "c", Resp3());
  EXPECT_EQ(Ask(three, "PING\r\nGET " + server.KeyOn(0)), "+PONG\r\n_\r\n");
  EXPECT_EQ(Ask(three, "UNSUBSCRIBE c c"),
            Told("unsubscribe", "c", 0, '>') + Told("unsubscribe", "c", 0, '>'));
}

TEST_P(MessagesTest, WhoHasLeftIsNotCounted) {
  TestClient& gone = Subscribed(last, "c");
  TestClient& stays = Subscribed(0, "c");
  EXPECT_EQ(Ask(client, "PUBLISH c 1"), ":2\r\n");
  EXPECT_EQ(Ask(client, "PUBSUB NUMSUB c d"),
            "*4\r\n" + Bulk("c") + ":2\r\n" + Bulk("d") + ":0\r\n");
  gone.Disconnect();
  EXPECT_EQ(Ask(client, "PUBLISH c 2"), ":1\r\n");
  stays.Disconnect();
  EXPECT_EQ(Ask(client, "PUBLISH c 3"), ":0\r\n");
  EXPECT_EQ(Ask(client, "PUBSUB CHANNELS"), "*0\r\n");
}

TEST_P(MessagesTest, PubSubTellsOfAllCores) {
  Subscribed(0, "alpha");
  Subscribed(last, "alpha");
  TestClient& other = Subscribed(last, "beta");
  Ask(other, "PSUBSCRIBE a* b*");
  Ask(server.Connect(0), "PSUBSCRIBE a*");
  Ask(other, "SSUBSCRIBE shard");
  EXPECT_EQ(Ask(client, "PUBSUB CHANNELS a*"), "*1\r\n" + Bulk("alpha"));
  EXPECT_EQ(Ask(client, "PUBSUB NUMPAT"), ":2\r\n") << "each pattern once";
  EXPECT_EQ(Ask(client, "PUBSUB SHARDCHANNELS"), "*1\r\n" + Bulk("shard"));
  EXPECT_EQ(Ask(client, "PUBSUB SHARDNUMSUB shard alpha"),
            "*4\r\n" + Bulk("shard") + ":1\r\n" + Bulk("alpha") + ":0\r\n");
  EXPECT_EQ(Ask(client, "PUBSUB NUMSUB"), "*0\r\n");
  EXPECT_EQ(Ask(client, "PUBSUB CHANNELS a b"),
            "-" + protocol::errors::BadSubcommand("CHANNELS", "pubsub") + "\r\n");
}

TEST_P(MessagesTest, ASubscriberThatTakesNothingLosesItsConnection) {
  TestClient& slow = Subscribed(last, "c");
  slow.withhold_output = true;
  const std::string mebibyte(size_t{1} << 20, 'x');
  for (size_t i = 0; i < OutputBoundsByClass().pubsub.hard_bytes >> 20; ++i) {
    EXPECT_FALSE(slow.session().is_over_limit()) << i;
    server.Ask(client, Encode({"PUBLISH", "c", mebibyte}));
  }
  EXPECT_TRUE(slow.session().is_over_limit());
}

TEST_P(MessagesTest, TheLimitOfSubscribersIsTheOneThatWasSet) {
  EXPECT_EQ(Ask(client, "CONFIG SET client-output-buffer-limit \"pubsub 1mb 0 0\""), "+OK\r\n");
  TestClient& slow = Subscribed(last, "c");
  slow.withhold_output = true;
  server.Ask(client, Encode({"PUBLISH", "c", std::string(size_t{1} << 19, 'x')}));
  EXPECT_FALSE(slow.session().is_over_limit());
  server.Ask(client, Encode({"PUBLISH", "c", std::string(size_t{1} << 19, 'x')}));
  EXPECT_TRUE(slow.session().is_over_limit());
}

TEST_P(MessagesTest, RepliesHaveALimitOfTheirOwn) {
  EXPECT_EQ(Ask(client, "CONFIG SET client-output-buffer-limit \"normal 1mb 1kb 10\""), "+OK\r\n");
  TestClient& slow = server.Connect(last);
  slow.withhold_output = true;
  slow.Send(Encode({"ECHO", std::string(1000, 'x')}));
  server.Run();
  EXPECT_FALSE(slow.session().MayBeOverLimit());
  slow.Send(Encode({"ECHO", std::string(1000, 'x')}));
  server.Run();
  EXPECT_TRUE(slow.session().MayBeOverLimit());
  EXPECT_FALSE(slow.session().IsOverLimit(SessionHarness::kNowMs));
  EXPECT_FALSE(slow.session().IsOverLimit(SessionHarness::kNowMs + 10'000));
  EXPECT_TRUE(slow.session().IsOverLimit(SessionHarness::kNowMs + 10'001));

  TestClient& greedy = server.Connect(last);
  greedy.withhold_output = true;
  greedy.Send(Encode({"ECHO", std::string(size_t{1} << 20, 'x')}));
  server.Run();
  EXPECT_TRUE(greedy.session().IsOverLimit(SessionHarness::kNowMs)) << "at once";
}

INSTANTIATE_TEST_SUITE_P(Cores, MessagesTest, ::testing::Values(1u, 2u, 4u));

}  // namespace
}  // namespace tally::server
