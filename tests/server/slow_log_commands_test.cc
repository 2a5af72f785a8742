#include <string>

#include <gmock/gmock.h>

#include "server/slow_watch.h"
#include "tests/server/session_command_fixture.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

SlowRequest Slow(std::vector<std::string_view> args, int64_t duration_us = 7) {
  bool unknown_subcommand = false;
  return SlowRequest::Of(*FindCommand(args, &unknown_subcommand), args, 1000, duration_us);
}

TEST(SlowRequestTest, ArgumentsAreCutWhereRedisCutsThem) {
  const std::string longest(128, 'A');
  EXPECT_EQ(Slow({"SET", longest, longest + "A"}).arguments,
            (std::vector<std::string>{"SET", longest, longest + "... (1 more bytes)"}));
  std::vector<std::string_view> args(32, "x");
  args[0] = "MGET";
  EXPECT_EQ(Slow(args).arguments.size(), 32u);
  EXPECT_EQ(Slow(args).arguments.back(), "x");
  args.emplace_back("y");
  EXPECT_EQ(Slow(args).arguments.size(), 32u);
  EXPECT_EQ(Slow(args).arguments.back(), "... (2 more arguments)");
}

TEST(SlowRequestTest, PasswordsAreLeftOut) {
  using Strings = std::vector<std::string>;
  constexpr const char* kHidden = "(redacted)";
  EXPECT_EQ(Slow({"AUTH", "secret"}).arguments, (Strings{"AUTH", kHidden}));
  EXPECT_EQ(Slow({"auth", "u", "p"}).arguments, (Strings{"auth", kHidden, kHidden}));
  EXPECT_EQ(Slow({"HELLO", "3", "SETNAME", "AUTH", "AUTH", "u", "p", "SETNAME", "n"}).arguments,
            (Strings{"HELLO", "3", "SETNAME", "AUTH", "AUTH", kHidden, kHidden, "SETNAME", "n"}));
  EXPECT_EQ(Slow({"CONFIG", "SET", "RequirePass", "p", "timeout", "0"}).arguments,
            (Strings{"CONFIG", "SET", "RequirePass", kHidden, "timeout", "0"}));
  for (const std::string_view secret : {"requirepass", "masterauth", "masteruser",
                                        "tls-key-file-pass", "tls-client-key-file-pass"}) {
    EXPECT_EQ(Slow({"CONFIG", "SET", secret, "x"}).arguments,
              (Strings{"CONFIG", "SET", std::string(secret), "(redacted)"}));
  }
  EXPECT_EQ(Slow({"CONFIG", "GET", "requirepass"}).arguments,
            (Strings{"CONFIG", "GET", "requirepass"}));
}

TEST(SlowLogTest, KeepsTheNewestAndCountsAll) {
  SlowLog log;
  log.SetLimit(2);
  for (int i = 0; i < 3; ++i) log.Add(Slow({"PING"}));
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log.Newest(10)[0].id, 2u);
  EXPECT_EQ(log.Newest(1).size(), 1u);
  log.SetLimit(1);
  EXPECT_EQ(log.size(), 1u);
  log.Clear();
  log.Add(Slow({"PING"}));
  EXPECT_EQ(log.Newest(1)[0].id, 3u);
  log.SetLimit(0);
  log.Add(Slow({"PING"}));
  EXPECT_EQ(log.size(), 0u);
}

class SlowLogCommandsTest : public SessionCommandTest {};

TEST_F(SlowLogCommandsTest, GetTellsTheNewestFirst) {
  EXPECT_EQ(Run("SLOWLOG", "GET"), "*0\r\n");
  SlowRequest request = Slow({"GET", "a"}, 12);
  request.address = "1.2.3.4:5";
  request.client_name = "bee";
  services.watch.log().Add(request);
  services.watch.log().Add(Slow({"PING"}));
  EXPECT_EQ(Run("SLOWLOG", "LEN"), ":2\r\n");
  EXPECT_TRUE(Run("SLOWLOG", "GET", "1").starts_with("*1\r\n*6\r\n:1\r\n"));
  EXPECT_EQ(Run("SLOWLOG", "GET", "-1"),
            "*2\r\n*6\r\n:1\r\n:1000\r\n:7\r\n*1\r\n$4\r\nPING\r\n$0\r\n\r\n$0\r\n\r\n"
            "*6\r\n:0\r\n:1000\r\n:12\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n$9\r\n1.2.3.4:5\r\n"
            "$3\r\nbee\r\n");
  EXPECT_EQ(Run("SLOWLOG", "RESET"), "+OK\r\n");
  EXPECT_EQ(Run("SLOWLOG", "LEN"), ":0\r\n");
}

TEST_F(SlowLogCommandsTest, WithoutANumberTenAreTold) {
  for (int i = 0; i < 20; ++i) services.watch.log().Add(Slow({"PING"}));
  EXPECT_TRUE(Run("SLOWLOG", "GET").starts_with("*10\r\n"));
  EXPECT_TRUE(Run("SLOWLOG", "GET", "-1").starts_with("*20\r\n"));
  EXPECT_EQ(Run("SLOWLOG", "GET", "-2"), "-ERR count should be greater than or equal to -1\r\n");
  EXPECT_EQ(Run("SLOWLOG", "GET", "x"), "-ERR count should be greater than or equal to -1\r\n");
}

TEST(SlowWatchTest, ItsThresholdIsTheSmallerOne) {
  Config config;
  SlowWatch watch;
  EXPECT_FALSE(watch.IsSlow(UINT64_MAX - 1));
  watch.Configure(config);
  EXPECT_TRUE(watch.IsSlow(10'000'000));
  EXPECT_FALSE(watch.IsSlow(9'999'999));
  config.latency_threshold_ms = 5;
  watch.Configure(config);
  EXPECT_TRUE(watch.IsSlow(5'000'000));
  EXPECT_FALSE(watch.IsForLog(5'000'000));
  config.slowlog_slower_than_us = 0;
  watch.Configure(config);
  EXPECT_TRUE(watch.IsForLog(0));
  config.slowlog_slower_than_us = -1;
  config.latency_threshold_ms = 0;
  watch.Configure(config);
  EXPECT_FALSE(watch.IsSlow(UINT64_MAX - 1));
}

// Whichever shard runs it, the log names the client; what EXEC runs is logged, EXEC is not.
TEST(SlowLogAcrossShardsTest, EveryRequestIsLoggedWithItsClient) {
  SessionHarness harness(3);
  harness.services.config().slowlog_slower_than_us = 0;
  harness.services.ApplyConfig();
  TestClient& client = harness.Connect(0);
  client.Send("CLIENT SETNAME bee\r\nGET a\r\nGET b\r\nGET c\r\nMGET a b c\r\n");
  harness.Run();
  client.Send("MULTI\r\nGET d\r\nEXEC\r\n");
  harness.Run();
  std::vector<std::string> logged;
  for (const SlowRequest& request : harness.services.watch.log().Newest(100)) {
    std::string text;
    for (const std::string& argument : request.arguments) text += argument + " ";
    logged.push_back(text);
    EXPECT_EQ(request.client_name, "bee") << text;
    EXPECT_EQ(request.address, client.session().client().address);
  }
  EXPECT_THAT(logged, testing::UnorderedElementsAre("CLIENT SETNAME bee ", "GET a ", "GET b ",
                                                    "GET c ", "MGET a b c ", "MULTI ", "GET d "));
}

}  // namespace
}  // namespace tally::server
