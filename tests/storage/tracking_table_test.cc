#include "storage/tracking_table.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "storage/key.h"
#include "storage/keyspace.h"

namespace tally::storage {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

class TrackingTableTest : public ::testing::Test, protected ChangeListener {
 protected:
  TrackingTableTest() : keyspace(SlotRange{}, 2) {
    table.Attach(&totals);
    table.set_listener(this);
    totals.trackers = 2;
  }
  static Key KeyOf(std::string_view name) { return MakeKey({}, name); }
  void Put(std::string_view name, int64_t expires_at_ms = kNoExpiry, int database = 0) {
    const Key key = KeyOf(name);
    keyspace.PutInteger(database, key, Find(name, database), 1, expires_at_ms);
  }
  Object* Find(std::string_view name, int database = 0, int64_t now_ms = kNowMs) {
    seen = kNoTicket;
    return keyspace.Find(database, KeyOf(name), now_ms, &seen);
  }

  bool OnChange(std::string_view name, Trackers trackers, bool expired) override {
    if (trackers.empty()) return false;
    told.push_back(std::string(name) + (expired ? " expired " : " ") +
                   std::to_string(trackers.size()));
    return true;
  }
  void OnForgotten(std::string_view name, Trackers trackers) override {
    EXPECT_FALSE(trackers.empty());
    forgotten.emplace_back(name);
  }
  void OnFlush() override {}

  TrackingTotals totals;
  Keyspace keyspace;
  TrackingTable& table = keyspace.tracking();
  std::shared_ptr<Tracker> one = std::make_shared<Tracker>();
  std::shared_ptr<Tracker> two = std::make_shared<Tracker>();
  Ticket seen = kNoTicket;
  std::vector<std::string> told;
  std::vector<std::string> forgotten;
};

using Told = std::vector<std::string>;

TEST_F(TrackingTableTest, AChangeIsToldOnceToAllWhoHaveReadTheKey) {
  table.Remember(KeyOf("a"), one);
  table.Remember(KeyOf("a"), two);
  table.Remember(KeyOf("a"), one);
  EXPECT_EQ(totals.keys, 1U);
  EXPECT_EQ(totals.items, 2U);
  Put("b");
  EXPECT_EQ(told, Told());
  Put("a");
  EXPECT_EQ(told, Told{"a 2"});
  EXPECT_EQ(totals.keys, 0U);
  EXPECT_EQ(totals.items, 0U);
  Put("a");
  EXPECT_EQ(told, Told{"a 2"});
}

TEST_F(TrackingTableTest, AChangeOfWhatThisTurnHasChangedBeforeIsTold) {
  Put("a");
  table.Remember(KeyOf("a"), one);
  keyspace.Erase(0, KeyOf("a"), Find("a"));
  EXPECT_EQ(told, Told{"a 1"});
  table.Remember(KeyOf("a"), one);
  Put("a");
  EXPECT_EQ(told.size(), 2U);
}

TEST_F(TrackingTableTest, AKeyIsItsNameWhateverTheDatabase) {
  table.Remember(KeyOf("a"), one);
  Put("a", kNoExpiry, 1);
  EXPECT_EQ(told, Told{"a 1"});
}

TEST_F(TrackingTableTest, WhoFindsThatACopyHasExpiredWaitsForTheRemoval) {
  Put("a", kNowMs + 1);
  Put("b", kNowMs + 1);
  table.Remember(KeyOf("a"), one);
  keyspace.Stamp(7);
  EXPECT_EQ(Find("a", 0, kNowMs + 2), nullptr);
  EXPECT_EQ(seen, kOpenTicket);
  EXPECT_EQ(told, Told{"a expired 1"});
  EXPECT_EQ(Find("b", 0, kNowMs + 2), nullptr);  // nobody has one
  EXPECT_EQ(seen, 7U);
}

TEST_F(TrackingTableTest, LeavingMemoryIsNoChange) {
  Put("a");
  table.Remember(KeyOf("a"), one);
  told.clear();
  keyspace.Stamp(1);
  keyspace.BeginCheckpoint();
  keyspace.EndCheckpoint(1);
  keyspace.EvictAll();
  ASSERT_EQ(keyspace.resident_objects(), 0U);
  EXPECT_EQ(told, Told());
  EXPECT_EQ(table.size(), 1U);
}

TEST_F(TrackingTableTest, BeyondTheLimitEntriesAreForgottenAndTold) {
  totals.max_keys = 3;
  for (int i = 0; i < 10; ++i) table.Remember(KeyOf(std::to_string(i)), one);
  EXPECT_EQ(table.size(), 3U);
  EXPECT_EQ(forgotten.size(), 7U);
  totals.max_keys = 1;
  table.Step();
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(forgotten.size(), 9U);
  EXPECT_EQ(totals.items, 1U);
}

TEST_F(TrackingTableTest, WhoHasEndedIsForgottenBitByBit) {
  for (int i = 0; i < 1000; ++i) table.Remember(KeyOf(std::to_string(i)), one);
  table.Remember(KeyOf("0"), two);
  one->End();
  ++totals.ended;
  int steps = 0;
  while (table.Step()) ++steps;
  EXPECT_GT(steps, 10);
  EXPECT_EQ(totals.keys, 1U);
  EXPECT_EQ(totals.items, 1U);
  table.Remember(KeyOf("x"), one);
  EXPECT_EQ(totals.keys, 1U);
}

TEST_F(TrackingTableTest, ClearingTellsNobodyAndFreesInSteps) {
  for (int i = 0; i < 1000; ++i) table.Remember(KeyOf(std::to_string(i)), one);
  table.Clear();
  EXPECT_EQ(totals.keys, 0U);
  EXPECT_EQ(totals.items, 0U);
  EXPECT_GT(one.use_count(), 900);
  EXPECT_TRUE(table.Step());
  EXPECT_GT(one.use_count(), 500);
  while (table.Step()) {
  }
  EXPECT_EQ(one.use_count(), 1);
  Put("1");
  EXPECT_EQ(told, Told());
}

TEST_F(TrackingTableTest, WhereNobodyTracksNothingIsAsked) {
  table.Remember(KeyOf("a"), one);
  totals.trackers = 0;
  Put("a");
  EXPECT_EQ(told, Told());
}

}  // namespace
}  // namespace tally::storage
