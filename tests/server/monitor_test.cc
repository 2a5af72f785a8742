#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "server/monitors.h"
#include "server/output_limit.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Line(std::vector<std::string_view> args) {
  bool unknown_subcommand = false;
  ClientState client;
  client.address = "1.2.3.4:5";
  client.database = 3;
  return MonitorLine(*FindCommand(args, &unknown_subcommand), args, client, 12'000'034);
}

TEST(MonitorLineTest, IsWrittenAsRedisWritesIt) {
  using std::string_literals::operator""s;
  EXPECT_EQ(Line({"set", "a", "b\"\\\r\n\x01\xffz\t\a\b"}),
            "+12.000034 [3 1.2.3.4:5] \"set\" \"a\" \"b\\\"\\\\\\r\\n\\x01\\xffz\\t\\a\\b\"\r\n");
  EXPECT_EQ(Line({"AUTH", "secret"}), "+12.000034 [3 1.2.3.4:5] \"AUTH\" \"(redacted)\"\r\n");
}

class MonitorTest : public testing::TestWithParam<uint32_t> {
 protected:
  std::string Ask(TestClient& client, std::string_view bytes) {
    client.Send(bytes);
    harness.Run();
    return client.Take();
  }

  SessionHarness harness{GetParam()};
  TestClient& monitor = harness.Connect(0);
  TestClient& other = harness.Connect(GetParam() - 1);
};

INSTANTIATE_TEST_SUITE_P(Shards, MonitorTest, testing::Values(1u, 3u));

TEST_P(MonitorTest, ShowsWhatOthersDoAndItselfDoes) {
  EXPECT_EQ(Ask(monitor, "MONITOR\r\nMONITOR\r\n"), "+OK\r\n");
  EXPECT_EQ(Ask(other, "SELECT 3\r\nSET a 1\r\n"), "+OK\r\n+OK\r\n");
  const std::string seen = monitor.Take();
  EXPECT_THAT(seen, HasSubstr("\"SELECT\" \"3\"\r\n"));
  EXPECT_THAT(seen, HasSubstr(" [3 "));
  EXPECT_THAT(seen, HasSubstr("\"SET\" \"a\" \"1\"\r\n"));
  EXPECT_THAT(Ask(monitor, "PING\r\n"), testing::StartsWith("+PONG\r\n+"));
}

TEST_P(MonitorTest, OfATransactionShowsWhatIsRunWhenItIsRun) {
  Ask(monitor, "MONITOR\r\n");
  Ask(other, "MULTI\r\nSET a 1\r\n");
  const std::string before = monitor.Take();
  EXPECT_THAT(before, HasSubstr("\"MULTI\""));
  EXPECT_THAT(before, Not(HasSubstr("\"SET\"")));
  Ask(other, "EXEC\r\n");
  const std::string after = monitor.Take();
  EXPECT_LT(after.find("\"SET\" \"a\" \"1\""), after.find("\"EXEC\""));
  EXPECT_NE(after.find("\"EXEC\""), std::string::npos);
}

TEST_P(MonitorTest, ShowsExecAsTheClientWroteIt) {
  Ask(monitor, "MONITOR\r\n");
  Ask(other, "multi\r\nset a 1\r\nexec\r\n");
  EXPECT_THAT(monitor.Take(), HasSubstr("\"exec\"\r\n"));
}

TEST_P(MonitorTest, ShowsNeitherOperatorsCommandsNorWhatIsRefused) {
  Ask(monitor, "MONITOR\r\n");
  Ask(other, "CONFIG GET x\r\nGET\r\nNOSUCH\r\n");
  EXPECT_EQ(monitor.Take(), "");
}

TEST_P(MonitorTest, AClientThatWatchesTouchesNoKeysUntilItResets) {
  Ask(monitor, "MONITOR\r\n");
  EXPECT_EQ(Ask(monitor, "GET a\r\n"), "-ERR Replica can't interact with the keyspace\r\n");
  EXPECT_THAT(Ask(monitor, "RESET\r\n"), HasSubstr("+RESET\r\n"));
  EXPECT_EQ(Ask(monitor, "GET a\r\n"), "$-1\r\n");
  Ask(other, "PING\r\n");
  EXPECT_EQ(monitor.Take(), "");
  EXPECT_FALSE(harness.services.monitors().any());
}

TEST_P(MonitorTest, InATransactionItCannotBegin) {
  EXPECT_THAT(Ask(monitor, "MULTI\r\nMONITOR\r\nEXEC\r\n"),
              HasSubstr("-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n"));
  EXPECT_FALSE(harness.services.monitors().any());
}

TEST_P(MonitorTest, WhoGoesIsForgotten) {
  Ask(monitor, "MONITOR\r\n");
  other.Send("PING\r\n");  // its line is under way
  monitor.Disconnect();
  harness.Run();
  EXPECT_FALSE(harness.services.monitors().any());
}

TEST_P(MonitorTest, WhoDoesNotKeepUpIsCutOff) {
  Ask(monitor, "MONITOR\r\n");
  monitor.withhold_output = true;
  const std::string large(size_t{8} << 20, 'x');
  for (int i = 0; i < 12; ++i) {
    other.Send("*2\r\n$4\r\nECHO\r\n$" + std::to_string(large.size()) + "\r\n" + large + "\r\n");
    harness.Run();
    static_cast<void>(other.Take());
  }
  EXPECT_TRUE(monitor.session().is_over_limit()) << "its connection closes, read or not";
  EXPECT_FALSE(harness.services.monitors().any());
}

TEST_P(MonitorTest, WhoLeavesALittleUnreadForLongIsCutOffToo) {
  Ask(monitor, "MONITOR\r\n");
  monitor.withhold_output = true;
  const std::string large(OutputBoundsByClass().pubsub.soft_bytes, 'x');
  other.Send("*2\r\n$4\r\nECHO\r\n" + Bulk(large));
  harness.Run();
  constexpr int64_t kSoftMs = 60'000;
  EXPECT_FALSE(monitor.session().IsOverLimit(SessionHarness::kNowMs + kSoftMs));
  EXPECT_TRUE(monitor.session().IsOverLimit(SessionHarness::kNowMs + kSoftMs + 1));
}

}  // namespace
}  // namespace tally::server
