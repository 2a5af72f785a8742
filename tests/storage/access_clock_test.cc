#include "storage/access_clock.h"

#include <gtest/gtest.h>

namespace tally::storage {
namespace {

TEST(AccessClock, TicksOnceASecondAndWraps) {
  const AccessClock start = AccessClockAt(1'700'000'000'000);
  EXPECT_EQ(AccessClockAt(1'700'000'000'999), start);
  EXPECT_EQ(AccessClockAt(1'700'000'001'000), static_cast<AccessClock>(start + 1));
  EXPECT_EQ(AccessClockAt(1'700'000'000'000 + int64_t{65536} * 1000), start);
}

TEST(AccessClock, IdlenessIsCountedAcrossTheWrap) {
  EXPECT_EQ(IdleSeconds(7, 7), 0);
  EXPECT_EQ(IdleSeconds(10, 7), 3);
  EXPECT_EQ(IdleSeconds(2, 65534), 4);
  EXPECT_EQ(IdleSeconds(7, 8), 65535);
  EXPECT_EQ(ClockIdleFor(2, 4), 65534);
}

// Looked at often enough, no object ever becomes young by growing older.
TEST(AccessClock, SaturationKeepsTheOldOld) {
  AccessClock clock = 100;
  uint16_t before = 0;
  for (int64_t age_s = 0; age_s < 400'000; age_s += 16'000) {
    const auto now = static_cast<AccessClock>(100 + age_s);
    clock = SaturatedClock(now, clock);
    const uint16_t idle = IdleSeconds(now, clock);
    EXPECT_GE(idle, before);
    EXPECT_EQ(idle, age_s < kMaxIdleSeconds ? age_s : kMaxIdleSeconds);
    before = idle;
  }
}

TEST(AccessClock, SaturationLeavesTheYoungAlone) {
  EXPECT_EQ(SaturatedClock(5, 5), 5);
  EXPECT_EQ(SaturatedClock(32767, 0), 0);
  EXPECT_EQ(SaturatedClock(32768, 0), 1);
  EXPECT_EQ(SaturatedClock(3, 65000), 65000);
}

}  // namespace
}  // namespace tally::storage
