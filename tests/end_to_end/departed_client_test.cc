// Clients that leave while a request of theirs waits: their places are free again.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

constexpr int kMaxClients = 20;
constexpr int kDeparted = 25;
constexpr size_t kReadAheadBytes = size_t{16} << 10;
constexpr std::chrono::seconds kPatience{20};

enum class Leaves : uint8_t { kWithFin, kWithReset };

/// Whether somebody new is let in, within a time that only a test on a busy machine needs.
bool SomebodyGetsIn(uint16_t port) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    std::optional<Client> client = Client::TryConnect(port);
    if (client && client->Command({"PING"}) == "+PONG\r\n") return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

class DepartedClientTest : public testing::TestWithParam<std::tuple<int, Leaves>> {
 protected:
  static ServerOptions Options() {
    if (TallyIsStoodInFor()) return {.extra_arguments = {"--maxclients", "20"}};
    return {.threads = std::get<0>(GetParam()),
            .extra_arguments = {"--maxclients", std::to_string(kMaxClients)}};
  }
  void ComeAndGo(const std::string& bytes) {
    for (int i = 0; i < kDeparted; ++i) {
      std::optional<Client> client = Client::TryConnect(server_.port());
      ASSERT_TRUE(client);
      client->SendRaw(bytes);
      if (std::get<1>(GetParam()) == Leaves::kWithReset) client->Reset();
    }
  }

  ServerProcess server_{Options()};
};

INSTANTIATE_TEST_SUITE_P(Threads, DepartedClientTest,
                         testing::Combine(testing::Values(1, 2),
                                          testing::Values(Leaves::kWithFin, Leaves::kWithReset)),
                         [](const auto& test) {
                           return fmt::format(
                               "{}Threads{}", std::get<0>(test.param),
                               std::get<1>(test.param) == Leaves::kWithFin ? "Fin" : "Reset");
                         });

TEST_P(DepartedClientTest, AWaitForReplicasThatDoNotExistEndsWithTheClient) {
  if (TallyIsStoodInFor()) GTEST_SKIP() << "Redis 7.0 has no WAITAOF";
  ComeAndGo(EncodeCommand({"WAITAOF", "0", "1", "0"}));
  EXPECT_TRUE(SomebodyGetsIn(server_.port()));
}

TEST_P(DepartedClientTest, APauseDoesNotKeepWhoHasLeftAndNothingOfTheirsIsDone) {
  Client pauser(server_.port());
  ASSERT_EQ(pauser.Command({"CLIENT", "PAUSE", "100000", "WRITE"}), "+OK\r\n");
  ComeAndGo(EncodeCommand({"INCR", "a"}) + EncodeCommand({"PING"}));
  EXPECT_TRUE(SomebodyGetsIn(server_.port()));
  // Reads go on, so it is not only the pause that is over.
  ASSERT_EQ(pauser.Command({"CLIENT", "UNPAUSE"}), "+OK\r\n");
  EXPECT_EQ(pauser.Command({"GET", "a"}), "$-1\r\n");
}

TEST_P(DepartedClientTest, ALongPipelineBehindTheWaitDoesNotHideTheEnd) {
  if (TallyIsStoodInFor()) GTEST_SKIP() << "Redis 7.0 has no WAITAOF";
  std::string bytes = EncodeCommand({"WAITAOF", "0", "1", "0"});
  while (bytes.size() < 3 * kReadAheadBytes) bytes += EncodeCommand({"INCR", "a"});
  ComeAndGo(bytes);
  EXPECT_TRUE(SomebodyGetsIn(server_.port()));
}

TEST(HalfClosedClientTest, ItsRequestsAreAnsweredAndAWaitForEverEnds) {
  if (TallyIsStoodInFor()) GTEST_SKIP() << "Redis 7.0 has no WAITAOF";
  for (const int threads : {1, 2}) {
    ServerProcess server({.threads = threads});
    Client client(server.port());
    client.SendRaw(EncodeCommand({"INCR", "a"}) + EncodeCommand({"SAVE"}) +
                   EncodeCommand({"WAITAOF", "1", "0", "0"}) +
                   EncodeCommand({"WAITAOF", "0", "1", "0"}) + EncodeCommand({"INCR", "a"}));
    client.FinishSending();
    EXPECT_EQ(client.ReadUntilClosed(), ":1\r\n+OK\r\n*2\r\n:1\r\n:0\r\n*2\r\n:1\r\n:0\r\n:2\r\n");
  }
}

TEST(HalfClosedClientTest, RequestsThatWaitBehindAPauseOfOthersAreAnsweredUpToIt) {
  ServerProcess server({.threads = 2});
  Client pauser(server.port());
  ASSERT_EQ(pauser.Command({"CLIENT", "PAUSE", "100000", "WRITE"}), "+OK\r\n");
  Client client(server.port());
  client.SendRaw(EncodeCommand({"PING"}) + EncodeCommand({"GET", "a"}) +
                 EncodeCommand({"INCR", "a"}) + EncodeCommand({"PING"}));
  client.FinishSending();
  EXPECT_EQ(client.ReadUntilClosed(), "+PONG\r\n$-1\r\n");
}

// Read ahead behind a stall and then more than the session takes at once: it goes on by itself.
TEST(ReadAheadTest, APipelineThatWasReadAheadIsTakenToItsEnd) {
  ServerProcess server({.threads = 2});
  Client client(server.port());
  std::string bytes;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    bytes += EncodeCommand({"SAVE"});
    expected += "+OK\r\n";
    for (int j = 0; j < 1000; ++j) bytes += "PING\r\n";
    for (int j = 0; j < 1000; ++j) expected += "+PONG\r\n";
  }
  bytes += EncodeCommand({"ECHO", "end"});
  expected += "$3\r\nend\r\n";
  ASSERT_TRUE(client.SendRaw(bytes));
  EXPECT_EQ(client.ReadUntil("end\r\n"), expected);
}

}  // namespace
}  // namespace tally::test
