// The thread around checkpoints: when they run, and what is told of them. What a checkpoint does is in
// checkpoint_test.cc.

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "storage/checkpoint.h"
#include "tests/storage/faulty_database.h"
#include "tests/storage/memory_database.h"
#include "tests/storage/shard_world.h"

namespace tally::storage {
namespace {

constexpr uint64_t kNoLimit = uint64_t{1} << 40;

// Says when a file is about to be taken in.
class WatchedDatabase : public MemoryDatabase {
 public:
  std::function<void()> before_ingest = [] {};
  Status Ingest(std::unique_ptr<ObjectFile> file) override {
    before_ingest();
    return MemoryDatabase::Ingest(std::move(file));
  }
};

class CheckpointerTest : public ::testing::Test {
 protected:
  CheckpointerTest() {
    EXPECT_TRUE(world_.Start(&memory_, Durability::kSynced).ok());
    for (int i = 0; i < 10; ++i) world_.RandomTurn();
  }
  void MakeCheckpointer(uint64_t journal_limit_bytes, uint64_t recovered_bytes = 0) {
    checkpointer_.emplace(&faulty_, world_.log(), &world_, world_.recovered().floor,
                          recovered_bytes, journal_limit_bytes);
  }
  // Starts one; what `done` will be called with.
  std::future<Status> Start() {
    const auto answer = std::make_shared<std::promise<Status>>();
    EXPECT_TRUE(checkpointer_->Start([answer](Status status) { answer->set_value(status); }));
    return answer->get_future();
  }

