#include "storage/object_scan.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "storage/object.h"
#include "storage/object_codec.h"
#include "tests/storage/faulty_database.h"
#include "tests/storage/memory_database.h"

namespace tally::storage {
namespace {

constexpr ScanLimits kAll = {.objects = 1000, .bytes = 1 << 20};
constexpr SlotPosition kEnd{kSlotCount, 0};

class ObjectScanTest : public ::testing::Test {
 protected:
  void Put(SlotPosition at, std::string_view name, std::string_view value, uint8_t stored = 0) {
    const Key key{.name = name, .slot = static_cast<uint16_t>(at.slot), .hash = at.hash};
    std::string on_disk;
    AppendObjectKey(&on_disk, stored, key);
    Change change;
    change.type = ObjectType::kString;
    change.name = name;
    change.bytes = value;
    std::string record;
    AppendObjectValue(&record, *MakeObject(key, change), 1);
    record_bytes_ = on_disk.size() + record.size();
    last_key_ = on_disk;
    database_.SetObject(on_disk, record);
  }

  ScannedPart Scan(SlotPosition begin, SlotPosition end, ScanLimits limits) {
    names_.clear();
    return ScanPart(&database_, 0, begin, end, limits, [&](const ScannedObject& scanned) {
      names_.emplace_back(scanned.object.key.name);
    });
  }

  MemoryDatabase database_;
  std::vector<std::string> names_;  // that the last Scan visited
  size_t record_bytes_ = 0;         // of the last Put
  std::string last_key_;            // of the last Put, as on the disk
};

using Names = std::vector<std::string>;

TEST_F(ObjectScanTest, EverythingFromBeginUpToEndInOrder) {
  Put({1, 50}, "before", "x");
  Put({2, 10}, "first", "x");
  Put({2, 90}, "second", "x");
  Put({7, 5}, "third", "x");
  Put({7, 6}, "at the end", "x");
  Put({2, 11}, "of another database", "x", 1);
  const ScannedPart part = Scan({2, 10}, {7, 6}, kAll);
  EXPECT_TRUE(part.status.ok());
  EXPECT_EQ(names_, (Names{"first", "second", "third"}));
  EXPECT_EQ(part.objects, 3U);
  EXPECT_EQ(part.end, (SlotPosition{7, 6}));
}

TEST_F(ObjectScanTest, WhatIsVisitedIsWhole) {
  Put({3, 77}, "name", "some bytes");
  const ScannedPart part =
      ScanPart(&database_, 0, {}, kEnd, kAll, [&](const ScannedObject& scanned) {
        EXPECT_EQ(scanned.object.key.name, "name");
        EXPECT_EQ(scanned.object.key.slot, 3);
        EXPECT_EQ(scanned.object.key.hash, 77U);
        EXPECT_EQ(scanned.record.bytes, "some bytes");
        EXPECT_EQ(scanned.record.generation, 1U);
        EXPECT_EQ(scanned.key, last_key_);
        EXPECT_EQ(scanned.key.size() + scanned.value.size(), record_bytes_);
      });
  EXPECT_EQ(part.objects, 1U);
  EXPECT_EQ(part.bytes, record_bytes_);
}

TEST_F(ObjectScanTest, StepsByObjectsVisitEverythingOnce) {
  Names all;
  for (uint64_t i = 0; i < 10; ++i) {
    all.push_back("name " + std::to_string(i));
    Put({static_cast<uint32_t>(i / 3), i}, all.back(), "x");
  }
  Names seen;
  SlotPosition begin;
  int steps = 0;
  for (; begin != kEnd && steps < 20; ++steps) {
    const ScannedPart part = Scan(begin, kEnd, {.objects = 4, .bytes = 1 << 20});
    EXPECT_TRUE(part.status.ok());
    EXPECT_EQ(part.objects, names_.size());
    EXPECT_LE(part.objects, 4U);
    seen.insert(seen.end(), names_.begin(), names_.end());
    begin = part.end;
  }
  EXPECT_EQ(seen, all);
  EXPECT_EQ(steps, 3);
}

TEST_F(ObjectScanTest, AStepEndsWhenItReadEnoughBytes) {
  for (uint64_t i = 0; i < 5; ++i) Put({1, i}, "n" + std::to_string(i), std::string(100, 'v'));
  const size_t limit = 2 * record_bytes_ - 1;  // the second goes beyond
  const ScannedPart part = Scan({}, kEnd, {.objects = 1000, .bytes = limit});
  EXPECT_EQ(names_, (Names{"n0", "n1"}));
  EXPECT_EQ(part.bytes, 2 * record_bytes_);
  EXPECT_EQ(part.end, (SlotPosition{1, 2}));
}

TEST_F(ObjectScanTest, NamesOfOneHashStayTogether) {
  Put({1, 5}, "a", "x");
  for (const char* name : {"b", "c", "d"}) Put({1, 6}, name, "x");
  Put({2, 6}, "e", "x");  // the same hash, another slot
  const ScannedPart part = Scan({}, kEnd, {.objects = 2, .bytes = 1 << 20});
  EXPECT_EQ(names_, (Names{"a", "b", "c", "d"}));
  EXPECT_EQ(part.end, (SlotPosition{2, 6}));
  Scan(part.end, kEnd, kAll);
  EXPECT_EQ(names_, (Names{"e"}));
}

TEST_F(ObjectScanTest, ADamagedRecordFailsTheStep) {
  Put({1, 1}, "good", "x");
  Put({1, 2}, "bad", "x");
  database_.SetObject(last_key_, "no record");
  Put({1, 3}, "behind it", "x");
  const ScannedPart part = Scan({}, kEnd, kAll);
  EXPECT_FALSE(part.status.ok());
  EXPECT_EQ(names_, (Names{"good"}));
}

TEST_F(ObjectScanTest, AFailingDiskFailsTheStep) {
  FaultyDatabase faulty(&database_);
  Put({1, 1}, "good", "x");
  faulty.FailNth(1, FaultyDatabase::When::kInsteadOfTheCall, false);
  const ScannedPart part = ScanPart(&faulty, 0, {}, kEnd, kAll, [](const ScannedObject&) {});
  EXPECT_FALSE(part.status.ok());
}

}  // namespace
}  // namespace tally::storage
