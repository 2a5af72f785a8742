// SCAN, KEYS and RANDOMKEY over objects that are in memory, and over those that are not.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/end_to_end/support/scale.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

constexpr int kDisturbedScans = 12;

class WalkCommandsTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  struct Page {
    std::string cursor;
    std::vector<std::string> names;
  };
  /// The strings of an array that begins at *at.
  static std::vector<std::string> ParseArray(std::string_view reply, size_t* at) {
    std::vector<std::string> strings;
    size_t end = reply.find("\r\n", *at);
    const int count = std::stoi(std::string(reply.substr(*at + 1, end - *at - 1)));
    *at = end + 2;
    for (int i = 0; i < count; ++i) {
      end = reply.find("\r\n", *at);
      const size_t size = std::stoul(std::string(reply.substr(*at + 1, end - *at - 1)));
      strings.emplace_back(reply.substr(end + 2, size));
      *at = end + 2 + size + 2;
    }
    return strings;
  }
  static Page ParsePage(std::string_view reply) {
    EXPECT_TRUE(reply.starts_with("*2\r\n$")) << reply;
    const size_t end = reply.find("\r\n", 5);
    const size_t size = std::stoul(std::string(reply.substr(5, end - 5)));
    Page page{std::string(reply.substr(end + 2, size)), {}};
    size_t at = end + 2 + size + 2;
    page.names = ParseArray(reply, &at);
    return page;
  }
  /// All that a scan gives, with `between` called between its pages.
  template <typename Between>
  std::multiset<std::string> ScanAll(std::string_view options, Between&& between) {
    std::multiset<std::string> all;
    std::string cursor = "0";
    do {
      const Page page =
          ParsePage(server.Ask(client, "SCAN " + cursor + " " + std::string(options) + "\r\n"));
      all.insert(page.names.begin(), page.names.end());
      cursor = page.cursor;
      between();
    } while (cursor != "0");
    return all;
  }
  std::multiset<std::string> ScanAll(std::string_view options = {}) {
    return ScanAll(options, [] {});
  }
  std::vector<std::string> Keys(std::string_view pattern) {
    const std::string reply = server.Ask(client, "KEYS " + std::string(pattern) + "\r\n");
    size_t at = 0;
    std::vector<std::string> names = ParseArray(reply, &at);
    std::sort(names.begin(), names.end());
    return names;
  }
  std::multiset<std::string> Fill(int count) {
    std::multiset<std::string> names;
    std::string requests;
    for (int i = 0; i < count; ++i) {
      const std::string name = (i % 3 == 0 ? "{tag}" : "k") + std::to_string(i);
      names.insert(name);
      requests += "SET " + name + " " + std::to_string(i) + "\r\n";
    }
    server.Ask(client, requests);
    return names;
  }
  void MakeCold() { server.MakeCold(); }

  SessionHarness server{GetParam()};
  TestClient& client = server.Connect(0);
};

TEST_P(WalkCommandsTest, AScanGivesEveryKeyOnceColdOrNot) {
  EXPECT_EQ(ScanAll(), std::multiset<std::string>());
  const std::multiset<std::string> names = Fill(500);
  EXPECT_EQ(ScanAll(), names);
  MakeCold();
  EXPECT_EQ(ScanAll("COUNT 7"), names);
  MakeCold();
  // Half of them in memory, some changed, some deleted.
  std::multiset<std::string> left = names;
  for (int i = 0; i < 500; i += 4) {
    const std::string name = (i % 3 == 0 ? "{tag}" : "k") + std::to_string(i);
    if (i % 8 == 0) {
      server.Ask(client, "DEL " + name + "\r\n");
      left.erase(name);
    } else {
      server.Ask(client, "INCR " + name + "\r\n");
    }
  }
  EXPECT_EQ(ScanAll("COUNT 1000"), left);
  EXPECT_EQ(ScanAll(), left);
}

