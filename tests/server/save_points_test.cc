#include "server/save_points.h"

#include <string>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

TEST(SavePointsTest, AreReadAndWrittenAsRedisHasThem) {
  for (const std::string text : {"", "3600 1", "3600 1 300 100", "1 0"}) {
    const auto points = ParseSavePoints(text);
    ASSERT_TRUE(points) << text;
    EXPECT_EQ(SavePointsText(*points), text);
  }
  const auto points = ParseSavePoints("3600 1 300 100");
  EXPECT_EQ((*points)[1], (SavePoint{.seconds = 300, .changes = 100}));
}

TEST(SavePointsTest, OtherTextIsNone) {
  for (const std::string text : {"3600", "a 1", "1 b", "0 1", "-1 1", "1 -1", " 1 1", "1  1",
                                 "1 1 ", "1 1 x", "1 1 2", " ", "1 99999999999999999999"}) {
    EXPECT_FALSE(ParseSavePoints(text)) << text;
  }
}

TEST(SavePointsTest, AnyOneMakesACheckpointDue) {
  const std::vector<SavePoint> points{{.seconds = 100, .changes = 1},
                                      {.seconds = 10, .changes = 50}};
  EXPECT_FALSE(IsAnyDue(points, 100, 1)) << "not longer ago than that";
  EXPECT_TRUE(IsAnyDue(points, 101, 1));
  EXPECT_FALSE(IsAnyDue(points, 1000, 0));
  EXPECT_FALSE(IsAnyDue(points, 11, 49));
  EXPECT_TRUE(IsAnyDue(points, 11, 50));
  EXPECT_FALSE(IsAnyDue({}, 1000, 1000));
}

}  // namespace
}  // namespace tally::server
