// A cursor of SCAN is good in another process, whatever the number of its threads.

#include <array>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

constexpr int kKeys = 2000;
constexpr int kPagesPerLife = 12;
constexpr auto kThreads = std::to_array<int>({3, 1, 4, 2});

std::string NameOf(int number) {
  // Some share a slot, so that pages end within one.
  return fmt::format("{}:{}", number % 4 == 0 ? "{tag}" : "key", number);
}

class ScanRestartTest : public testing::TestWithParam<bool> {
 protected:
  /// Takes some pages, or all that are left with `most` 0.
  static void TakePages(Client* client, int most, std::string* cursor,
                        std::map<std::string, int>* found) {
    for (int page = 0; most == 0 || page < most; ++page) {
      ASSERT_TRUE(client->Send({"SCAN", *cursor, "COUNT", "17"}));
      const auto reply = client->ReadReply();
      ASSERT_TRUE(reply && reply->elements.size() == 2);
      *cursor = reply->elements[0].text;
      for (const Reply& name : reply->elements[1].elements) ++(*found)[name.text];
      if (*cursor == "0") return;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(TinyMemory, ScanRestartTest, testing::Bool());

TEST_P(ScanRestartTest, WhatStaysIsGivenOnceThoughTheServerRestartsWithOtherThreads) {
  if (TallyIsStoodInFor()) GTEST_SKIP() << "Redis' cursors end with the process";
  ServerProcess server({.threads = kThreads.back(), .tiny_memory = GetParam()});
  {
    Client client(server.port());
    std::string pipeline;
    for (int i = 0; i < kKeys; ++i) pipeline += EncodeCommand({"SET", NameOf(i), "value"});
    ASSERT_TRUE(client.SendRaw(pipeline));
    for (int i = 0; i < kKeys; ++i) ASSERT_EQ(client.ReadRawReply(), "+OK\r\n");
  }
  std::map<std::string, int> found;
  std::string cursor = "0";
  for (size_t life = 0; life < kThreads.size(); ++life) {
    SCOPED_TRACE(fmt::format("{} threads", kThreads[life]));
    {
      Client client(server.port());
      ASSERT_NO_FATAL_FAILURE(TakePages(&client, kPagesPerLife, &cursor, &found));
      ASSERT_NE(cursor, "0") << "it shall take all lives";
      ASSERT_EQ(client.Command({"SET", fmt::format("comes:{}", life), "1"}), "+OK\r\n");
    }
    if (life % 2 == 0) {
      server.Kill9();
    } else {
      ASSERT_TRUE(server.Terminate().Clean()) << server.Log();
    }
    server.Restart({.threads = kThreads[life], .tiny_memory = GetParam()});
  }
  Client client(server.port());
  ASSERT_NO_FATAL_FAILURE(TakePages(&client, 0, &cursor, &found));
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(found[NameOf(i)], 1) << NameOf(i);
}

}  // namespace
}  // namespace tally::test
