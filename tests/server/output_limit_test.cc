#include "server/output_limit.h"

#include <gtest/gtest.h>

#include "protocol/errors.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

TEST(OutputLimitTest, MuchIsTooMuchAtOnceAndLessAfterAWhile) {
  constexpr OutputBounds kBounds{.hard_bytes = 100, .soft_bytes = 10, .soft_seconds = 60};
  OutputLimit limit;
  EXPECT_FALSE(limit.Exceeds(kBounds, 100, 0));
  EXPECT_TRUE(limit.Exceeds(kBounds, 101, 0));
  EXPECT_FALSE(limit.Exceeds(kBounds, 11, 60'000));
  EXPECT_TRUE(limit.Exceeds(kBounds, 11, 60'001));
  EXPECT_FALSE(limit.Exceeds(kBounds, 10, 60'002)) << "starts anew";
  EXPECT_FALSE(limit.Exceeds(kBounds, 11, 120'000));
}

TEST(OutputLimitTest, ZeroIsNoBound) {
  OutputLimit limit;
  EXPECT_FALSE(limit.Exceeds({}, SIZE_MAX, 0));
  EXPECT_FALSE(limit.Exceeds({}, SIZE_MAX, INT64_MAX));
}

TEST(OutputBoundsTest, ClassesAreReadByName) {
  OutputBoundsByClass bounds;
  EXPECT_EQ(ReadOutputBounds("NORMAL 1kb 2 3 replica 4 5 6", &bounds), "");
  EXPECT_EQ(OutputBoundsText(bounds), "normal 1024 2 3 slave 4 5 6 pubsub 33554432 8388608 60");
  EXPECT_EQ(ReadOutputBounds("pubsub 0 0 0 slave 7 8 9", &bounds), "");
  EXPECT_EQ(OutputBoundsText(bounds), "normal 1024 2 3 slave 7 8 9 pubsub 0 0 0");
  EXPECT_EQ(bounds.SmallestBytes(), 2u);
}

TEST(OutputBoundsTest, WhatIsWrongChangesNothing) {
  OutputBoundsByClass bounds;
  EXPECT_EQ(ReadOutputBounds("normal 1 2 3 pubsub 1 2", &bounds), errors::kConfigBoundsWords);
  EXPECT_EQ(ReadOutputBounds("normal 1 2 3 master 1 2 3", &bounds), errors::kConfigBoundsClass);
  for (const char* bad : {"x 2 3", "1 -2 3", "1 2 -3", "1 2 3x", "1 2 2147483648"}) {
    EXPECT_EQ(ReadOutputBounds("pubsub 1 2 3 normal " + std::string(bad), &bounds),
              errors::kConfigBoundsValue)
        << bad;
  }
  EXPECT_EQ(bounds, OutputBoundsByClass());
}

}  // namespace
}  // namespace tally::server
