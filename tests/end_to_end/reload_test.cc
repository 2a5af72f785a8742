// DEBUG RELOAD: its reply says that everything is in memory again, or as much as there is room for.

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/info.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

constexpr int kBatch = 500;
const int kKeys = Scaled(100) * kBatch;
constexpr size_t kValueBytes = 1000;  // so that reading all of them takes some time
constexpr std::string_view kStringLength = ":1000\r\n";

ServerOptions Options(int threads, std::string_view maxmemory = "0") {
  return {
      .threads = threads,
      .extra_arguments = {"--enable-debug-command", "yes", "--maxmemory", std::string(maxmemory)}};
}

void Fill(Client* client, size_t value_bytes) {
  for (int first = 0; first < kKeys; first += kBatch) {
    std::string pipeline;
    for (int i = first; i < first + kBatch; ++i) {
      pipeline += EncodeCommand({"SET", fmt::format("key:{}", i), std::string(value_bytes, 'v')});
    }
    ASSERT_TRUE(client->SendRaw(pipeline));
    for (int i = 0; i < kBatch; ++i) ASSERT_EQ(client->ReadRawReply(), "+OK\r\n");
  }
}

class ReloadTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (TallyIsStoodInFor()) GTEST_SKIP() << "redis-server has everything in memory";
  }
};

INSTANTIATE_TEST_SUITE_P(Threads, ReloadTest, testing::Values(1, 2));

TEST_P(ReloadTest, AnswersWhenEverythingIsInMemory) {
  ServerProcess server(Options(GetParam()));
  Client client(server.port());
  ASSERT_NO_FATAL_FAILURE(Fill(&client, kValueBytes));
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(client.Command({"DEBUG", "RELOAD"}), "+OK\r\n");
    EXPECT_EQ(InfoField(&client, "tally_warm_up"), "done");
    EXPECT_EQ(client.Command({"DBSIZE"}), fmt::format(":{}\r\n", kKeys));
  }
  EXPECT_GE(std::stoi(InfoField(&client, "tally_evicted_objects")), kKeys) << "it was dropped";
  const std::string loads = InfoField(&client, "tally_object_loads");
  for (int i = 0; i < kKeys; i += kBatch) {
    ASSERT_EQ(client.Command({"STRLEN", fmt::format("key:{}", i)}), kStringLength);
  }
  EXPECT_EQ(InfoField(&client, "tally_object_loads"), loads) << "nothing had to be read";
}

// The warming up of the start has passed by some of what is dropped.
TEST_P(ReloadTest, DuringAWarmUpItAnswersWhenEverythingIsInMemory) {
  ServerProcess server(Options(GetParam()));
  {
    Client client(server.port());
    ASSERT_NO_FATAL_FAILURE(Fill(&client, kValueBytes));
  }
  ASSERT_TRUE(server.Terminate().Clean()) << server.Log();
  server.Restart();
  Client client(server.port());
  ASSERT_EQ(client.Command({"DEBUG", "RELOAD"}), "+OK\r\n");
  EXPECT_EQ(InfoField(&client, "tally_warm_up"), "done");
  const std::string loads = InfoField(&client, "tally_object_loads");
  for (int i = 0; i < kKeys; i += kBatch) {
    ASSERT_EQ(client.Command({"STRLEN", fmt::format("key:{}", i)}), kStringLength);
  }
  EXPECT_EQ(InfoField(&client, "tally_object_loads"), loads) << "nothing had to be read";
}

TEST_P(ReloadTest, AnswersWhenMemoryIsFull) {
  ServerProcess server(Options(GetParam(), "64mb"));
  Client client(server.port());
  ASSERT_NO_FATAL_FAILURE(Fill(&client, size_t{100'000'000} / static_cast<size_t>(kKeys)));
  ASSERT_EQ(client.Command({"DEBUG", "RELOAD"}), "+OK\r\n");
  EXPECT_EQ(InfoField(&client, "tally_warm_up"), "full");
  EXPECT_EQ(client.Command({"DBSIZE"}), fmt::format(":{}\r\n", kKeys));
}

TEST_P(ReloadTest, OneAtATime) {
  ServerProcess server(Options(GetParam()));
  Client client(server.port());
  ASSERT_NO_FATAL_FAILURE(Fill(&client, kValueBytes));
  Client other(server.port());
  // While the first one reads back no checkpoint runs any more.
  client.Send({"DEBUG", "RELOAD"});
  int refused = 0;
  while (InfoField(&other, "tally_warm_up") == "running" || InfoField(&other, "rdb_saves") == "0") {
    if (other.Command({"DEBUG", "RELOAD"}).starts_with("-ERR Background save")) ++refused;
  }
  EXPECT_EQ(client.ReadRawReply(), "+OK\r\n");
  EXPECT_GT(refused, 0);
  EXPECT_EQ(other.Command({"DEBUG", "RELOAD"}), "+OK\r\n");
}

}  // namespace
}  // namespace tally::test
