#include "storage/keyspace.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "storage/object_codec.h"

namespace tally::storage {
namespace {

constexpr HashSeed kSeed{1, 2};
constexpr int64_t kNow = 1'000'000;

class KeyspaceTest : public ::testing::Test {
 protected:
  Object* Find(int database, const std::string& name, int64_t now_ms = kNow) {
    seen_ = kNoTicket;
    return keyspace_.Find(database, MakeKey(kSeed, name), now_ms, &seen_);
  }
  void Put(int database, const std::string& name, int64_t value,
           int64_t expires_at_ms = kNoExpiry) {
    Object* found = Find(database, name);
    keyspace_.PutInteger(database, MakeKey(kSeed, name), found, value, expires_at_ms);
  }
  void PutBytes(int database, const std::string& name, const std::string& value,
                int64_t expires_at_ms = kNoExpiry) {
    Object* found = Find(database, name);
    keyspace_.PutBytes(database, MakeKey(kSeed, name), found, value, {}, expires_at_ms);
  }
  void Erase(int database, const std::string& name) {
    Object* found = Find(database, name);
    ASSERT_NE(found, nullptr);
    keyspace_.Erase(database, MakeKey(kSeed, name), found);
  }
  void Purge(Ticket floor) {
    size_t looked_at = 0;
    for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
      for (uint64_t hash = 0; hash < SlotTable::kHashEnd;) {
        hash = keyspace_.PurgeTombstonesFrom(0, slot, floor, hash, 1, &looked_at);
      }
    }
  }
  // Ends the turn; the encoded change set.
  std::string Close() {
    std::string change_set;
    keyspace_.EncodeDatabases(&change_set);
    keyspace_.EncodeObjects(&change_set);
    keyspace_.Stamp(++ticket_);
    return change_set;
  }
  static std::vector<Change> Decode(std::string_view change_set) {
    std::vector<Change> changes;
    while (!change_set.empty()) {
      changes.emplace_back();
      EXPECT_TRUE(ReadChange(&change_set, &changes.back()));
    }
    return changes;
  }
  static void Replay(Keyspace* keyspace, std::string_view change_set, Ticket ticket) {
    for (const Change& change : Decode(change_set)) {
      if (change.is_flush) {
        keyspace->ReplayFlush(change.database, change.generation, ticket);
      } else if (change.is_counts) {
        CountChange counts = keyspace->counts(change.database);
        counts.live += change.counts.live;
        counts.expiring += change.counts.expiring;
        keyspace->SetCounts(change.database, counts);
      } else {
        keyspace->ReplayObject(MakeKey(kSeed, change.name), change, ticket);
      }
    }
  }
  // The names of what changed after `floor`; tombstones with a '-' in front.
  std::vector<std::string> Dirty(int database, Ticket floor) {
    std::vector<std::string> names;
    for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
      for (uint64_t hash = 0; hash < SlotTable::kHashEnd;) {
        size_t looked_at = 0;
        hash = keyspace_.ForEachDirtyFrom(database, slot, floor, hash, 1, &looked_at,
                                          [&](const Object& object, uint64_t) {
                                            names.push_back(object.is_tombstone() ? "-" : "");
                                            names.back() += object.name();
                                          });
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Keyspace keyspace_{SlotRange{}, 2};
  Ticket ticket_ = 10;
  Ticket seen_ = kNoTicket;
};

TEST_F(KeyspaceTest, ChangedBytesCoverTheChangeSetWhateverItIsMadeOf) {
  const std::string long_name(5000, 'n');
  const auto expect_covered = [&](const char* what) {
    const size_t counted = keyspace_.changed_bytes();
    EXPECT_GE(counted, Close().size()) << what;
    EXPECT_EQ(keyspace_.changed_bytes(), 0u);
  };
  for (int i = 0; i < 1000; ++i) Put(0, "short" + std::to_string(i), i);
  expect_covered("many integers");
  for (int i = 0; i < 1000; ++i) Put(0, "short" + std::to_string(i), -i, kNow + i + 1);
  expect_covered("integers with an expiry, over others");
  for (int i = 0; i < 10; ++i) Put(1, long_name + std::to_string(i), i);
  expect_covered("long names");
  for (int i = 0; i < 10; ++i) Erase(1, long_name + std::to_string(i));
  expect_covered("deletions of long names");
  for (int i = 0; i < 10; ++i) PutBytes(1, std::to_string(i), long_name);
  expect_covered("large values");
  for (int i = 0; i < 10; ++i) {
    const std::string name = std::to_string(i);
    keyspace_.SetExpiry(1, MakeKey(kSeed, name), Find(1, name), kNow + 1);
  }
  expect_covered("an expiry for large values");
}

TEST_F(KeyspaceTest, AChangeIsPendingUntilItsTurnEndsThenDependsOnItsTicket) {
  EXPECT_EQ(Find(0, "a"), nullptr);
  EXPECT_EQ(seen_, kNoTicket);
  Put(0, "a", 1);
  ASSERT_NE(Find(0, "a"), nullptr);
  EXPECT_EQ(seen_, kOpenTicket);
  EXPECT_EQ(keyspace_.size_ticket(0), kOpenTicket);
  Close();
  EXPECT_EQ(Find(0, "a")->integer(), 1);
  EXPECT_EQ(seen_, ticket_);
  EXPECT_EQ(keyspace_.size_ticket(0), ticket_);
  EXPECT_EQ(Find(1, "a"), nullptr) << "another database";
}

TEST_F(KeyspaceTest, FindOnlyRaisesWhatWasSeen) {
  Put(0, "a", 1);
  Close();
  Ticket seen = 100;
  EXPECT_NE(keyspace_.Find(0, MakeKey(kSeed, "a"), kNow, &seen), nullptr);
  EXPECT_EQ(seen, 100u);
}

TEST_F(KeyspaceTest, ManyWritesOfOneTurnAreOneChangeWithTheFinalState) {
  for (int64_t i = 1; i <= 100; ++i) Put(0, "a", i);
  PutBytes(0, "b", "short");
  PutBytes(0, "b", std::string(1000, 'x'));  // does not fit where the short one was
  Put(0, "c", 1);
  Erase(0, "c");
  const std::string change_set = Close();
  const std::vector<Change> changes = Decode(change_set);
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].integer, 100);
  EXPECT_EQ(changes[1].bytes, std::string(1000, 'x'));
  EXPECT_EQ(changes[2].type, ObjectType::kTombstone);
  EXPECT_FALSE(keyspace_.has_changes());
}

TEST_F(KeyspaceTest, AbsenceAfterARemovalDependsOnItsTicket) {
  Put(0, "a", 1);
  Close();
  Erase(0, "a");
  EXPECT_EQ(Find(0, "a"), nullptr);
  EXPECT_EQ(seen_, kOpenTicket);
  Close();
  EXPECT_EQ(Find(0, "a"), nullptr);
  EXPECT_EQ(seen_, ticket_);
  EXPECT_EQ(keyspace_.counts(0).live, 0);
  Put(0, "a", 2);  // over the tombstone
  Close();
  EXPECT_EQ(Find(0, "a")->integer(), 2);
  EXPECT_EQ(keyspace_.counts(0).live, 1);
}

TEST_F(KeyspaceTest, TombstonesAreForgottenOnceACheckpointHasCarriedThem) {
  Put(0, "a", 1);
  Put(0, "b", 1);
  Close();
  Erase(0, "a");
  Close();
  const Ticket floor = ticket_;
  Erase(0, "b");
  Close();
  EXPECT_EQ(Dirty(0, floor - 1), (std::vector<std::string>{"-a", "-b"}));
  Purge(floor);
  EXPECT_EQ(Dirty(0, kNoTicket), std::vector<std::string>{"-b"});
  EXPECT_EQ(Find(0, "a"), nullptr);
  EXPECT_EQ(seen_, kNoTicket);
  Purge(ticket_);
  EXPECT_EQ(keyspace_.object_bytes(), 0u);
}

TEST_F(KeyspaceTest, WhatIsExpiredIsAbsentAndItsRemovalIsJournaled) {
  Put(0, "a", 1, kNow + 5);
  Close();
  EXPECT_EQ(keyspace_.counts(0).expiring, 1);
  EXPECT_NE(Find(0, "a", kNow + 5), nullptr);
  const Ticket written = ticket_;
  EXPECT_EQ(Find(0, "a", kNow + 6), nullptr);
  EXPECT_EQ(seen_, written) << "no reply waits for the removal itself";
  EXPECT_EQ(keyspace_.counts(0).live, 0);
  EXPECT_EQ(keyspace_.counts(0).expiring, 0);
  EXPECT_EQ(keyspace_.expired_count(), 1u);
  const std::string change_set = Close();
  const std::vector<Change> changes = Decode(change_set);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].type, ObjectType::kTombstone);
}

