#include "storage/database_map.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "storage/object_codec.h"

namespace tally::storage {
namespace {

TEST(DatabaseMapTest, AtFirstEachIsItself) {
  const DatabaseMap map(3);
  EXPECT_EQ(map.databases(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(map.StoredOf(i), i);
    EXPECT_EQ(map.ticket(i), kNoTicket);
  }
  EXPECT_TRUE(map.IsWhole());
  EXPECT_FALSE(map.has_changes());
}

TEST(DatabaseMapTest, ASwapIsAChangeOfTheTurn) {
  DatabaseMap map(3);
  map.Swap(0, 2);
  EXPECT_EQ(map.StoredOf(0), 2);
  EXPECT_EQ(map.StoredOf(2), 0);
  EXPECT_EQ(map.ticket(0), kOpenTicket);
  EXPECT_EQ(map.ticket(2), kOpenTicket);
  EXPECT_EQ(map.ticket(1), kNoTicket);
  EXPECT_TRUE(map.has_changes());
  map.Stamp(7);
  EXPECT_EQ(map.ticket(0), 7u);
  EXPECT_EQ(map.ticket(1), kNoTicket);
  EXPECT_FALSE(map.has_changes());
  map.Swap(1, 2);
  EXPECT_EQ(map.StoredOf(0), 2);
  EXPECT_EQ(map.StoredOf(1), 0);
  EXPECT_EQ(map.StoredOf(2), 1);
  map.Stamp(8);
  EXPECT_EQ(map.ticket(0), 7u);
  EXPECT_EQ(map.ticket(1), 8u);
}

// Whatever of it was there before.
TEST(DatabaseMapTest, TheJournalSaysWhereEachIsNow) {
  DatabaseMap map(4);
  map.Swap(0, 1);
  map.Stamp(1);
  map.Swap(1, 3);
  map.Swap(3, 1);
  map.Swap(2, 3);
  std::string change_set;
  map.Encode(&change_set);
  for (int rounds = 1; rounds <= 2; ++rounds) {
    DatabaseMap replayed(4);
    replayed.Set(0, 1);
    replayed.Set(1, 0);
    for (int i = 0; i < rounds; ++i) {
      std::string_view left = change_set;
      while (!left.empty()) {
        Change change;
        ASSERT_TRUE(ReadChange(&left, &change));
        ASSERT_TRUE(change.is_place);
        replayed.Set(change.database, change.stored);
      }
    }
    EXPECT_TRUE(replayed.IsWhole());
    for (int i = 0; i < 4; ++i) EXPECT_EQ(replayed.StoredOf(i), map.StoredOf(i)) << i;
  }
}

TEST(DatabaseMapTest, TwoInOneAreNotWhole) {
  DatabaseMap map(2);
  map.Set(0, 1);
  EXPECT_FALSE(map.IsWhole());
  map.Set(1, 0);
  EXPECT_TRUE(map.IsWhole());
  map.Set(1, 2);
  EXPECT_FALSE(map.IsWhole());
}

}  // namespace
}  // namespace tally::storage
