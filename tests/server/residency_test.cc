#include "server/residency.h"

#include <gtest/gtest.h>

namespace tally::server {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kLimit = 100 * kMiB;

TEST(BytesBesideObjects, IsWhatTheAllocatorHasGivenToOthers) {
  MemoryUsage usage;
  usage.used = usage.resident = 30 * kMiB;
  EXPECT_EQ(BytesBesideObjects(usage, 20 * kMiB), 10 * kMiB);
  EXPECT_EQ(BytesBesideObjects(usage, 40 * kMiB), 0u) << "measured at another moment";
}

TEST(BytesBesideObjects, TheProgramAndTheAllocatorsHolesCount) {
  MemoryUsage usage;
  usage.used = 60 * kMiB;
  usage.allocator_resident = 65 * kMiB;
  usage.resident = 72 * kMiB;
  EXPECT_EQ(BytesBesideObjects(usage, 60 * kMiB), 7 * kMiB + 5 * kMiB);
}

// Objects leave, and their pages stay: that must not make more of them leave, and so on.
TEST(BytesBesideObjects, HolesAreCountedUpToAPart) {
  MemoryUsage usage;
  usage.used = 60 * kMiB;
  usage.allocator_resident = usage.resident = 120 * kMiB;
  EXPECT_EQ(BytesBesideObjects(usage, 60 * kMiB), 10 * kMiB);
}

TEST(ObjectsPart, IsWhatOthersLeaveAndAnEighthAtLeast) {
  EXPECT_EQ(ObjectsPart(kLimit, 0), kLimit / 100 * 96);
  EXPECT_EQ(ObjectsPart(kLimit, 50 * kMiB), kLimit / 100 * 96 - 50 * kMiB);
  EXPECT_EQ(ObjectsPart(kLimit, 95 * kMiB), kLimit / 8);
  EXPECT_EQ(ObjectsPart(kLimit, 900 * kMiB), kLimit / 8);
  EXPECT_EQ(ObjectsPart(1, 900 * kMiB), 0u);
}

TEST(RecentPeak, RisesAtOnceAndFallsSlowly) {
  RecentPeak peak;
  EXPECT_EQ(peak.Note(1000), 1000u);
  EXPECT_EQ(peak.Note(600'000), 600'000u);
  EXPECT_EQ(peak.Note(0), 599'000u);
  for (uint64_t i = 0; i < RecentPeak::kCalls; ++i) peak.Note(0);
  EXPECT_GT(peak.Note(0), 200'000u);
  EXPECT_LT(peak.Note(0), 240'000u);
  for (uint64_t i = 0; i < 20 * RecentPeak::kCalls; ++i) peak.Note(7);
  EXPECT_EQ(peak.Note(7), 7u);
}

TEST(StoreCacheBytes, IsAPartWithBounds) {
  EXPECT_EQ(StoreCacheBytes(0), 64 * kMiB);
  EXPECT_EQ(StoreCacheBytes(kLimit), kLimit / 8);
  EXPECT_EQ(StoreCacheBytes(1), 8 * kMiB);
  EXPECT_EQ(StoreCacheBytes(uint64_t{1} << 40), uint64_t{1} << 30);
}

}  // namespace
}  // namespace tally::server
