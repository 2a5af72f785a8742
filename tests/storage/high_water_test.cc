#include "storage/high_water.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/storage/test_directory.h"

namespace tally::storage {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAtOnce{1};
constexpr milliseconds kNever{3'600'000};

class HighWaterTest : public ::testing::Test {
 protected:
  std::optional<Ticket> Read() const {
    std::optional<Ticket> ticket;
    const Status status = ReadHighWater(path_, &ticket);
    EXPECT_TRUE(status.ok()) << status.message();
    return ticket;
  }

  TestDirectory directory_;
  const std::string path_ = directory_.File("high-water");
};

TEST_F(HighWaterTest, NoFileIsNoTicket) { EXPECT_EQ(Read(), std::nullopt); }

TEST_F(HighWaterTest, WhatIsWrittenIsRead) {
  for (const Ticket ticket : {kNoTicket, Ticket{1}, Ticket{12345}, kMaxTicket}) {
    ASSERT_TRUE(WriteHighWater(path_, ticket).ok());
    EXPECT_EQ(Read(), ticket);
  }
  EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(HighWaterTest, AnyDamageIsRefused) {
  ASSERT_TRUE(WriteHighWater(path_, 4711).ok());
  const std::string good = ReadFile(path_);
  std::optional<Ticket> ticket;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    WriteFile(path_, bad);
    const Status flipped = ReadHighWater(path_, &ticket);
    EXPECT_FALSE(flipped.ok()) << "byte " << i;
    EXPECT_NE(flipped.message().find(path_), std::string::npos);
    WriteFile(path_, good.substr(0, i));
    EXPECT_FALSE(ReadHighWater(path_, &ticket).ok()) << "cut at " << i;
  }
  WriteFile(path_, good + "x");
  EXPECT_FALSE(ReadHighWater(path_, &ticket).ok());
}

TEST_F(HighWaterTest, AnInterruptedWriteLeavesTheOldTicket) {
  ASSERT_TRUE(WriteHighWater(path_, 5).ok());
  WriteFile(path_ + ".new", "half");
  EXPECT_EQ(Read(), 5u);
  ASSERT_TRUE(WriteHighWater(path_, 6).ok());
  EXPECT_EQ(Read(), 6u);
}

TEST_F(HighWaterTest, TheKeeperFollowsWhatIsSynced) {
  std::atomic<Ticket> synced{3};
  HighWaterKeeper keeper(
      path_, kNoTicket, [&] { return synced.load(); },
      [](const std::string& message) { ADD_FAILURE() << message; }, kAtOnce);
  while (Read() != 3u) std::this_thread::sleep_for(kAtOnce);  // or the test times out
  synced = 9;
  while (Read() != 9u) std::this_thread::sleep_for(kAtOnce);
}

TEST_F(HighWaterTest, StopWritesTheRest) {
  Ticket synced = 1;
  HighWaterKeeper keeper(
      path_, kNoTicket, [&] { return synced; }, [](const std::string&) {}, kNever);
  synced = 42;
  keeper.Stop();
  EXPECT_EQ(Read(), 42u);
  synced = 43;
  keeper.Stop();
  EXPECT_EQ(Read(), 42u) << "the second time nothing";
}

TEST_F(HighWaterTest, WhatIsNotNewIsNotWritten) {
  {
    HighWaterKeeper keeper(
        path_, 7, [] { return Ticket{7}; }, [](const std::string&) {}, kNever);
  }
  EXPECT_EQ(Read(), std::nullopt);
}

TEST_F(HighWaterTest, FailuresAreReportedOnceAndOvercome) {
  const std::string missing = directory_.File("not there");
  std::atomic<Ticket> asked{0};
  std::vector<std::string> messages;  // of the keeper's thread until Stop
  HighWaterKeeper keeper(
      missing + "/high-water", kNoTicket, [&] { return ++asked; },
      [&](const std::string& message) { messages.push_back(message); }, kAtOnce);
  while (asked < 5) std::this_thread::sleep_for(kAtOnce);
  std::filesystem::create_directory(missing);
  keeper.Stop();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_NE(messages[0].find(missing), std::string::npos) << messages[0];
  std::optional<Ticket> ticket;
  ASSERT_TRUE(ReadHighWater(missing + "/high-water", &ticket).ok());
  EXPECT_EQ(ticket, asked);
}

TEST_F(HighWaterTest, AFailureOfStopIsReportedInAnyCase) {
  std::atomic<int> messages{0};
  std::atomic<Ticket> asked{0};
  HighWaterKeeper keeper(
      directory_.File("not there/high-water"), kNoTicket, [&] { return ++asked; },
      [&](const std::string&) { ++messages; }, kAtOnce);
  while (asked < 3) std::this_thread::sleep_for(kAtOnce);
  EXPECT_EQ(messages, 1);
  keeper.Stop();
  EXPECT_EQ(messages, 2);
}

}  // namespace
}  // namespace tally::storage
