#include "storage/recovery.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "storage/journal_entry.h"
#include "storage/object_codec.h"
#include "storage/sealed_record.h"
#include "tests/storage/faulty_database.h"
#include "tests/storage/refused_start.h"
#include "tests/storage/shard_world.h"
#include "tests/storage/test_store.h"

namespace tally::storage {
namespace {

// Everything in a database, to see that a refusal changed nothing.
std::vector<std::pair<std::string, std::string>> DumpOf(Database* database) {
  std::vector<std::pair<std::string, std::string>> dump;
  for (const std::string_view name : {kMetaFormat, kMetaHashSeed, kMetaCheckpoint}) {
    std::string value;
    EXPECT_TRUE(database->ReadMeta(name, &value).ok());
    dump.emplace_back(name, value);
  }
  EXPECT_TRUE(database
                  ->ScanObjects({}, {},
                                [&](std::string_view key, std::string_view value) {
                                  dump.emplace_back(key, value);
                                  return ScanStep::kContinue;
                                })
                  .ok());
  EXPECT_TRUE(database
                  ->ReadJournal([&](Ticket last, std::string_view entry) {
                    dump.emplace_back(std::to_string(last), entry);
                    return Status::Ok();
                  })
                  .ok());
  return dump;
}

// ---- On both kinds of database.

class RecoveryTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  void Start(ShardWorld* world, Ticket high_water = kNoTicket) {
    const Status status = world->Start(store_->database(), Durability::kSynced, high_water);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  std::unique_ptr<TestStore> store_ = MakeStore(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Stores, RecoveryTest,
                         ::testing::Values(StoreKind::kMemory, StoreKind::kRocks), NameOf);

TEST_P(RecoveryTest, TheFirstStartDrawsASeedThatStays) {
  ShardWorld world(2, 1);
  Start(&world);
  const HashSeed seed = world.recovered().seed;
  EXPECT_NE(seed.low, seed.high);
  EXPECT_EQ(world.recovered().last, kNoTicket);
  store_->Crash([&] { world.Stop(); });
  Start(&world);
  EXPECT_EQ(world.recovered().seed.low, seed.low);
  EXPECT_EQ(world.recovered().seed.high, seed.high);

  const auto other = MakeStore(GetParam());
  ShardWorld other_world(2, 1);
  ASSERT_TRUE(other_world.Start(other->database(), Durability::kSynced).ok());
  EXPECT_NE(other_world.recovered().seed.low, seed.low);
}

TEST_P(RecoveryTest, AnInterruptedFirstStartIsStartedOver) {
  for (uint64_t n = 1;; ++n) {
    store_.reset();
    store_ = MakeStore(GetParam());
    FaultyDatabase faulty(store_->database());
    faulty.FailNth(n, FaultyDatabase::When::kAfterTheCall, /*for_good=*/true);
    ShardWorld world(2, 1);
    const Status status = world.Start(&faulty, Durability::kSynced);
    if (!faulty.failed()) break;
    EXPECT_FALSE(status.ok());
    store_->Crash([] {});
    Start(&world);
    world.RandomTurn();
    store_->Crash([&] { world.Stop(); });
    Start(&world, /*high_water=*/1);
    EXPECT_EQ(world.State(), world.StateAt(1));
  }
}

TEST_P(RecoveryTest, TheLayoutDoesNotDependOnTheNumberOfShards) {
  ShardWorld world(3, 1);
  world.HoldTime();
  Start(&world);
  for (int i = 0; i < 40; ++i) {
    if (i == 20) {
      ASSERT_TRUE(world.Checkpoint(store_->database()).ok());
    }
    world.RandomTurn();
  }
  const Ticket last = world.log()->appended();
  for (const uint32_t shards : {1u, 2u, 7u}) {
    store_->Crash([&] { world.Stop(); });
    std::vector<std::unique_ptr<Keyspace>> owned;
    std::vector<Keyspace*> keyspaces;
    for (uint32_t i = 0; i < shards; ++i) {
      owned.push_back(std::make_unique<Keyspace>(
          SlotRange{kSlotCount * i / shards, kSlotCount * (i + 1) / shards},
          ShardWorld::kDatabases));
      keyspaces.push_back(owned.back().get());
    }
    Recovered recovered;
    ASSERT_TRUE(Recover(store_->database(), keyspaces, last, &recovered).ok());
    EXPECT_EQ(recovered.last, last);
    int64_t size = 0;
    for (Keyspace* keyspace : keyspaces) {
      for (int i = 0; i < ShardWorld::kDatabases; ++i) size += keyspace->counts(i).live;
    }
    EXPECT_EQ(size, static_cast<int64_t>(world.StateAt(last).size()));
    EXPECT_EQ(recovered.objects, world.StateAt(last).size());
  }
}

TEST_P(RecoveryTest, RecoveringAgainAndAgainGivesTheSame) {
  ShardWorld world(2, 3);
  Start(&world);
  for (int i = 0; i < 30; ++i) world.RandomTurn();
  const Ticket last = world.log()->appended();
  for (int i = 0; i < 3; ++i) {
    store_->Crash([&] { world.Stop(); });
    Start(&world, last);
    EXPECT_EQ(world.recovered().last, last);
    EXPECT_EQ(world.State(), world.StateAt(last));
  }
}

TEST_P(RecoveryTest, WhatDoesNotReachTheHighWaterMarkIsRefused) {
  ShardWorld world(2, 4);
  Start(&world);
  for (int i = 0; i < 5; ++i) world.RandomTurn();
  const Ticket last = world.log()->appended();
  store_->Crash([&] { world.Stop(); });
  const auto before = DumpOf(store_->database());
  const Status status = world.Start(store_->database(), Durability::kSynced, last + 1);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("ticket " + std::to_string(last + 1)), std::string::npos);
  EXPECT_NE(status.message().find("a log was cut, changed or deleted"), std::string::npos);
  EXPECT_EQ(DumpOf(store_->database()), before);
  Start(&world, last);
}

TEST_P(RecoveryTest, AnEmptyDatabaseWhereThereWereChangesIsRefused) {
  ShardWorld world(1, 1);
  const Status status = world.Start(store_->database(), Durability::kSynced, /*high_water=*/1);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("everything in rocks/, or its only log, was deleted"),
            std::string::npos)
      << status.message();
  std::string format;
  ASSERT_TRUE(store_->database()->ReadMeta(kMetaFormat, &format).ok());
  EXPECT_EQ(format, "");
}

// ---- Damage, which a database in memory takes easily.

class RecoveryDamageTest : public ::testing::Test {
 protected:
  // Entries 1 … 20, one ticket each; a checkpoint after the 10th.
  RecoveryDamageTest() {
    EXPECT_TRUE(world_.Start(&database_, Durability::kSynced).ok());
    for (int i = 1; i <= 20; ++i) {
      world_.Put(0, "put" + std::to_string(i), "x");
      if (i == 15) world_.Flush(1);
      EXPECT_EQ(world_.EndTurn(), static_cast<Ticket>(i));
      if (i == 10) {
        EXPECT_TRUE(world_.Checkpoint(&database_).ok());
      }
    }
    world_.Stop();
  }