TEST_F(KeyspaceTest, ExpiryInStepsRemovesOnlyWhatIsExpired) {
  for (int i = 0; i < 100; ++i) Put(0, "{x}" + std::to_string(i), i, kNow + i);
  Put(0, "{x}stays", 1);
  Close();
  size_t looked_at = 0;
  int steps = 0;
  for (uint64_t hash = 0; hash < SlotTable::kHashEnd; ++steps) {
    const size_t before = looked_at;
    hash = keyspace_.ExpireFrom(0, SlotOf("{x}"), kNow + 50, hash, 10, &looked_at);
    EXPECT_LE(looked_at - before, 50u) << "a step is short, whatever the slot's size";
  }
  EXPECT_GT(steps, 2);
  EXPECT_EQ(looked_at, 101u);
  EXPECT_EQ(keyspace_.expired_count(), 50u);
  EXPECT_EQ(keyspace_.counts(0).live, 51);
  EXPECT_EQ(keyspace_.ExpireFrom(0, SlotOf("y"), kNow + 50, 0, 10, &looked_at),
            SlotTable::kHashEnd);
  EXPECT_EQ(looked_at, 101u);
}

TEST_F(KeyspaceTest, AFlushedLargeSlotIsFreedInSteps) {
  constexpr int kObjects = 20'000;
  for (int i = 0; i < kObjects; ++i) Put(0, "{x}" + std::to_string(i), i);
  Close();
  keyspace_.Flush(0);
  Close();
  int steps = 1;
  while (keyspace_.FreeStep(1000)) ++steps;
  EXPECT_GT(steps, 15);
  EXPECT_EQ(keyspace_.object_bytes(), 0u);
  EXPECT_FALSE(keyspace_.has_garbage());
}

