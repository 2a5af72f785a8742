#include "storage/checkpoint.h"

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "storage/checkpoint_run.h"
#include "storage/object_codec.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/storage/faulty_database.h"
#include "tests/storage/shard_world.h"
#include "tests/storage/test_store.h"

namespace tally::storage {
namespace {

constexpr uint32_t kShards = 3;

class CheckpointTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  // How many random worlds a test lives through.
  static uint64_t Seeds(int in_memory, int on_rocks) {
    return static_cast<uint64_t>(
        test::Scaled(GetParam() == StoreKind::kMemory ? in_memory : on_rocks));
  }
  // A start of RocksDB takes its time: there the sanitizers' builds do with every third step.
  static uint64_t StepsAtATime() {
    return GetParam() == StoreKind::kMemory || test::TestScale() >= 1 ? 1 : 3;
  }
  // A store and a world on it that has seen some turns.
  void Begin(uint64_t seed, Durability durability, int turns) {
    store_.reset();
    world_.reset();
    store_ = MakeStore(GetParam());
    world_ = std::make_unique<ShardWorld>(kShards, seed);
    durability_ = durability;
    Restart(kNoTicket);
    for (int i = 0; i < turns && !HasFatalFailure(); ++i) world_->RandomTurn();
  }
  void Restart(Ticket high_water) {
    const Status status = world_->Start(store_->database(), durability_, high_water);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void TearDown() override {
    if (world_) world_->Stop();
  }

  // Kills the server, starts it on what is left, and compares that with history.
  void CrashAndCompare() {
    world_->set_between_visits({});
    const Ticket promised = world_->log()->synced();
    store_->Crash([this] { world_->Stop(); });
    Restart(promised);
    ASSERT_GE(world_->recovered().last, promised);
    ASSERT_EQ(world_->State(), world_->StateAt(world_->recovered().last));
  }
  void ExpectCheckpoint() {
    const Status status = world_->Checkpoint(store_->database());
    EXPECT_TRUE(status.ok()) << status.message();
  }
  size_t CountJournal() {
    size_t entries = 0;
    const auto count = [&](Ticket, std::string_view) {
      ++entries;
      return Status::Ok();
    };
    EXPECT_TRUE(store_->database()->ReadJournal(count).ok());
    return entries;
  }
  size_t CountObjects(int database) {
    size_t objects = 0;
    const auto count = [&](std::string_view key, std::string_view) {
      ObjectKey parsed;
      EXPECT_TRUE(ParseObjectKey(key, &parsed));
      if (parsed.database == database) ++objects;
      return ScanStep::kContinue;
    };
    EXPECT_TRUE(store_->database()->ScanObjects({}, {}, count).ok());
    return objects;
  }

  void CrashAtEachStep(uint64_t seed, Durability durability, FaultyDatabase::When when);
  void FailAtEachStep(uint64_t seed, FaultyDatabase::When when);

  std::unique_ptr<TestStore> store_;
  std::unique_ptr<ShardWorld> world_;
  Durability durability_ = Durability::kSynced;
};

INSTANTIATE_TEST_SUITE_P(Stores, CheckpointTest,
                         ::testing::Values(StoreKind::kMemory, StoreKind::kRocks,
                                           StoreKind::kRocksPowerCut),
                         NameOf);

TEST_P(CheckpointTest, MovesTheObjectsToTheirPlaceAndCutsTheJournal) {
  Begin(1, Durability::kSynced, 30);
  EXPECT_GT(CountJournal(), 0u);
  ExpectCheckpoint();
  EXPECT_EQ(CountJournal(), 0u);
  for (int database = 0; database < ShardWorld::kDatabases; ++database) {
    int64_t live = 0;
    for (uint32_t shard = 0; shard < kShards; ++shard) {
      live += world_->keyspace(shard)->counts(database).live;
    }
    EXPECT_EQ(CountObjects(database), static_cast<uint64_t>(live));
  }
  CrashAndCompare();
  EXPECT_EQ(world_->recovered().journal_entries, 0u);
  EXPECT_EQ(world_->recovered().floor, world_->recovered().last);
  EXPECT_GT(world_->recovered().objects, 0u);
}

TEST_P(CheckpointTest, TakesOnlyWhatChangedSinceTheLastOne) {
  Begin(2, Durability::kSynced, 0);
  for (int i = 0; i < 50; ++i) world_->Put(0, "put" + std::to_string(i), "old");
  const Ticket old = world_->EndTurn();
  ExpectCheckpoint();
  world_->Put(0, "put7", "new");
  world_->EndTurn();
  EXPECT_EQ(world_->CountDirty(old), 1u);
  FaultyDatabase watched(store_->database());
  ASSERT_TRUE(world_->Checkpoint(&watched).ok());
  // Reads the record, new part, new file, 1 Put, Finish, Ingest, writes the record, drops.
  EXPECT_EQ(watched.calls(), 8u);
  EXPECT_EQ(CountObjects(0), 50u);
  CrashAndCompare();
}

TEST_P(CheckpointTest, DoesNothingWhenNothingChanged) {
  Begin(3, Durability::kSynced, 5);
  ExpectCheckpoint();
  FaultyDatabase watched(store_->database());
  ASSERT_TRUE(world_->Checkpoint(&watched).ok());
  EXPECT_EQ(watched.calls(), 0u);
}

TEST_P(CheckpointTest, TheFloorNeverFalls) {
  Begin(8, Durability::kSynced, 10);
  ExpectCheckpoint();
  CrashAndCompare();
  // The journal is empty, and so is the part that is cut: the only change is not written yet.
  world_->Put(0, "put1", "x");
  const Ticket last = world_->AppendTurn();
  ExpectCheckpoint();
  CrashAndCompare();
  EXPECT_EQ(world_->recovered().last, last);
}

TEST_P(CheckpointTest, DeletesAFlushedDatabaseOnDisk) {
  Begin(4, Durability::kSynced, 0);
  for (int database = 0; database < 2; ++database) {
    for (int i = 0; i < 40; ++i) world_->Put(database, "put" + std::to_string(i), "x");
  }
  world_->EndTurn();
  ExpectCheckpoint();
  world_->Flush(0);
  world_->EndTurn();
  world_->Put(0, "put1", "after");
  world_->EndTurn();
  ExpectCheckpoint();
  EXPECT_EQ(CountObjects(0), 1u);
  EXPECT_EQ(CountObjects(1), 40u);
  CrashAndCompare();
  EXPECT_EQ(world_->keyspace(0)->generation(0), 1u);
}

// Does something before a new journal part begins.
class BeforeTheCut final : public FaultyDatabase {
 public:
  BeforeTheCut(Database* database, std::function<void()> hook)
      : FaultyDatabase(database), hook_(std::move(hook)) {}
  Status StartNewJournalPart(Ticket* cut) override {
    hook_();
    return FaultyDatabase::StartNewJournalPart(cut);
  }

