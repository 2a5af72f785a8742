#include "server/reply_budget.h"

#include <gtest/gtest.h>

namespace tally::server {
namespace {

constexpr size_t kLeast = ReplyBudget::kLeastPerClient;

TEST(ReplyBudgetTest, WithoutMaxmemoryOneClientMayHaveItsMost) {
  ReplyBudget budget;
  budget.Share(0, 4);
  EXPECT_TRUE(budget.HasRoom(ReplyBudget::kMostPerClient - 1));
  EXPECT_FALSE(budget.HasRoom(ReplyBudget::kMostPerClient));
}

TEST(ReplyBudgetTest, TheCoresShareAPartOfMemory) {
  constexpr uint64_t kMaxmemory = 80 << 20;
  ReplyBudget budget;
  budget.Share(kMaxmemory, 2);
  constexpr uint64_t kBytes = kMaxmemory / ReplyBudget::kPart / 2;
  EXPECT_TRUE(budget.HasRoom(kBytes - 1));
  EXPECT_FALSE(budget.HasRoom(kBytes));
}

TEST(ReplyBudgetTest, AClientMayHaveWhatAllTogetherLeave) {
  ReplyBudget budget;
  budget.Share(1000 * kLeast * ReplyBudget::kPart, 1);
  OwedReplies one(&budget);
  one.Add(500 * kLeast - 1);
  EXPECT_TRUE(one.has_room());
  one.Add(1);
  EXPECT_FALSE(one.has_room()) << "it has a half";
  OwedReplies other(&budget);
  other.Add(250 * kLeast - 1);
  EXPECT_TRUE(other.has_room());
  other.Add(1);
  EXPECT_FALSE(other.has_room()) << "a half of what was left";
  one.Remove(300 * kLeast);
  EXPECT_TRUE(other.has_room()) << "it came back";
}

TEST(ReplyBudgetTest, ALittleIsEverybodys) {
  ReplyBudget budget;
  budget.Share(ReplyBudget::kPart * 10 * kLeast, 1);
  OwedReplies one(&budget);
  one.Add(1000 * kLeast);
  OwedReplies other(&budget);
  other.Add(kLeast - 1);
  EXPECT_TRUE(other.has_room());
  other.Add(1);
  EXPECT_FALSE(other.has_room());
}

TEST(ReplyBudgetTest, WhoGoesOwesNothing) {
  ReplyBudget budget;
  {
    OwedReplies one(&budget);
    one.Add(100);
    OwedReplies other(&budget);
    other.Add(7);
    one.Clear();
    EXPECT_EQ(budget.used(), 7U);
    one.Add(5);
    EXPECT_EQ(budget.used(), 12U);
  }
  EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace tally::server