TEST_F(KeyspaceTest, AFlushEmptiesOneDatabaseAndDropsItsPendingChanges) {
  Put(0, "old", 1);
  Put(1, "other", 1);
  Close();
  Put(1, "first", 1);
  Put(0, "pending", 1);
  Put(1, "pending", 2);
  keyspace_.Flush(0);
  Put(0, "new", 3);
  Put(1, "first", 4);
  EXPECT_EQ(Find(0, "old"), nullptr);
  EXPECT_EQ(seen_, kOpenTicket);
  EXPECT_EQ(keyspace_.counts(0).live, 1);
  const std::string change_set = Close();
  const std::vector<Change> changes = Decode(change_set);
  ASSERT_EQ(changes.size(), 4u);
  EXPECT_TRUE(changes[0].is_flush);
  EXPECT_EQ(changes[0].database, 0);
  EXPECT_EQ(changes[0].generation, 1u);
  EXPECT_EQ(changes[1].name, "first");
  EXPECT_EQ(changes[1].integer, 4);
  EXPECT_EQ(changes[2].name, "pending");
  EXPECT_EQ(changes[3].name, "new");
  EXPECT_EQ(Find(0, "old"), nullptr);
  EXPECT_EQ(seen_, ticket_) << "absence depends on the flush";
  EXPECT_EQ(Find(1, "other")->integer(), 1);
}

