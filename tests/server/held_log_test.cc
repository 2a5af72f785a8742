#include "server/held_log.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tally::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HeldLogTest : public ::testing::Test {
 protected:
  std::vector<std::string> told_;
  HeldLog log_{[this](const std::string& line) { told_.push_back(line); }};
};

TEST_F(HeldLogTest, NothingIsToldUntilItIsReleasedAndAllOfItAfterwardsInOrder) {
  log_.Add("1");
  log_.Add("2");
  EXPECT_THAT(told_, IsEmpty());
  log_.Release();
  EXPECT_THAT(told_, ElementsAre("1", "2"));
  log_.Add("3");
  EXPECT_THAT(told_, ElementsAre("1", "2", "3"));
  log_.Release();
  EXPECT_THAT(told_, ElementsAre("1", "2", "3"));
}

TEST_F(HeldLogTest, HoldsSoManyLinesAndCountsTheRest) {
  for (size_t i = 0; i < HeldLog::kMaxHeldLines + 2; ++i) log_.Add(std::to_string(i));
  log_.Release();
  ASSERT_EQ(told_.size(), HeldLog::kMaxHeldLines + 1);
  EXPECT_EQ(told_[HeldLog::kMaxHeldLines - 1], std::to_string(HeldLog::kMaxHeldLines - 1));
  EXPECT_EQ(told_.back(), "2 more lines while starting");
}

}  // namespace
}  // namespace tally::server
