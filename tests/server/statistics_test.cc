#include "server/statistics.h"

#include <string>

#include <gtest/gtest.h>

#include "server/rate_sampler.h"

namespace tally::server {
namespace {

TEST(CoreStatistics, CountsErrorsByTheirFirstWord) {
  CoreStatistics core(1);
  core.CountError("ERR something");
  core.CountError("-ERR with its sign\r\n");
  core.CountError("NOAUTH");
  const auto counts = core.ErrorCounts();
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts.at("ERR"), 2u);
  EXPECT_EQ(counts.at("NOAUTH"), 1u);
}

TEST(CoreStatistics, KindsOfErrorsAreLimited) {
  CoreStatistics core(1);
  for (int i = 0; i < 1000; ++i) core.CountError("KIND" + std::to_string(i) + " x");
  const auto counts = core.ErrorCounts();
  EXPECT_EQ(counts.size(), CoreStatistics::kMaxErrorKinds);
  EXPECT_EQ(counts.at("OTHER"), 1000 - CoreStatistics::kMaxErrorKinds + 1);
}

TEST(CoreStatistics, ResetForgetsWhatWasAndKeepsWhatIs) {
  CoreStatistics core(2);
  core.commands_processed.Add(3);
  core.error_replies.Add(3);
  core.connected_clients.Add(2);
  core.object_bytes.Add(100);
  core.commands[1].calls.Add(1);
  core.commands[1].nanoseconds.Add(1);
  core.CountError("ERR x");
  core.Reset();
  EXPECT_EQ(core.commands_processed.value(), 0u);
  EXPECT_EQ(core.error_replies.value(), 0u);
  EXPECT_EQ(core.connected_clients.value(), 2u);
  EXPECT_EQ(core.object_bytes.value(), 100u);
  EXPECT_EQ(core.commands[1].calls.value(), 0u);
  EXPECT_EQ(core.commands[1].nanoseconds.value(), 0u);
  EXPECT_TRUE(core.ErrorCounts().empty());
}

TEST(RateSampler, SaysNothingBeforeTheSecondSample) {
  RateSampler sampler;
  sampler.Sample(5'000'000, {1000, 1, 1});
  EXPECT_EQ(sampler.commands_per_second(), 0);
}

TEST(RateSampler, IsWhatHappenedPerSecond) {
  RateSampler sampler;
  sampler.Sample(0, {0, 0, 0});
  sampler.Sample(100'000, {50, 2000, 30});
  EXPECT_DOUBLE_EQ(sampler.commands_per_second(), 500);
  EXPECT_DOUBLE_EQ(sampler.bytes_in_per_second(), 20'000);
  EXPECT_DOUBLE_EQ(sampler.bytes_out_per_second(), 300);
  sampler.Sample(200'000, {50, 2000, 30});
  EXPECT_DOUBLE_EQ(sampler.commands_per_second(), 250);
}

TEST(RateSampler, ForgetsWhatIsOlderThanItsSamples) {
  RateSampler sampler;
  sampler.Sample(0, {0, 0, 0});
  int64_t now_us = 100'000;
  sampler.Sample(now_us, {1'000'000, 0, 0});
  for (size_t i = 0; i < RateSampler::kSamples; ++i) {
    EXPECT_GT(sampler.commands_per_second(), 0);
    sampler.Sample(now_us += 100'000, {1'000'000, 0, 0});
  }
  EXPECT_EQ(sampler.commands_per_second(), 0);
}

TEST(RateSampler, StartsAgainWhenTheCountersDo) {
  RateSampler sampler;
  sampler.Sample(0, {1'000'000, 0, 0});
  sampler.Sample(1'000'000, {20, 0, 0});
  EXPECT_DOUBLE_EQ(sampler.commands_per_second(), 20);
}

TEST(RateSampler, IgnoresACallTooSoon) {
  RateSampler sampler;
  sampler.Sample(0, {0, 0, 0});
  sampler.Sample(10, {100, 0, 0});
  EXPECT_EQ(sampler.commands_per_second(), 0);
  sampler.Sample(1'000'000, {100, 0, 0});
  EXPECT_DOUBLE_EQ(sampler.commands_per_second(), 100);
}

TEST(TotalsOf, AddsTheCoresUp) {
  CoreStatistics one(1);
  CoreStatistics two(1);
  one.commands_processed.Add(1);
  two.commands_processed.Add(2);
  two.bytes_in.Add(3);
  one.bytes_out.Add(4);
  const RateSampler::Totals totals = TotalsOf({&one, &two});
  EXPECT_EQ(totals.commands, 3u);
  EXPECT_EQ(totals.bytes_in, 3u);
  EXPECT_EQ(totals.bytes_out, 4u);
}

}  // namespace
}  // namespace tally::server