// A checkpoint is worth its while where there is something to be deleted.
TEST_F(KeyspaceTest, AFlushTellsWhetherTheDiskHasSomethingOfIt) {
  const auto put_and_flush = [&] {
    Put(0, "a", 1);
    Close();
    keyspace_.Flush(0);
    Close();
    return keyspace_.TakeFlushedOnDisk();
  };
  EXPECT_FALSE(put_and_flush()) << "no checkpoint has seen it";
  Put(0, "a", 1);
  Put(1, "a", 1);
  Close();
  keyspace_.BeginCheckpoint();
  keyspace_.EndCheckpoint(ticket_);
  keyspace_.Flush(0);
  Close();
  EXPECT_TRUE(keyspace_.TakeFlushedOnDisk());
  EXPECT_FALSE(keyspace_.TakeFlushedOnDisk()) << "it was told";
  EXPECT_FALSE(put_and_flush());
  keyspace_.BeginCheckpoint();
  EXPECT_TRUE(put_and_flush()) << "it may be among the copies";
  keyspace_.EndCheckpoint(ticket_);
  keyspace_.Flush(1);
  EXPECT_TRUE(keyspace_.TakeFlushedOnDisk());
}

TEST_F(KeyspaceTest, AFlushThatIsReplayedTellsLikewise) {
  keyspace_.SetCold(1);
  keyspace_.ReplayFlush(0, 1, ++ticket_);
  EXPECT_FALSE(keyspace_.TakeFlushedOnDisk());
  keyspace_.ReplayFlush(1, 1, ++ticket_);
  EXPECT_TRUE(keyspace_.TakeFlushedOnDisk());
}

TEST_F(KeyspaceTest, AFlushIsJournaledEvenWhereTheDatabaseIsEmpty) {
  // Of many shards' keyspaces one writes the flush for all.
  keyspace_.Flush(1);
  EXPECT_TRUE(keyspace_.has_changes());
  EXPECT_EQ(keyspace_.generation(1), 1u);
  EXPECT_EQ(Decode(Close()).size(), 1u);
}

TEST_F(KeyspaceTest, FlushedObjectsAreFreedInSteps) {
  for (int i = 0; i < 1000; ++i) Put(0, std::to_string(i), i);
  for (int i = 0; i < 5000; ++i) Put(0, "{one slot}" + std::to_string(i), i);
  Close();
  keyspace_.Flush(0);
  Close();
  EXPECT_TRUE(keyspace_.has_garbage());
  uint64_t before = keyspace_.object_bytes();
  EXPECT_GT(before, 0u);
  int steps = 0;
  for (bool more = true; more; ++steps) {
    more = keyspace_.FreeStep(500);
    EXPECT_LE(before - keyspace_.object_bytes(), 6000u * 100u);
    before = keyspace_.object_bytes();
  }
  EXPECT_GE(steps, 6000 / (500 + 4096));
  EXPECT_EQ(keyspace_.object_bytes(), 0u);
  EXPECT_FALSE(keyspace_.has_garbage());
}

TEST_F(KeyspaceTest, AVisitOfWhatChangedGoesInStepsAndMeetsEachOnce) {
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) Put(0, "{s}" + std::to_string(i), i);
  Close();
  const Ticket floor = ticket_;
  for (int i = 0; i < 500; i += 2) {
    Put(0, "{s}" + std::to_string(i), -i);
    expected.push_back("{s}" + std::to_string(i));
  }
  Close();
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(Dirty(0, floor), expected);
  EXPECT_EQ(Dirty(0, ticket_), std::vector<std::string>{});
  EXPECT_EQ(Dirty(1, kNoTicket), std::vector<std::string>{});
}

TEST_F(KeyspaceTest, ColdObjectsOfAnOlderGenerationAreAbsent) {
  keyspace_.SetGeneration(0, 5);
  keyspace_.SetCold(0);
  ObjectRecord record;
  record.type = ObjectType::kString;
  record.is_integer = true;
  record.generation = 4;
  keyspace_.Take(0, MakeKey(kSeed, "old"), &record);
  record.generation = 5;
  keyspace_.Take(0, MakeKey(kSeed, "new"), &record);
  EXPECT_EQ(Find(0, "old"), nullptr);
  EXPECT_NE(Find(0, "new"), nullptr);
  EXPECT_EQ(seen_, kNoTicket) << "what is loaded is clean";
  EXPECT_EQ(Dirty(0, kNoTicket), std::vector<std::string>{});
}

// ---- Random operations against a map, and every change set replayed into a second keyspace.