 private:
  const std::function<void()> hook_;
};

TEST_P(CheckpointTest, MissesNoFlushThatCameJustBeforeTheJournalWasCut) {
  Begin(9, Durability::kSynced, 0);
  for (int i = 0; i < 40; ++i) world_->Put(0, "put" + std::to_string(i), "x");
  world_->EndTurn();
  ExpectCheckpoint();
  world_->Put(1, "put1", "so that there is something to do");
  world_->EndTurn();
  BeforeTheCut flushed(store_->database(), [this] {
    world_->Flush(0);
    world_->EndTurn();
  });
  ASSERT_TRUE(world_->Checkpoint(&flushed).ok());
  EXPECT_EQ(CountObjects(0), 0u);
  CrashAndCompare();
  EXPECT_EQ(world_->keyspace(0)->generation(0), 1u);
}

TEST_P(CheckpointTest, ForgetsTombstonesOnceTheyAreOnDisk) {
  Begin(5, Durability::kSynced, 60);
  ExpectCheckpoint();
  int64_t live = 0;
  for (int database = 0; database < ShardWorld::kDatabases; ++database) {
    for (uint32_t shard = 0; shard < kShards; ++shard) {
      live += world_->keyspace(shard)->counts(database).live;
    }
  }
  EXPECT_EQ(world_->CountDirty(kNoTicket), static_cast<uint64_t>(live));
  CrashAndCompare();
}

// The steps are everything that a checkpoint asks of the database. At each one the process dies, or
// the step was done and nobody learns of it; meanwhile the server goes on between the steps.
void CheckpointTest::CrashAtEachStep(uint64_t seed, Durability durability,
                                     FaultyDatabase::When when) {
  const uint64_t stride = StepsAtATime();
  bool failed = true;
  for (uint64_t n = 1 + seed % stride; failed; n += stride) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(n));
    Begin(seed, durability, 4);
    ASSERT_NO_FATAL_FAILURE(ExpectCheckpoint());
    for (int i = 0; i < 3; ++i) world_->RandomTurn();
    int turns_left = 12;
    world_->set_between_visits([&] {
      if (turns_left-- > 0) world_->RandomTurn(3);
    });
    FaultyDatabase faulty(store_->database());
    faulty.FailNth(n, when, /*for_good=*/true);
    const Status status = world_->Checkpoint(&faulty);
    failed = faulty.failed();
    ASSERT_EQ(status.ok(), !failed);
    if (n % 3 == 0) world_->RandomTurn();
    ASSERT_NO_FATAL_FAILURE(CrashAndCompare());
    // And from there it goes on.
    world_->RandomTurn();
    ASSERT_NO_FATAL_FAILURE(ExpectCheckpoint());
    ASSERT_NO_FATAL_FAILURE(CrashAndCompare());
  }
}

