// Thousands of power cuts, each before or after a random call of the database: commits, lookups of what had
// been evicted, every step of a checkpoint, recovery itself. What was synced is there after each, and what is
// there is the state as of one ticket.

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/end_to_end/support/scale.h"
#include "tests/storage/faulty_database.h"
#include "tests/storage/memory_database.h"
#include "tests/storage/shard_world.h"

namespace tally::storage {
namespace {

#ifdef NDEBUG
constexpr int kWorlds = 20;
#else
constexpr int kWorlds = 2;  // the inner loop
#endif
constexpr int kLivesPerWorld = 50;
constexpr uint64_t kMostShards = 4;
constexpr uint64_t kMostSteps = 80;
constexpr uint64_t kMostStepsOfRecovery = 12;
constexpr int kMostActions = 2000;  // enough for so many steps by far

/// One data set that lives through power cuts.
class Cutter {
 public:
  explicit Cutter(uint64_t seed)
      : random_(seed),
        world_(1, seed),
        durability_(seed % 2 == 0 ? Durability::kSynced : Durability::kWritten) {}

  /// Recovers, compares, and goes on until the power is cut.
  void Live() {
    cut_ = false;
    FaultyDatabase steps(memory_.get());
    if (random_() % 10 == 0) CutWithin(&steps, kMostStepsOfRecovery);
    world_.set_between_visits({});
    world_.set_shards(1 + static_cast<uint32_t>(random_() % kMostShards));
    ASSERT_NO_FATAL_FAILURE(StartAndCompare(&steps));
    if (!cut_) CutWithin(&steps, kMostSteps);  // not one of the lookups of the comparison
    for (int actions = 0; !cut_; ++actions) {
      ASSERT_LT(actions, kMostActions) << "the power is not cut";
      Act(&steps);
    }
    world_.Stop();
    memory_ = std::move(left_);
  }
  /// What the last power cut left.
  void StartAndCompare(Database* database) {
    const Ticket promised = promised_;
    const Status status = world_.Start(database, durability_, promised);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_GE(world_.recovered().last, promised);
    ASSERT_EQ(world_.State(), world_.StateAt(world_.recovered().last));
  }
  MemoryDatabase* memory() { return memory_.get(); }
  [[nodiscard]] int cuts_in_checkpoints() const { return cuts_in_checkpoints_; }

 private:
  void CutWithin(FaultyDatabase* steps, uint64_t most) {
    steps->HookNth(1 + random_() % most,
                   random_() % 2 == 0 ? FaultyDatabase::When::kInsteadOfTheCall
                                      : FaultyDatabase::When::kAfterTheCall,
                   [this, survivors = random_()] { Cut(survivors); });
  }
  // On whatever thread the call is made.
  void Cut(uint64_t survivors) {
    if (world_.log() != nullptr) promised_ = std::max(promised_, world_.log()->synced());
    left_ = survivors % 2 == 0 ? memory_->CloneSynced() : memory_->CloneSynced(survivors);
    if (in_checkpoint_) ++cuts_in_checkpoints_;
    cut_ = true;
  }
  void Act(Database* database) {
    if (random_() % 8 != 0) return world_.RandomTurn();
    world_.set_between_visits([this, turns = random_() % 12]() mutable {
      if (turns > 0 && turns-- > 0) world_.RandomTurn(3);
    });
    in_checkpoint_ = true;
    const Status status = world_.Checkpoint(database);
    in_checkpoint_ = false;
    EXPECT_TRUE(status.ok()) << status.message();
  }

  std::mt19937_64 random_;
  std::unique_ptr<MemoryDatabase> memory_ = std::make_unique<MemoryDatabase>();
  std::unique_ptr<MemoryDatabase> left_;
  std::atomic<bool> cut_{false};
  std::atomic<bool> in_checkpoint_{false};
  std::atomic<int> cuts_in_checkpoints_{0};
  Ticket promised_ = kNoTicket;
  ShardWorld world_;  // uses the databases
  const Durability durability_;
};

class PowerCutsTest : public ::testing::TestWithParam<int> {};

TEST_P(PowerCutsTest, WhatWasSyncedIsThereAfterEach) {
  const int worlds = test::Scaled(kWorlds);
  int cuts = 0;
  int in_checkpoints = 0;
  for (int i = 0; i < worlds; ++i) {
    const auto seed = static_cast<uint64_t>(GetParam() * 1'000'000 + i);
    Cutter cutter(seed);
    for (int life = 0; life < kLivesPerWorld; ++life, ++cuts) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", life " << life);
      ASSERT_NO_FATAL_FAILURE(cutter.Live());
    }
    ASSERT_NO_FATAL_FAILURE(cutter.StartAndCompare(cutter.memory()));
    in_checkpoints += cutter.cuts_in_checkpoints();
  }
  RecordProperty("power_cuts", cuts);
  RecordProperty("power_cuts_in_checkpoints", in_checkpoints);
  EXPECT_GT(in_checkpoints, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PowerCutsTest, ::testing::Range(1, 11));

}  // namespace
}  // namespace tally::storage