  // After `damage` a start is refused, says `hint`, and changes nothing: for each hint also on a disk. The
  // next test of the same kind begins with an undamaged database.
  void ExpectRefused(const std::string& hint, const std::function<void(MemoryDatabase*)>& damage) {
    const auto damaged = database_.CloneSynced();
    damage(damaged.get());
    const auto before = DumpOf(damaged.get());
    const Status status = world_.Start(damaged.get(), Durability::kSynced);
    EXPECT_FALSE(status.ok()) << hint;
    EXPECT_NE(status.message().find(hint), std::string::npos) << status.message();
    EXPECT_EQ(DumpOf(damaged.get()), before);
    world_.Stop();
    if (!on_disk_.insert(hint).second) return;
    RocksStore store;
    CopyDatabase(damaged.get(), store.database());
    ExpectRefusedOnDisk(&store, hint, [this](Database* database) {
      return world_.Start(database, Durability::kSynced);
    });
    world_.Stop();
  }
  static std::string Entry(Ticket first, const std::vector<std::string>& change_sets) {
    std::string entry;
    BeginEntry(&entry, first);
    for (const std::string& change_set : change_sets) AppendChangeSet(&entry, change_set);
    FinishEntry(&entry, first + change_sets.size() - 1);
    return entry;
  }