TEST_P(WalkCommandsTest, WhatStaysDuringAScanIsGivenWhateverHappens) {
  const std::multiset<std::string> names = Fill(300);
  for (unsigned seed = 0; seed < 5; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    TestClient& writer = server.Connect(GetParam() - 1);
    const auto disturb = [&] {
      switch (random() % 4) {
        case 0:
          server.Checkpoint();
          break;
        case 1:
          server.EvictAll();
          break;
        case 2:
          server.Ask(writer, "SET comes" + std::to_string(random() % 1000) + " 1\r\n");
          break;
        default:
          server.Ask(writer, "DEL comes" + std::to_string(random() % 1000) + "\r\n");
      }
    };
    const std::multiset<std::string> found =
        ScanAll("COUNT " + std::to_string(1 + random() % 20), disturb);
    for (const std::string& name : names) ASSERT_EQ(found.count(name), 1u) << name;
  }
}

// A range is being read: what was read may be of before a change, and what is in memory may be about to leave.
TEST_P(WalkCommandsTest, WhatStaysIsGivenWhateverHappensWhileARangeIsRead) {
  const auto scans = static_cast<unsigned>(test::Scaled(kDisturbedScans));
  for (unsigned seed = 0; seed < scans; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    SessionHarness world(GetParam());
    TestClient& scanner = world.Connect(0);
    TestClient& writer = world.Connect(GetParam() - 1);
    const auto name = [&](const std::string& kind) {
      return (random() % 3 == 0 ? "{tag}" : "") + kind + std::to_string(random() % 100);
    };
    std::set<std::string> stays;
    std::set<std::string> gone;
    // On the disk; then some that only memory has, and deletions that the disk does not know of.
    for (int i = 0; i < 60; ++i) stays.insert(name("stays"));
    for (int i = 0; i < 20; ++i) gone.insert(name("gone"));
    for (const std::string& each : stays) world.Ask(writer, "SET " + each + " 1\r\n");
    for (const std::string& each : gone) world.Ask(writer, "SET " + each + " 1\r\n");
    world.Checkpoint();
    world.EvictAll();
    for (int i = 0; i < 60; ++i) {
      const std::string fresh = name("fresh");
      stays.insert(fresh);
      world.Ask(writer, "SET " + fresh + " 1\r\n");
    }
    for (const std::string& each : gone) world.Ask(writer, "DEL " + each + "\r\n");
    const auto disturb = [&] {
      switch (random() % 5) {
        case 0:
          world.Checkpoint();
          break;
        case 1:
          world.EvictAll();
          break;
        case 2:
          writer.Send("SET " + name("comes") + " 1\r\n");
          break;
        case 3:
          writer.Send("DEL " + name("comes") + "\r\n");
          break;
        default:
          writer.Send("SET " +
                      *std::next(stays.begin(), static_cast<int>(random() % stays.size())) +
                      " 2\r\n");
      }
      world.Settle();
    };
    std::multiset<std::string> found;
    std::string cursor = "0";
    do {
      scanner.Send("SCAN " + cursor + " COUNT " + std::to_string(1 + random() % 20) + "\r\n");
      std::string reply;
      while (reply.empty()) {
        world.Settle();
        for (auto left = random() % 4; left > 0; --left) disturb();
        const auto which = static_cast<size_t>(random());
        if (world.loader().tasks() > 0) world.loader().Read(which);
        if (random() % 2 == 0) {
          // What only memory had when the range was read is on the disk now, and would leave.
          world.Checkpoint();
          world.EvictAll();
        }
        for (auto left = random() % 4; left > 0; --left) disturb();
        if (world.loader().tasks() > 0) world.loader().Deliver(which);
        world.Settle();
        world.Commit();
        world.Settle();
        reply = scanner.Take();
      }
      const Page page = ParsePage(reply);
      found.insert(page.names.begin(), page.names.end());
      cursor = page.cursor;
    } while (cursor != "0");
    for (const std::string& each : stays) ASSERT_EQ(found.count(each), 1u) << each;
    for (const std::string& each : gone) ASSERT_EQ(found.count(each), 0u) << each;
  }
}

