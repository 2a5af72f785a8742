// RocksDB on a disk that forgets what was not synced.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/end_to_end/support/scale.h"
#include "tests/storage/forgetful_disk.h"
#include "tests/storage/shard_world.h"
#include "tests/storage/test_store.h"

namespace tally::storage {
namespace {

using Journal = std::map<Ticket, std::string>;

uint64_t Seed() {
  const char* text = std::getenv("TALLY_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

Journal ReadJournal(Database* database) {
  Journal journal;
  const Status status = database->ReadJournal([&](Ticket last, std::string_view entry) {
    journal[last] = entry;
    return Status::Ok();
  });
  EXPECT_TRUE(status.ok()) << status.message();
  return journal;
}

void Append(Database* database, Ticket ticket, bool sync) {
  ASSERT_TRUE(database->StartWriting().ok());
  const Status status = database->AppendJournal(ticket, "entry " + std::to_string(ticket), sync);
  ASSERT_TRUE(status.ok()) << status.message();
}

TEST(RocksPowerCutTest, TheDiskForgetsWhatWasOnlyWritten) {
  PowerCutStore store;
  Append(store.database(), 1, /*sync=*/true);
  Append(store.database(), 2, /*sync=*/false);
  store.Crash([] {});
  EXPECT_EQ(ReadJournal(store.database()), (Journal{{1, "entry 1"}}));
  Append(store.database(), 2, /*sync=*/false);
  ASSERT_TRUE(store.database()->SyncJournal().ok());
  store.Crash([] {});
  EXPECT_EQ(ReadJournal(store.database()), (Journal{{1, "entry 1"}, {2, "entry 2"}}));
}

// What a start finds in the logs it serves, so it must not be lost later.
TEST(RocksPowerCutTest, WhatAStartHasReadStaysThoughOnlyAKilledProcessHadWrittenIt) {
  PowerCutStore store;
  Append(store.database(), 1, /*sync=*/true);
  Append(store.database(), 2, /*sync=*/false);
  store.Restart();
  const Journal served = ReadJournal(store.database());
  EXPECT_EQ(served, (Journal{{1, "entry 1"}, {2, "entry 2"}}));
  store.Crash([] {});
  EXPECT_EQ(ReadJournal(store.database()), served);
}

// Turns, commits, checkpoints and journal switches on a thread of their own; the power goes at any
// moment of that. What was acknowledged before is there.
TEST(RocksPowerCutTest, WhatWasAcknowledgedIsThereAfterAPowerCutAtAnyMoment) {
  const int lives = test::Scaled(40);
  constexpr int kLongestLifeUs = 60'000;
  const uint64_t seed = Seed();
  SCOPED_TRACE("replay (timing apart): TALLY_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  PowerCutStore store;
  ShardWorld world(/*shards=*/2, seed);
  Ticket promised = kNoTicket;
  Ticket last = kNoTicket;
  for (int life = 0; life < lives; ++life) {
    const Durability durability = life % 4 == 3 ? Durability::kWritten : Durability::kSynced;
    const Status status = world.Start(store.database(), durability, promised);
    ASSERT_TRUE(status.ok()) << "life " << life << ": " << status.message();
    last = world.recovered().last;
    ASSERT_GE(last, promised) << "life " << life;
    ASSERT_EQ(world.State(), world.StateAt(last)) << "life " << life;
    std::atomic<bool> stop{false};
    std::thread server([&, turns_seed = random()] {
      std::mt19937_64 turns(turns_seed);
      while (!stop) {
        for (auto left = turns() % 20; left > 0; --left) world.RandomTurn();
        if (turns() % 2 == 0) {
          const Status checkpoint = world.Checkpoint(store.database());
          EXPECT_TRUE(checkpoint.ok()) << checkpoint.message();
        }
      }
    });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % kLongestLifeUs));
    promised = world.log()->synced();
    store.disk()->NoteForPowerCut();
    stop = true;
    server.join();
    ASSERT_NO_FATAL_FAILURE(store.EndPowerCut([&] { world.Stop(); }));
  }
  EXPECT_GT(last, kNoTicket) << "nothing was done";
}

}  // namespace
}  // namespace tally::storage