  MemoryDatabase database_;
  ShardWorld world_{2, 1};
  std::set<std::string> on_disk_;
};

TEST_F(RecoveryDamageTest, NoneIsNone) {
  const Status status = world_.Start(&database_, Durability::kSynced, 20);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(world_.recovered().floor, 10u);
  EXPECT_EQ(world_.recovered().last, 20u);
  EXPECT_EQ(world_.recovered().objects, 20u);
  EXPECT_EQ(world_.recovered().journal_entries, 10u);
  world_.Stop();
}

TEST_F(RecoveryDamageTest, AGapInTheJournal) {
  ExpectRefused("goes on with ticket 16 after 14",
                [](MemoryDatabase* database) { database->SetJournalEntry(15, ""); });
  ExpectRefused("goes on with ticket 12 after 10",
                [](MemoryDatabase* database) { database->SetJournalEntry(11, ""); });
}

TEST_F(RecoveryDamageTest, AMissingEndIsTheHighWaterMarksMatter) {
  const auto damaged = database_.CloneSynced();
  damaged->SetJournalEntry(20, "");
  EXPECT_TRUE(world_.Start(damaged.get(), Durability::kSynced, 19).ok());
  world_.Stop();
  EXPECT_FALSE(world_.Start(damaged.get(), Durability::kSynced, 20).ok());
}

TEST_F(RecoveryDamageTest, AFlippedBitAnywhereInAnEntry) {
  const std::string good = database_.JournalEntryAt(15);
  for (size_t i = 1; i < good.size(); ++i) {
    ExpectRefused("ticket 15 is damaged", [&](MemoryDatabase* database) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 0x10);
      database->SetJournalEntry(15, bad);
    });
  }
  for (size_t size = 1; size < good.size(); ++size) {
    ExpectRefused("ticket 15 is damaged", [&](MemoryDatabase* database) {
      database->SetJournalEntry(15, good.substr(0, size));
    });
  }
}

TEST_F(RecoveryDamageTest, AnEntryInAnothersPlace) {
  ExpectRefused("says that it ends with 14", [](MemoryDatabase* database) {
    database->SetJournalEntry(15, database->JournalEntryAt(14));
  });
}

TEST_F(RecoveryDamageTest, AnEntryOfANewerVersion) {
  ExpectRefused("Start the version of Tally that wrote it", [](MemoryDatabase* database) {
    std::string entry = database->JournalEntryAt(15);
    ++entry[0];
    database->SetJournalEntry(15, entry);
  });
}

TEST_F(RecoveryDamageTest, AChangeThatIsNone) {
  for (const std::string& change_set : {std::string("x"), std::string(40, '\x01')}) {
    ExpectRefused("ticket 15", [&](MemoryDatabase* database) {
      database->SetJournalEntry(15, Entry(15, {change_set}));
    });
  }
}

TEST_F(RecoveryDamageTest, TheRestOfAnInterruptedCutIsSkipped) {
  // The journal of a server that never checkpointed, with the record of a checkpoint in its middle.
  MemoryDatabase database;
  ShardWorld world(2, 5);
  ASSERT_TRUE(world.Start(&database, Durability::kSynced).ok());
  for (int i = 0; i < 10; ++i) world.RandomTurn();
  FaultyDatabase faulty(&database);
  // Everything but the last call, which drops the old parts.
  faulty.FailNth(1, FaultyDatabase::When::kAfterTheCall, false);
  EXPECT_FALSE(world.Checkpoint(&faulty).ok());
  const uint64_t calls_before = faulty.calls();
  const auto clone = database.CloneSynced();
  ShardWorld counting(2, 5);
  ASSERT_TRUE(world.Checkpoint(&faulty).ok());
  const uint64_t calls = faulty.calls() - calls_before;
  world.Stop();
  ASSERT_TRUE(world.Start(clone.get(), Durability::kSynced).ok());
  FaultyDatabase last_fails(clone.get());
  last_fails.FailNth(calls, FaultyDatabase::When::kInsteadOfTheCall, true);
  EXPECT_FALSE(world.Checkpoint(&last_fails).ok());
  world.RandomTurn();
  const auto crashed = clone->CloneSynced();
  EXPECT_GT(crashed->journal_entries(), 1u);
  const Ticket last = world.log()->appended();
  world.Stop();
  ASSERT_TRUE(world.Start(crashed.get(), Durability::kSynced, last).ok());
  EXPECT_EQ(world.recovered().journal_entries, last - world.recovered().floor);
  EXPECT_EQ(world.State(), world.StateAt(last));
  world.Stop();
}

