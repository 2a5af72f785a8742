#include "storage/watch_table.h"

#include <memory>

#include <gtest/gtest.h>

#include "storage/keyspace.h"
#include "storage/name_hash.h"
#include "storage/object.h"

namespace tally::storage {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

class WatchTableTest : public ::testing::Test {
 protected:
  using WatcherPtr = std::shared_ptr<Watcher>;

  WatcherPtr Watch(const Key& key, int database = 0) {
    auto watcher = std::make_shared<Watcher>();
    keyspace.Watch(database, key, kNowMs, watcher);
    return watcher;
  }
  Object* Find(const Key& key, int64_t now_ms = kNowMs, int database = 0) {
    Ticket seen = kNoTicket;
    return keyspace.Find(database, key, now_ms, &seen);
  }
  void Put(const Key& key, int64_t value, int64_t expires_at_ms = kNoExpiry, int database = 0) {
    keyspace.PutInteger(database, key, Find(key, kNowMs, database), value, expires_at_ms);
  }

  Keyspace keyspace{SlotRange{}, 2};
  const Key a = MakeKey({}, "a");
  const Key b = MakeKey({}, "b");
};

TEST_F(WatchTableTest, EveryWriteIsAChange) {
  WatcherPtr watcher = Watch(a);
  EXPECT_FALSE(watcher->changed());
  Put(a, 1);
  EXPECT_TRUE(watcher->changed()) << "made";
  // Of the same turn, in which the object is marked as changed already.
  watcher = Watch(a);
  Put(a, 1);
  EXPECT_TRUE(watcher->changed()) << "written in place, with what it was";
  watcher = Watch(a);
  keyspace.PutBytes(0, a, Find(a), std::string(1000, 'x'), {}, kNoExpiry);
  EXPECT_TRUE(watcher->changed()) << "moved";
  watcher = Watch(a);
  keyspace.SetExpiry(0, a, Find(a), kNowMs + 1000);
  EXPECT_TRUE(watcher->changed()) << "the expiry";
  watcher = Watch(a);
  keyspace.Erase(0, a, Find(a));
  EXPECT_TRUE(watcher->changed()) << "deleted";
  keyspace.Stamp(1);
  watcher = Watch(a);
  Put(a, 2);
  EXPECT_TRUE(watcher->changed()) << "made where a tombstone was";
  keyspace.Stamp(2);
  watcher = Watch(a);
  Put(a, 3);
  EXPECT_TRUE(watcher->changed());
}

TEST_F(WatchTableTest, OthersObjectsAndReadsAreNone) {
  Put(a, 1);
  const WatcherPtr watcher = Watch(a);
  Put(b, 1);
  Put(a, 1, kNoExpiry, 1);
  EXPECT_NE(Find(a), nullptr);
  keyspace.Erase(0, b, Find(b));
  keyspace.Flush(1);
  EXPECT_FALSE(watcher->changed());
}

TEST_F(WatchTableTest, LeavingMemoryAndComingBackIsNone) {
  Put(a, 1);
  keyspace.Stamp(1);
  keyspace.EndCheckpoint(1);
  const WatcherPtr watcher = Watch(a);
  keyspace.EvictAll();
  ASSERT_FALSE(keyspace.Knows(0, a));
  ObjectRecord record;
  record.type = ObjectType::kString;
  record.is_integer = true;
  record.integer = 1;
  keyspace.Take(0, a, &record);
  ASSERT_NE(Find(a), nullptr);
  EXPECT_FALSE(watcher->changed());
  Put(a, 2);
  EXPECT_TRUE(watcher->changed());
}

TEST_F(WatchTableTest, TheRemovalOfWhatHasExpiredIsAChange) {
  Put(a, 1, kNowMs + 10);
  const WatcherPtr read = Watch(a);
  EXPECT_EQ(Find(a, kNowMs + 11), nullptr);
  EXPECT_TRUE(read->changed());
  Put(b, 1, kNowMs + 10);
  const WatcherPtr removed = Watch(b);
  size_t looked_at = 0;
  keyspace.ExpireFrom(0, b.slot, kNowMs + 11, 0, 100, &looked_at);
  EXPECT_TRUE(removed->changed());
}

TEST_F(WatchTableTest, WhatHadExpiredBeforeIsAbsent) {
  Put(a, 1, kNowMs - 1);
  const WatcherPtr watcher = Watch(a);
  EXPECT_EQ(Find(a, kNowMs + 1), nullptr);
  keyspace.Flush(0);
  EXPECT_FALSE(watcher->changed());
  EXPECT_FALSE(keyspace.watches().End(0, a.hash, watcher.get(), kNowMs + 1));
}

TEST_F(WatchTableTest, AFlushChangesWhatThereWas) {
  Put(a, 1);
  Put(a, 1, kNoExpiry, 1);
  const WatcherPtr there = Watch(a);
  const WatcherPtr absent = Watch(b);
  const WatcherPtr elsewhere = Watch(a, 1);
  keyspace.Flush(0);
  EXPECT_TRUE(there->changed());
  EXPECT_FALSE(absent->changed());
  EXPECT_FALSE(elsewhere->changed());
  Put(b, 1);
  EXPECT_TRUE(absent->changed());
}

TEST_F(WatchTableTest, AWatchEndsAndTellsOfExpiry) {
  Put(a, 1, kNowMs + 10);
  WatcherPtr watcher = Watch(a);
  EXPECT_FALSE(keyspace.watches().End(0, a.hash, watcher.get(), kNowMs + 10)) << "it still lives";
  EXPECT_FALSE(keyspace.watches().End(0, a.hash, watcher.get(), kNowMs + 11)) << "it was over";
  Put(a, 2);
  EXPECT_FALSE(watcher->changed());
  watcher = Watch(a);
  EXPECT_FALSE(watcher->changed());
  Put(a, 2, kNowMs + 10);
  watcher = Watch(a);
  EXPECT_TRUE(keyspace.watches().End(0, a.hash, watcher.get(), kNowMs + 11));
  EXPECT_TRUE(keyspace.watches().empty());
}

TEST_F(WatchTableTest, AllWhoWatchAreToldAndOnce) {
  const WatcherPtr one = Watch(a);
  const WatcherPtr two = Watch(a);
  const WatcherPtr other = Watch(b);
  EXPECT_EQ(keyspace.watches().size(), 3u);
  Put(a, 1);
  EXPECT_TRUE(one->changed());
  EXPECT_TRUE(two->changed());
  EXPECT_FALSE(other->changed());
  EXPECT_EQ(keyspace.watches().size(), 1u);
}

TEST_F(WatchTableTest, ASwapTellsWhoseKeyIsInOneOfTheTwo) {
  Put(a, 1);
  Put(b, 1, kNoExpiry, 1);
  const Key c = MakeKey({}, "c");
  const WatcherPtr there = Watch(a);
  const WatcherPtr in_the_other = Watch(a, 1);
  const WatcherPtr comes = Watch(b);
  const WatcherPtr nowhere = Watch(c);
  keyspace.SwapDatabases(0, 1, kNowMs);
  EXPECT_TRUE(there->changed());
  EXPECT_TRUE(in_the_other->changed());
  EXPECT_TRUE(comes->changed());
  EXPECT_FALSE(nowhere->changed());
  EXPECT_EQ(keyspace.watches().size(), 1u);
  // It watches the key of the other stored database now: that has its number.
  Put(c, 1, kNoExpiry, 0);
  EXPECT_FALSE(nowhere->changed());
  Put(c, 1, kNoExpiry, 1);
  EXPECT_TRUE(nowhere->changed());
}

TEST_F(WatchTableTest, ASwapBringsNothingWhereAllHasExpired) {
  Put(a, 1, kNowMs + 10, 1);
  const WatcherPtr watcher = Watch(a);
  keyspace.SwapDatabases(0, 1, kNowMs + 11);
  EXPECT_FALSE(watcher->changed());
  keyspace.SwapDatabases(0, 0, kNowMs);
  EXPECT_FALSE(watcher->changed());
}

TEST_F(WatchTableTest, ASwapTellsWhereMemoryCannotSay) {
  Put(a, 1, kNoExpiry, 1);
  keyspace.Stamp(1);
  keyspace.EndCheckpoint(1);
  keyspace.EvictAll();
  const WatcherPtr cold = Watch(a);
  const WatcherPtr elsewhere = Watch(b);  // its slot is complete
  keyspace.SwapDatabases(0, 1, kNowMs);
  EXPECT_TRUE(cold->changed());
  EXPECT_FALSE(elsewhere->changed());
}

}  // namespace
}  // namespace tally::storage
