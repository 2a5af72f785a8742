#include <string>

#include "server/latency_reports.h"
#include "server/percentiles.h"
#include "server/slow_watch.h"
#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

TEST(LatencyHistogramTest, EveryDurationIsInItsClass) {
  for (uint64_t ns = 0; ns < 100'000; ++ns) {
    const size_t index = LatencyHistogram::ClassOf(ns);
    ASSERT_LT(ns, LatencyHistogram::EndOf(index));
    if (index > 0) {
      ASSERT_GE(ns, LatencyHistogram::EndOf(index - 1));
    }
  }
  EXPECT_EQ(LatencyHistogram::ClassOf(UINT64_MAX), LatencyHistogram::kClasses - 1);
}

TEST(PercentilesTest, AreNumbersBetweenBlanks) {
  EXPECT_EQ(ParsePercentiles(" 50  99.9 "), (std::vector<double>{50, 99.9}));
  EXPECT_EQ(ParsePercentiles(""), std::vector<double>{});
  EXPECT_FALSE(ParsePercentiles("50 x"));
  EXPECT_EQ(PercentilesText({50, 99.9, 100}), "50 99.9 100");
}

class LatencyCommandsTest : public SessionCommandTest {
 protected:
  void Call(std::string_view name, uint64_t nanoseconds) {
    services.core.commands[FindCommandByName(name)->id].latency().Add(nanoseconds);
  }
};

TEST_F(LatencyCommandsTest, WithoutSamplesThereIsNothingToTell) {
  EXPECT_EQ(Run("LATENCY", "LATEST"), "*0\r\n");
  EXPECT_EQ(Run("LATENCY", "HISTORY", "command"), "*0\r\n");
  EXPECT_EQ(Run("LATENCY", "GRAPH", "x"), "-ERR No samples available for event 'x'\r\n");
  EXPECT_EQ(Run("LATENCY", "RESET"), ":0\r\n");
  EXPECT_EQ(Run("LATENCY", "HISTOGRAM"), "*0\r\n");
  EXPECT_NE(Run("LATENCY", "DOCTOR").find("latency-monitor-threshold"), std::string::npos);
}

TEST_F(LatencyCommandsTest, SamplesAreOfWhatTookLong) {
  services.config().latency_threshold_ms = 100;
  services.ApplyConfig();
  constexpr uint64_t kMs = 1'000'000;
  services.watch.Sample(*FindCommandByName("set"), 10, 300 * kMs);
  services.watch.Sample(*FindCommandByName("set"), 10, 200 * kMs);  // the same second
  services.watch.Sample(*FindCommandByName("set"), 12, 150 * kMs);
  services.watch.Sample(*FindCommandByName("set"), 13, 99 * kMs);
  services.watch.Sample(*FindCommandByName("get"), 14, 100 * kMs);
  EXPECT_EQ(Run("LATENCY", "LATEST"),
            "*2\r\n*4\r\n$7\r\ncommand\r\n:12\r\n:150\r\n:300\r\n"
            "*4\r\n$12\r\nfast-command\r\n:14\r\n:100\r\n:100\r\n");
  EXPECT_EQ(Run("LATENCY", "HISTORY", "command"),
            "*2\r\n*2\r\n:10\r\n:300\r\n*2\r\n:12\r\n:150\r\n");
  EXPECT_NE(Run("LATENCY", "GRAPH", "command").find("command - high 300 ms, low 150 ms (all time"),
            std::string::npos);
  EXPECT_NE(Run("LATENCY", "DOCTOR").find("* command: 2 times, 225 ms on average, 300 ms"),
            std::string::npos);
  EXPECT_EQ(Run("LATENCY", "RESET", "nosuch", "COMMAND"), ":1\r\n");
  EXPECT_EQ(Run("LATENCY", "RESET"), ":1\r\n");
}

TEST(LatencyMonitorTest, KeepsTheLastSamples) {
  LatencyMonitor monitor;
  for (int64_t second = 0; second < 1000; ++second) monitor.Add("command", {second, 1});
  EXPECT_EQ(monitor.Find("command").samples.size(), LatencyMonitor::kMostSamples);
  EXPECT_EQ(monitor.Find("command").samples.back().time_s, 999);
}

TEST_F(LatencyCommandsTest, HistogramsCountUpToEachStep) {
  Call("get", 900);
  Call("get", 1500);
  Call("get", 70'000);
  Call("config|get", 10);
  EXPECT_EQ(Run("LATENCY", "HISTOGRAM", "get", "nosuch", "set"),
            "*2\r\n$3\r\nget\r\n*4\r\n$5\r\ncalls\r\n:3\r\n$14\r\nhistogram_usec\r\n"
            "*6\r\n:1\r\n:1\r\n:2\r\n:2\r\n:132\r\n:3\r\n");
  EXPECT_TRUE(Run("LATENCY", "HISTOGRAM", "CONFIG").starts_with("*2\r\n$10\r\nconfig|get\r\n"));
  EXPECT_EQ(Run("LATENCY", "HISTOGRAM", "config|get"), Run("LATENCY", "HISTOGRAM", "config"));
  client.resp = 3;
  EXPECT_TRUE(Run("LATENCY", "HISTOGRAM").starts_with("%2\r\n"));
}

TEST_F(LatencyCommandsTest, InfoTellsThePercentilesThatAreAskedFor) {
  for (int i = 0; i < 99; ++i) Call("get", 1000);
  Call("get", 1'000'000);
  EXPECT_NE(Run("INFO", "latencystats")
                .find("\r\nlatency_percentiles_usec_get:p50=1.024,p99=1.024,p99.9=1048.576\r\n"),
            std::string::npos);
  EXPECT_EQ(Run("CONFIG", "SET", "latency-tracking-info-percentiles", "100"), "+OK\r\n");
  EXPECT_NE(Run("INFO", "latencystats").find("_get:p100=1048.576\r\n"), std::string::npos);
  EXPECT_EQ(Run("CONFIG", "SET", "latency-tracking", "no"), "+OK\r\n");
  EXPECT_EQ(Run("INFO", "latencystats"), "$16\r\n# Latencystats\r\n\r\n");
  services.core.Reset();
  EXPECT_EQ(Run("LATENCY", "HISTOGRAM"), "*0\r\n");
}

}  // namespace
}  // namespace tally::server