TEST_F(RecoveryDamageTest, RecordsOfTheMetaFamily) {
  const auto meta = [](std::string_view name, std::string value) {
    return [name = std::string(name), value](MemoryDatabase* database) {
      database->SetMeta(name, value);
    };
  };
  ExpectRefused("format '2'", meta(kMetaFormat, "2"));
  ExpectRefused("format '4'", meta(kMetaFormat, "4"));
  ExpectRefused("format record is missing", meta(kMetaFormat, ""));
  ExpectRefused("hash-seed", meta(kMetaHashSeed, ""));
  ExpectRefused("hash-seed", meta(kMetaHashSeed, "short"));
  ExpectRefused("goes on with ticket 11 after 0", meta(kMetaCheckpoint, ""));
  for (const std::string_view name : {kMetaHashSeed, kMetaCheckpoint}) {
    std::string good;
    ASSERT_TRUE(database_.ReadMeta(name, &good).ok());
    for (size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 1);
      ExpectRefused("record is", meta(name, bad));
    }
  }
  const CheckpointRecord twice{10, std::vector<uint32_t>(ShardWorld::kDatabases), {}, {0, 1, 1}};
  ExpectRefused("stored in one", meta(kMetaCheckpoint, EncodeCheckpointRecord(twice)));
  const CheckpointRecord more{10, std::vector<uint32_t>(ShardWorld::kDatabases + 1), {}, {}};
  ExpectRefused("databases", meta(kMetaCheckpoint, EncodeCheckpointRecord(more)));
}

TEST_F(RecoveryDamageTest, CountsThatDoNotAddUp) {
  std::string counts;
  AppendCounts(&counts, 0, 0, {-1000, 0});
  ExpectRefused("do not add up", [&](MemoryDatabase* database) {
    database->SetJournalEntry(15, Entry(15, {counts}));
  });
}

TEST_F(RecoveryDamageTest, AnotherPlaceTwice) {
  std::string place;
  AppendPlace(&place, 0, 1);
  ExpectRefused("stored in one", [&](MemoryDatabase* database) {
    database->SetJournalEntry(15, Entry(15, {place}));
  });
}

// Nothing is damaged then, and no backup would help.
TEST_F(RecoveryDamageTest, ChangesOfMoreDatabasesAskForMore) {
  constexpr uint8_t kBeyond = ShardWorld::kDatabases;
  std::string flush;
  AppendFlush(&flush, kBeyond, 1);
  std::string place;
  AppendPlace(&place, kBeyond, 0);
  std::string stored;
  AppendPlace(&stored, 0, kBeyond);
  for (const std::string& change_set : {flush, place, stored}) {
    ExpectRefused(
        "has at least 4 databases; this server is set up with 3",
        [&](MemoryDatabase* database) { database->SetJournalEntry(15, Entry(15, {change_set})); });
  }
}

// Version 2 had no places: each database was where its number says.
TEST(CheckpointRecordTest, ReadsTheVersionWithoutPlaces) {
  std::string old("\x02\x05\x00\x00\x00\x00\x00\x00\x00\x02\x00\x07\x00\x00\x00\x08\x00\x00\x00",
                  19);
  Seal(&old);
  CheckpointRecord decoded;
  ASSERT_TRUE(DecodeCheckpointRecord(old, &decoded));
  EXPECT_EQ(decoded.floor, 5u);
  EXPECT_EQ(decoded.generations, (std::vector<uint32_t>{7, 8}));
  EXPECT_EQ(decoded.places, (std::vector<uint8_t>{0, 1}));
}

TEST(CheckpointRecordTest, SurvivesItsEncoding) {
  for (const CheckpointRecord& record :
       {CheckpointRecord{}, CheckpointRecord{kMaxTicket, {0, 1, 0xffffffff}, {}, {2, 0, 1}},
        CheckpointRecord{5,
                         {0, 1},
                         {{{0, 7}, 5, {{1, 0}, {-3, -2}}}, {{7, kSlotCount}, 9, {{0, 0}, {9, 9}}}},
                         {1, 0}}}) {
    CheckpointRecord decoded{7, {1, 2, 3, 4}, {}, {}};
    ASSERT_TRUE(DecodeCheckpointRecord(EncodeCheckpointRecord(record), &decoded));
    EXPECT_EQ(decoded.floor, record.floor);
    EXPECT_EQ(decoded.generations, record.generations);
    EXPECT_EQ(decoded.places, record.places);
    EXPECT_EQ(EncodeCheckpointRecord(decoded), EncodeCheckpointRecord(record));
    EXPECT_EQ(decoded.counts.size(), record.counts.size());
  }
}

}  // namespace
}  // namespace tally::storage