struct Value {
  std::optional<int64_t> integer;
  std::string bytes;
  int64_t expires_at_ms = kNoExpiry;
  bool operator==(const Value&) const = default;
};
using Model = std::map<std::pair<int, std::string>, Value>;

Value ValueOf(const Object& object) {
  Value value;
  value.expires_at_ms = object.expires_at_ms();
  if (object.is_integer()) {
    value.integer = object.integer();
  } else {
    value.bytes = object.bytes();
  }
  return value;
}

void ExpectEqual(Keyspace* keyspace, const Model& model, int names) {
  for (int database = 0; database < keyspace->databases(); ++database) {
    int64_t live = 0;
    int64_t expiring = 0;
    for (int i = 0; i < names; ++i) {
      const std::string name = "k" + std::to_string(i);
      Ticket seen = kNoTicket;
      const Object* found = keyspace->Find(database, MakeKey(kSeed, name), 0, &seen);
      const auto expected = model.find({database, name});
      ASSERT_EQ(found != nullptr, expected != model.end()) << database << ' ' << name;
      if (found == nullptr) continue;
      ASSERT_EQ(ValueOf(*found), expected->second) << database << ' ' << name;
      ++live;
      if (expected->second.expires_at_ms != kNoExpiry) ++expiring;
    }
    ASSERT_EQ(keyspace->counts(database).live, live);
    ASSERT_EQ(keyspace->counts(database).expiring, expiring);
  }
}

TEST_F(KeyspaceTest, BehavesLikeAMapAndReplaysToTheSame) {
  constexpr int kNames = 40;
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Keyspace keyspace(SlotRange{}, 2);
    Keyspace replayed(SlotRange{}, 2);
    Model model;
    Ticket ticket = 0;
    for (int turn = 0; turn < 60; ++turn) {
      for (uint32_t op = random() % 8; op > 0; --op) {
        const int database = static_cast<int>(random() % 2);
        const std::string name = "k" + std::to_string(random() % kNames);
        const Key key = MakeKey(kSeed, name);
        const int64_t expiry = random() % 3 == 0 ? static_cast<int64_t>(random()) : kNoExpiry;
        Ticket seen = kNoTicket;
        Object* found = keyspace.Find(database, key, 0, &seen);
        Value& value = model[{database, name}];
        switch (random() % 16) {
          case 0:
            keyspace.Flush(database);
            std::erase_if(model, [&](const auto& entry) { return entry.first.first == database; });
            continue;
          case 1:
          case 2:
          case 3:
            if (found != nullptr) keyspace.Erase(database, key, found);
            model.erase({database, name});
            continue;
          case 4:
            if (found == nullptr) {
              model.erase({database, name});
            } else {
              keyspace.SetExpiry(database, key, found, expiry);
              value.expires_at_ms = expiry;
            }
            continue;
          case 5:
            if (found != nullptr && !found->is_integer()) {  // APPEND
              keyspace.PutBytes(database, key, found, found->bytes(), "more", expiry);
              value = {std::nullopt, value.bytes + "more", expiry};
              continue;
            }
            [[fallthrough]];
          case 6:
          case 7:
          case 8:
          case 9: {
            const std::string bytes(random() % 200, static_cast<char>(random()));
            keyspace.PutBytes(database, key, found, bytes, "tail", expiry);
            value = {std::nullopt, bytes + "tail", expiry};
            continue;
          }
          default: {
            const auto integer = static_cast<int64_t>(random());
            keyspace.PutInteger(database, key, found, integer, expiry);
            value = {integer, {}, expiry};
          }
        }
      }
      ExpectEqual(&keyspace, model, kNames);
      std::string change_set;
      keyspace.EncodeDatabases(&change_set);
      keyspace.EncodeObjects(&change_set);
      keyspace.EncodeCounts(&change_set);
      keyspace.Stamp(++ticket);
      Replay(&replayed, change_set, ticket);
      ExpectEqual(&replayed, model, kNames);
      EXPECT_EQ(replayed.generation(0), keyspace.generation(0));
      while (keyspace.FreeStep(10)) {
      }
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace tally::storage