TEST_P(CheckpointTest, ACrashAtAnyStepLosesNothing) {
  const uint64_t seeds = Seeds(/*in_memory=*/4, /*on_rocks=*/1);
  for (uint64_t seed = 1; seed <= seeds && !HasFatalFailure(); ++seed) {
    CrashAtEachStep(seed, Durability::kSynced, FaultyDatabase::When::kInsteadOfTheCall);
    CrashAtEachStep(seed, Durability::kSynced, FaultyDatabase::When::kAfterTheCall);
  }
}

TEST_P(CheckpointTest, NeitherDoesItWhereCommitsAreNotSynced) {
  const uint64_t seeds = Seeds(/*in_memory=*/4, /*on_rocks=*/1);
  for (uint64_t seed = 101; seed <= 100 + seeds && !HasFatalFailure(); ++seed) {
    CrashAtEachStep(seed, Durability::kWritten, FaultyDatabase::When::kAfterTheCall);
  }
}

void CheckpointTest::FailAtEachStep(uint64_t seed, FaultyDatabase::When when) {
  const uint64_t stride = StepsAtATime();
  bool failed = true;
  for (uint64_t n = 1 + seed % stride; failed; n += stride) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(n));
    // Objects that are on disk, and deletions of some of them that are not.
    Begin(seed, Durability::kSynced, 40);
    ASSERT_NO_FATAL_FAILURE(ExpectCheckpoint());
    for (int i = 0; i < 8; ++i) world_->RandomTurn();
    FaultyDatabase faulty(store_->database());
    faulty.FailNth(n, when, /*for_good=*/false);
    const Status status = world_->Checkpoint(&faulty);
    failed = faulty.failed();
    ASSERT_EQ(status.ok(), !failed);
    for (int i = 0; i < 3; ++i) world_->RandomTurn();
    ASSERT_NO_FATAL_FAILURE(ExpectCheckpoint());
    EXPECT_EQ(CountJournal(), 0u);
    ASSERT_NO_FATAL_FAILURE(CrashAndCompare());
  }
}

TEST_P(CheckpointTest, AStepThatFailsChangesNothingAndTheNextCheckpointMakesUpForIt) {
  const uint64_t seeds = Seeds(/*in_memory=*/5, /*on_rocks=*/1);
  for (uint64_t seed = 1; seed <= seeds && !HasFatalFailure(); ++seed) {
    FailAtEachStep(seed, FaultyDatabase::When::kInsteadOfTheCall);
    FailAtEachStep(seed, FaultyDatabase::When::kAfterTheCall);
  }
}

TEST_P(CheckpointTest, RandomLivesWithCrashesAnywhere) {
  const uint64_t seeds = Seeds(/*in_memory=*/20, /*on_rocks=*/2);
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Begin(seed, seed % 2 == 0 ? Durability::kSynced : Durability::kWritten, 0);
    for (int life = 0; life < 8; ++life) {
      for (auto turns = random() % 20; turns > 0; --turns) world_->RandomTurn();
      for (auto checkpoints = random() % 3; checkpoints > 0; --checkpoints) {
        world_->set_between_visits([&, turns = random() % 30]() mutable {
          if (turns > 0 && turns-- > 0) world_->RandomTurn();
        });
        ASSERT_NO_FATAL_FAILURE(ExpectCheckpoint());
      }
      ASSERT_NO_FATAL_FAILURE(CrashAndCompare());
    }
  }
}

TEST_P(CheckpointTest, CopiesInSmallSteps) {
  Begin(6, Durability::kSynced, 0);
  constexpr int kObjects = 20'000;
  for (int i = 0; i < kObjects; ++i) {
    world_->Put(0, "{one slot}" + std::to_string(i), std::string(100, 'x'));
  }
  world_->EndTurn();
  size_t visits = 0;
  world_->set_between_visits([&] { ++visits; });
  ExpectCheckpoint();
  EXPECT_GE(visits, kObjects / CheckpointRun::kObjectsPerStep);
  EXPECT_EQ(CountObjects(0), size_t{kObjects});
}

TEST_P(CheckpointTest, StopsWhenTheShardsStop) {
  Begin(7, Durability::kSynced, 10);
  int visits = 0;
  world_->set_between_visits([&] {
    if (++visits == 3) world_->set_running(false);
  });
  EXPECT_FALSE(world_->Checkpoint(store_->database()).ok());
  EXPECT_EQ(visits, 3);
  world_->set_running(true);
  CrashAndCompare();
}

}  // namespace
}  // namespace tally::storage