  WatchedDatabase memory_;
  FaultyDatabase faulty_{&memory_};
  ShardWorld world_{2, 1};
  std::optional<Checkpointer> checkpointer_;
};

TEST_F(CheckpointerTest, RunsWhenAskedAndTellsHowItWent) {
  MakeCheckpointer(kNoLimit);
  EXPECT_EQ(checkpointer_->state().last_success_ms, 0);
  EXPECT_EQ(checkpointer_->state().completed, 0u);
  EXPECT_TRUE(Start().get().ok());
  const Checkpointer::State state = checkpointer_->state();
  EXPECT_FALSE(state.running);
  EXPECT_TRUE(state.last_ok);
  EXPECT_EQ(state.completed, 1u);
  EXPECT_EQ(state.floor, world_.log()->appended());
  EXPECT_EQ(state.journal_bytes, 0u);
  EXPECT_GT(state.last_success_ms, 0);
  EXPECT_GE(state.last_duration_ms, 0);
  EXPECT_EQ(memory_.journal_entries(), 0u);
  EXPECT_GT(state.objects, 0u);
  EXPECT_GT(state.bytes, state.objects);
  EXPECT_TRUE(Start().get().ok());
  EXPECT_EQ(checkpointer_->state().completed, 2u);
  EXPECT_EQ(checkpointer_->state().objects, 0u) << "nothing had changed";
}

TEST_F(CheckpointerTest, OneAtATime) {
  std::promise<void> inside;
  std::promise<void> go_on;
  std::atomic<bool> first{true};
  world_.set_between_visits([&] {
    if (!first.exchange(false)) return;
    inside.set_value();
    go_on.get_future().wait();
  });
  MakeCheckpointer(kNoLimit);
  std::future<Status> done = Start();
  EXPECT_FALSE(checkpointer_->Start([](const Status&) { ADD_FAILURE() << "not started"; }));
  inside.get_future().wait();
  EXPECT_TRUE(checkpointer_->state().running);
  EXPECT_GT(checkpointer_->state().running_since_ms, 0);
  EXPECT_FALSE(checkpointer_->Start([](const Status&) { ADD_FAILURE() << "not started"; }));
  go_on.set_value();
  EXPECT_TRUE(done.get().ok());
  EXPECT_TRUE(Start().get().ok());
}

TEST_F(CheckpointerTest, StartsByItselfWhenTheJournalHasGrown) {
  MakeCheckpointer(/*journal_limit_bytes=*/2000);
  for (uint64_t wanted = 1; wanted <= 3; ++wanted) {
    while (checkpointer_->state().completed < wanted) {
      world_.RandomTurn();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  EXPECT_GT(checkpointer_->state().floor, kNoTicket);
}

TEST_F(CheckpointerTest, StartsByItselfForTheJournalThatRecoveryFound) {
  MakeCheckpointer(/*journal_limit_bytes=*/1'000'000, /*recovered_bytes=*/1'000'001);
  while (checkpointer_->state().completed < 1) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(checkpointer_->state().journal_bytes, 0u);
}

TEST_F(CheckpointerTest, StartsForTheSakeOfSpaceButNotAgainAndAgain) {
  MakeCheckpointer(kNoLimit);
  checkpointer_->SuggestForSpace();
  while (checkpointer_->state().completed < 1) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto first = std::chrono::steady_clock::now();
  checkpointer_->SuggestForSpace();
  std::this_thread::sleep_for(3 * Checkpointer::kPollInterval);
  EXPECT_EQ(checkpointer_->state().completed, 1u);
  checkpointer_->Suggest();
  while (checkpointer_->state().completed < 2) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - first, Checkpointer::kSpaceInterval)
      << "for the sake of memory at once";
}

TEST_F(CheckpointerTest, AFailureIsToldAndTheNextOneMayBeFine) {
  MakeCheckpointer(kNoLimit, /*recovered_bytes=*/1000);
  faulty_.FailNth(2, FaultyDatabase::When::kInsteadOfTheCall, /*for_good=*/false);
  const Status status = Start().get();
  EXPECT_FALSE(status.ok());
  Checkpointer::State state = checkpointer_->state();
  EXPECT_FALSE(state.last_ok);
  EXPECT_EQ(state.last_error, status.message());
  EXPECT_EQ(state.completed, 0u);
  EXPECT_EQ(state.floor, kNoTicket);
  EXPECT_EQ(state.journal_bytes, 1000u);
  EXPECT_TRUE(Start().get().ok());
  state = checkpointer_->state();
  EXPECT_TRUE(state.last_ok);
  EXPECT_EQ(state.last_error, "");
}

TEST_F(CheckpointerTest, AfterAFailureItWaitsBeforeItStartsByItself) {
  faulty_.FailNth(1, FaultyDatabase::When::kInsteadOfTheCall, /*for_good=*/true);
  MakeCheckpointer(/*journal_limit_bytes=*/10, /*recovered_bytes=*/11);
  while (checkpointer_->state().last_ok) std::this_thread::yield();
  faulty_.FailNth(FaultyDatabase::kNever, FaultyDatabase::When::kInsteadOfTheCall, false);
  std::this_thread::sleep_for(3 * Checkpointer::kPollInterval);
  EXPECT_EQ(checkpointer_->state().completed, 0u);
  EXPECT_TRUE(Start().get().ok()) << "but at once when asked";
}

TEST_F(CheckpointerTest, ObjectsNeverRunAheadOfTheJournal) {
  // While the objects are copied there is a change whose commit is still on its way to the disk.
  std::promise<void> go_on;
  std::shared_future<void> may_go_on = go_on.get_future().share();
  Ticket newest = kNoTicket;
  std::thread leader;
  std::atomic<bool> first{true};
  world_.set_between_visits([&] {
    if (!first.exchange(false)) return;
    memory_.set_before_sync([&] { may_go_on.wait(); });
    std::promise<void> begun;
    leader = std::thread([&] {
      world_.Put(0, "put1", "newer than the floor");
      world_.EndTurnAlone([&](Ticket ticket) {
        newest = ticket;
        begun.set_value();
      });
    });
    begun.get_future().wait();
  });
  int ingested = 0;
  memory_.before_ingest = [&] {
    ++ingested;
    EXPECT_GE(memory_.synced(), newest);
  };
  MakeCheckpointer(kNoLimit);
  std::future<Status> done = Start();
  // Long enough for a checkpoint that does not wait.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  go_on.set_value();
  EXPECT_TRUE(done.get().ok());
  leader.join();
  EXPECT_GT(ingested, 0);
}

TEST_F(CheckpointerTest, TheDestructorLetsItEnd) {
  MakeCheckpointer(kNoLimit);
  std::future<Status> done = Start();
  checkpointer_.reset();
  ASSERT_EQ(done.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_TRUE(done.get().ok());
}

}  // namespace
}  // namespace tally::storage
