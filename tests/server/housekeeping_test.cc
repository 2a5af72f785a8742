#include "server/housekeeping.h"

#include <atomic>
#include <chrono>
#include <future>
#include <vector>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

constexpr std::chrono::milliseconds kNever = std::chrono::hours(24);

TEST(Housekeeping, RoundsAreNumberedAndGoOn) {
  std::vector<int64_t> numbers;
  std::promise<void> third;
  Housekeeping housekeeping(std::chrono::milliseconds(1), [&](int64_t number) {
    numbers.push_back(number);
    if (number == 2) third.set_value();
  });
  housekeeping.Start();
  third.get_future().wait();
  housekeeping.Stop();
  ASSERT_GE(numbers.size(), 3U);
  for (size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], static_cast<int64_t>(i));
}

TEST(Housekeeping, WhatIsAsideDoesNotWaitForTheNextRound) {
  std::atomic<int> rounds = 0;
  std::promise<void> done;
  Housekeeping housekeeping(kNever, [&](int64_t) { ++rounds; });
  housekeeping.Start();
  housekeeping.RunAside([&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_EQ(rounds, 1);
}

TEST(Housekeeping, StopWaitsForAllThatWasGiven) {
  std::vector<int> ran;
  Housekeeping housekeeping(kNever, [](int64_t) {});
  housekeeping.RunAside([&] {
    ran.push_back(1);
    housekeeping.RunAside([&] { ran.push_back(3); });
  });
  housekeeping.RunAside([&] { ran.push_back(2); });
  housekeeping.Start();
  housekeeping.Stop();
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  housekeeping.Stop();
}

}  // namespace
}  // namespace tally::server