TEST_P(WalkCommandsTest, OptionsOfAScan) {
  Fill(60);
  EXPECT_EQ(ScanAll("MATCH k1?"),
            (std::multiset<std::string>{"k10", "k11", "k13", "k14", "k16", "k17", "k19"}));
  EXPECT_EQ(ScanAll("TYPE string").size(), 60u);
  EXPECT_EQ(ScanAll("TYPE list").size(), 0u);
  for (const auto& [request, reply] : std::vector<std::pair<std::string, std::string>>{
           {"SCAN abc", "-ERR invalid cursor\r\n"},
           {"SCAN 1x", "-ERR invalid cursor\r\n"},
           {"SCAN 99999999999999999999999", "-ERR invalid cursor\r\n"},
           {"SCAN 0 COUNT 0", "-ERR syntax error\r\n"},
           {"SCAN 0 COUNT x", "-ERR value is not an integer or out of range\r\n"},
           {"SCAN 0 COUNT", "-ERR syntax error\r\n"},
           {"SCAN 0 FOO 1", "-ERR syntax error\r\n"},
           {"SCAN -1", "*2\r\n$1\r\n0\r\n*0\r\n"}}) {
    EXPECT_EQ(server.Ask(client, request + "\r\n"), reply) << request;
  }
}

TEST_P(WalkCommandsTest, ExpiredKeysAreNotGiven) {
  Fill(30);
  server.Ask(client, "PEXPIRE k1 50\r\nPEXPIRE k2 50\r\n");
  MakeCold();
  WallClock::SetForTest(SessionHarness::kNowMs + 100);
  EXPECT_EQ(ScanAll().size(), 28u);
  EXPECT_EQ(Keys("k[12]"), std::vector<std::string>());
  WallClock::SetForTest(SessionHarness::kNowMs);
}

TEST_P(WalkCommandsTest, KeysGivesAllThatMatch) {
  Fill(100);
  const std::vector<std::string> tens = {"k10", "k11", "k13", "k14", "k16", "k17", "k19"};
  EXPECT_EQ(Keys("k1?"), tens);
  MakeCold();
  EXPECT_EQ(Keys("k1?"), tens);
  EXPECT_EQ(Keys("*").size(), 100u);
}

TEST_P(WalkCommandsTest, ARandomKeyIsAnyOfThem) {
  EXPECT_EQ(server.Ask(client, "RANDOMKEY\r\n"), "$-1\r\n");
  server.Ask(client, "MSET a 1 b 2 c 3\r\n");
  MakeCold();
  std::set<std::string> seen;
  for (int i = 0; i < 300 && seen.size() < 3; ++i) seen.insert(server.Ask(client, "RANDOMKEY\r\n"));
  EXPECT_EQ(seen, (std::set<std::string>{Bulk("a"), Bulk("b"), Bulk("c")}));
}

TEST_P(WalkCommandsTest, ARandomKeyIsAnyOfASlotFull) {
  for (int i = 0; i < 2000; ++i) server.Ask(client, "SET {tag}" + std::to_string(i) + " 1\r\n");
  MakeCold();
  std::set<std::string> seen;
  for (int i = 0; i < 300; ++i) seen.insert(server.Ask(client, "RANDOMKEY\r\n"));
  // A fair choice gives some 280; with the front of the slot alone it would be 64.
  EXPECT_GT(seen.size(), 130u);
}

TEST_P(WalkCommandsTest, TheyComeAfterWhatTheirClientSentBefore) {
  Fill(10);
  MakeCold();
  client.Send("INCR k1\r\nDEL k2\r\nSET new 1\r\nKEYS new\r\nPING\r\n");
  server.Run();
  EXPECT_EQ(client.Take(), ":2\r\n:1\r\n+OK\r\n*1\r\n" + Bulk("new") + "+PONG\r\n");
}

TEST_P(WalkCommandsTest, TheirRepliesWaitForWhatTheySaw) {
  Fill(10);
  server.Ask(client, "PING\r\n");
  TestClient& writer = server.Connect(0);
  writer.Send("SET fresh 1\r\nDEL k1\r\n");
  server.Settle();
  client.Send("KEYS fresh\r\n");
  server.Settle();
  EXPECT_EQ(client.Take(), "") << "a crash now would lose what it tells";
  server.Run();
  EXPECT_EQ(client.Take(), "*1\r\n" + Bulk("fresh"));
}

INSTANTIATE_TEST_SUITE_P(Shards, WalkCommandsTest, ::testing::Values(1u, 3u));

}  // namespace
}  // namespace tally::server
