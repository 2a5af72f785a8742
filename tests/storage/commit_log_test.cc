#include "storage/commit_log.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "storage/journal_entry.h"
#include "tests/storage/memory_database.h"

namespace tally::storage {
namespace {

using std::chrono::milliseconds;

// Every change set in the database's journal, by ticket; each entry and the order of tickets checked.
std::map<Ticket, std::string> ReadChangeSets(MemoryDatabase* database) {
  std::map<Ticket, std::string> change_sets;
  Ticket before = kNoTicket;
  const Status status = database->ReadJournal([&](Ticket last, std::string_view blob) {
    JournalEntryReader entry;
    EXPECT_EQ(OpenEntry(blob, &entry), JournalEntryStatus::kOk);
    EXPECT_EQ(entry.last(), last);
    if (before != kNoTicket) {
      EXPECT_EQ(entry.first(), before + 1);
    }
    before = last;
    std::string_view change_set;
    for (Ticket ticket = entry.first(); entry.Next(&change_set); ++ticket) {
      change_sets[ticket] = change_set;
    }
    return Status::Ok();
  });
  EXPECT_TRUE(status.ok()) << status.message();
  return change_sets;
}

// A gate that the stand-in's sync waits at.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void AwaitSomebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

std::future<bool> Synced(CommitLog* log, Ticket ticket, milliseconds timeout = milliseconds(0)) {
  const auto answer = std::make_shared<std::promise<bool>>();
  log->WhenSynced(ticket, timeout, [answer](bool synced) { answer->set_value(synced); });
  return answer->get_future();
}

TEST(CommitLogTest, TheTimeOfAllSyncsIsCounted) {
  MemoryDatabase database;
  constexpr milliseconds kSync{3};
  database.set_before_sync([kSync] { std::this_thread::sleep_for(kSync); });
  CommitLog log(&database, kNoTicket, Durability::kSynced, {});
  EXPECT_EQ(log.statistics().sync_seconds, 0);
  log.Append("a");
  ASSERT_TRUE(log.LeadCommit());
  const double one = log.statistics().sync_seconds;
  EXPECT_GE(one, 0.003);
  EXPECT_LT(one, 60);
  // Those of who waits, too, where commits are written only.
  log.set_durability(Durability::kWritten);
  log.Append("b");
  ASSERT_TRUE(Synced(&log, 2).get());
  EXPECT_GE(log.statistics().sync_seconds, one + 0.003);
  EXPECT_EQ(log.statistics().syncs, 2u);
}

TEST(CommitLogTest, TicketsAreContiguousWhoeverAppends) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  MemoryDatabase database;
  std::map<Ticket, std::string> told;
  {
    CommitLog log(&database, /*last=*/7, Durability::kSynced, {});
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const std::string change_set = std::to_string(t) + ":" + std::to_string(i);
          const Ticket ticket = log.Append(change_set);
          {
            const std::lock_guard lock(mutex);
            told[ticket] = change_set;
          }
          if (i % 3 == 0) log.LeadCommit();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(log.appended(), 7u + kThreads * kEach);
  }
  EXPECT_EQ(told.size(), size_t{kThreads * kEach});
  EXPECT_EQ(told.begin()->first, 8u);
  EXPECT_EQ(told.rbegin()->first, 7u + kThreads * kEach);
  EXPECT_EQ(ReadChangeSets(&database), told);
}

TEST(CommitLogTest, ACommitTakesAllThatWaitsInOneEntryWithOneSync) {
  MemoryDatabase database;
  CommitLog log(&database, kNoTicket, Durability::kSynced, {});
  for (int i = 0; i < 10; ++i) log.Append("x");
  EXPECT_TRUE(log.WantsLeader());
  EXPECT_TRUE(log.LeadCommit());
  EXPECT_FALSE(log.WantsLeader());
  EXPECT_EQ(database.journal_entries(), 1u);
  EXPECT_EQ(database.syncs(), 1u);
  EXPECT_EQ(log.durable(), 10u);
  EXPECT_FALSE(log.LeadCommit());  // nothing waits
}

TEST(CommitLogTest, WhatGathersDuringACommitGoesIntoTheNextAsOne) {
  MemoryDatabase database;
  Gate gate;
  database.set_before_sync([&] { gate.Pass(); });
  CommitLog log(&database, kNoTicket, Durability::kSynced, {});
  log.Append("first");
  std::thread leader([&] { log.LeadCommit(); });
  gate.AwaitSomebody();
  for (int i = 0; i < 5; ++i) log.Append("later");
  EXPECT_FALSE(log.WantsLeader());  // there is one
  EXPECT_FALSE(log.LeadCommit());
  gate.Open();
  leader.join();
  EXPECT_EQ(log.durable(), 1u);
  EXPECT_TRUE(log.LeadCommit());
  EXPECT_EQ(log.durable(), 6u);
  EXPECT_EQ(database.journal_entries(), 2u);
}

TEST(CommitLogTest, NothingIsDurableBeforeItsSyncReturned) {
  MemoryDatabase database;
  std::atomic<int> told{0};
  CommitLog::Callbacks callbacks;
  callbacks.on_durable = [&] { ++told; };
  CommitLog log(&database, kNoTicket, Durability::kSynced, callbacks);
  int seen = 0;
  database.set_before_sync([&] {
    ++seen;
    EXPECT_EQ(database.written(), log.appended());
    EXPECT_EQ(log.durable(), log.appended() - 1);
    EXPECT_EQ(log.synced(), log.appended() - 1);
    EXPECT_EQ(told, seen - 1);
    EXPECT_EQ(database.CloneSynced()->written(), log.durable());
  });
  for (int i = 1; i <= 20; ++i) {
    log.Append("x");
    ASSERT_TRUE(log.LeadCommit());
    EXPECT_EQ(log.durable(), static_cast<Ticket>(i));
    EXPECT_EQ(database.synced(), static_cast<Ticket>(i));
    EXPECT_EQ(told, i);
  }
}

TEST(CommitLogTest, DurableIsSyncedWhateverTheMoment) {
  MemoryDatabase database;
  CommitLog log(&database, kNoTicket, Durability::kSynced, {});
  std::atomic<bool> stop{false};
  std::thread observer([&] {
    while (!stop) {
      const Ticket promised = log.durable();
      EXPECT_GE(database.CloneSynced()->written(), promised);
    }
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        log.Append("x");
        log.LeadCommit();
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  stop = true;
  observer.join();
}

// With a sync that takes `sync_time`, appends until the log has changed its mind about who leads.
void AppendUntilLedBy(CommitLog* log, bool callers) {
  while (log->statistics().led_by_callers != callers) {
    const Ticket ticket = log->Append("x");
    while (log->durable() < ticket) {
      if (log->WantsLeader()) log->LeadCommit();
      std::this_thread::yield();
    }
  }
}

TEST(CommitLogTest, LongSyncsAreTheThreadsShortOnesTheCallers) {
  MemoryDatabase database;
  std::atomic<bool> slow{true};
  std::mutex mutex;
  std::thread::id committer;
  database.set_before_sync([&] {
    {
      const std::lock_guard lock(mutex);
      committer = std::this_thread::get_id();
    }
    if (slow) std::this_thread::sleep_for(milliseconds(3));
  });
  CommitLog log(&database, kNoTicket, Durability::kSynced, {});
  log.Append("x");
  EXPECT_TRUE(log.LeadCommit());
  EXPECT_EQ(committer, std::this_thread::get_id());

  AppendUntilLedBy(&log, /*callers=*/false);
  const Ticket ticket = log.Append("x");
  EXPECT_FALSE(log.WantsLeader());
  EXPECT_FALSE(log.LeadCommit());
  while (log.durable() < ticket) std::this_thread::yield();  // without any leader from here
  {
    const std::lock_guard lock(mutex);
    EXPECT_NE(committer, std::this_thread::get_id());
  }

  slow = false;
  AppendUntilLedBy(&log, /*callers=*/true);
}

TEST(CommitLogTest, TheFirstFailureIsFinal) {
  MemoryDatabase database;
  std::vector<std::string> failures;
  std::atomic<int> durable_calls{0};
  CommitLog::Callbacks callbacks;
  callbacks.on_failure = [&](const std::string& message) { failures.push_back(message); };
  callbacks.on_durable = [&] { ++durable_calls; };
  {
    CommitLog log(&database, kNoTicket, Durability::kSynced, callbacks);
    log.Append("good");
    ASSERT_TRUE(log.LeadCommit());
    database.FailNextAppend();
    log.Append("lost");
    EXPECT_FALSE(log.LeadCommit());
    for (int i = 0; i < 3; ++i) {
      log.Append("after");  // the database would take it again
      EXPECT_FALSE(log.LeadCommit());
    }
    EXPECT_FALSE(Synced(&log, log.appended()).get());
    EXPECT_EQ(log.durable(), 1u);
    EXPECT_EQ(log.synced(), 1u);
  }
  EXPECT_EQ(failures.size(), 1u);
  EXPECT_EQ(durable_calls, 1);
  EXPECT_EQ(database.synced(), 1u);
  EXPECT_EQ(database.written(), 2u) << "nothing is written after the failure";
}

TEST(CommitLogTest, AFailureAnswersWhoWaitsForASync) {
  MemoryDatabase database;
  Gate gate;
  database.set_before_sync([&] { gate.Pass(); });
  CommitLog log(&database, kNoTicket, Durability::kSynced, {});
  log.Append("x");
  std::thread leader([&] { EXPECT_FALSE(log.LeadCommit()); });
  gate.AwaitSomebody();
  std::future<bool> synced = Synced(&log, 1);
  database.FailNextSync();
  gate.Open();
  EXPECT_FALSE(synced.get());
  leader.join();
}

TEST(CommitLogTest, WrittenCountsWhereTheClientSaidSo) {
  MemoryDatabase database;
  {
    CommitLog log(&database, kNoTicket, Durability::kWritten, {});
    log.Append("x");
    ASSERT_TRUE(log.LeadCommit());
    EXPECT_EQ(log.durable(), 1u);
    EXPECT_EQ(log.synced(), 0u);
    EXPECT_EQ(database.syncs(), 0u);
    EXPECT_EQ(database.CloneSynced()->written(), 0u);
  }
  EXPECT_EQ(database.synced(), 1u) << "a clean end syncs";
}

TEST(CommitLogTest, EverySecondASyncFollowsByItself) {
  MemoryDatabase database;
  CommitLog log(&database, kNoTicket, Durability::kSyncedEachSecond, {});
  log.Append("x");
  ASSERT_TRUE(log.LeadCommit());
  EXPECT_EQ(log.durable(), 1u);
  while (log.synced() < 1) std::this_thread::sleep_for(milliseconds(10));  // or the test times out
  EXPECT_EQ(database.synced(), 1u);
}

TEST(CommitLogTest, AStricterDurabilityHoldsFromTheNextCommitOn) {
  MemoryDatabase database;
  CommitLog log(&database, kNoTicket, Durability::kWritten, {});
  log.Append("x");
  ASSERT_TRUE(log.LeadCommit());
  log.set_durability(Durability::kSynced);
  EXPECT_TRUE(Synced(&log, 1).get()) << "written before, and synced for who waits";
  log.Append("y");
  ASSERT_TRUE(log.LeadCommit());
  EXPECT_EQ(log.synced(), 2u);
  EXPECT_EQ(database.synced(), 2u);
}

TEST(CommitLogTest, AStricterDurabilityHoldsForWhatWasOnlyWrittenBeforeItReturns) {
  MemoryDatabase database;
  CommitLog log(&database, kNoTicket, Durability::kWritten, {});
  log.Append("x");
  ASSERT_TRUE(log.LeadCommit());
  EXPECT_EQ(database.synced(), 0u);
  log.set_durability(Durability::kSynced);
  EXPECT_EQ(database.synced(), 1u);
  EXPECT_EQ(log.synced(), 1u);
}

// Calls a hook at the end of every append that does not sync.
class HookedDatabase final : public MemoryDatabase {
 public:
  Status AppendJournal(Ticket last, std::string_view entry, bool sync) override {
    Status status = MemoryDatabase::AppendJournal(last, entry, sync);
    if (!sync && after_unsynced_append) after_unsynced_append();
    return status;
  }
  std::function<void()> after_unsynced_append;
};

TEST(CommitLogTest, AStricterDurabilityHoldsForTheCommitThatIsUnderWay) {
  for (const Durability before : {Durability::kWritten, Durability::kSyncedEachSecond}) {
    HookedDatabase database;
    std::atomic<int> told{0};
    CommitLog* the_log = nullptr;
    CommitLog::Callbacks callbacks;
    callbacks.on_durable = [&] {
      ++told;
      EXPECT_EQ(the_log->synced(), the_log->durable());
      EXPECT_EQ(database.synced(), the_log->durable());
    };
    CommitLog log(&database, kNoTicket, before, callbacks);
    the_log = &log;
    database.after_unsynced_append = [&] {
      log.set_durability(Durability::kSynced);
      EXPECT_EQ(log.durable(), 0u);
    };
    log.Append("x");
    ASSERT_TRUE(log.LeadCommit());
    EXPECT_EQ(told, 1);
    EXPECT_EQ(log.durable(), 1u);
  }
}

TEST(CommitLogTest, AFailedSyncOfTheCommitThatIsUnderWayIsFinal) {
  HookedDatabase database;
  std::atomic<int> failures{0};
  CommitLog::Callbacks callbacks;
  callbacks.on_failure = [&](const std::string&) { ++failures; };
  CommitLog log(&database, kNoTicket, Durability::kWritten, callbacks);
  database.after_unsynced_append = [&] {
    log.set_durability(Durability::kSynced);
    database.FailNextSync();
  };
  log.Append("x");
  EXPECT_FALSE(log.LeadCommit());
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(log.durable(), 0u);
}

TEST(CommitLogTest, WhenSyncedCommitsAndSyncsIfNobodyElseDoes) {
  for (const Durability durability :
       {Durability::kSynced, Durability::kSyncedEachSecond, Durability::kWritten}) {
    MemoryDatabase database;
    CommitLog log(&database, kNoTicket, durability, {});
    const Ticket ticket = log.Append("x");
    EXPECT_TRUE(Synced(&log, ticket).get());
    EXPECT_GE(database.synced(), ticket);
    EXPECT_TRUE(Synced(&log, ticket).get()) << "at once for what is synced";
  }
}

TEST(CommitLogTest, WhenSyncedAnswersEachWaiterForItsTicket) {
  MemoryDatabase database;
  CommitLog log(&database, kNoTicket, Durability::kSynced, {});
  log.Append("x");
  log.LeadCommit();
  std::future<bool> early = Synced(&log, 1);
  std::future<bool> never = Synced(&log, 100, milliseconds(20));
  EXPECT_TRUE(early.get());
  EXPECT_FALSE(never.get()) << "the timeout";
}

TEST(CommitLogTest, AWaitThatNobodyWantsEndsUnlessACommitEndsIt) {
  MemoryDatabase database;
  CommitLog log(&database, kNoTicket, Durability::kSynced, {});
  std::atomic<bool> abandoned{false};
  const auto wait = [&](Ticket ticket) {
    const auto answer = std::make_shared<std::promise<bool>>();
    log.WhenSynced(
        ticket, milliseconds(0), [answer](bool synced) { answer->set_value(synced); },
        [&] { return abandoned.load(); });
    return answer->get_future();
  };
  std::future<bool> hopeless = wait(100);
  EXPECT_EQ(hopeless.wait_for(milliseconds(20)), std::future_status::timeout);
  abandoned = true;
  log.LookAtWaiters();
  EXPECT_FALSE(hopeless.get());
  EXPECT_TRUE(wait(log.Append("x")).get()) << "what was appended is synced soon";
}

TEST(CommitLogTest, TheDestructorCommitsTheRestAndAnswersWhoWaits) {
  for (const Durability durability : {Durability::kSynced, Durability::kWritten}) {
    MemoryDatabase database;
    std::future<bool> never;
    {
      CommitLog log(&database, kNoTicket, durability, {});
      never = Synced(&log, 100);
      for (int i = 0; i < 3; ++i) log.Append("x");
    }
    EXPECT_EQ(database.synced(), 3u);
    EXPECT_FALSE(never.get());
  }
}

class NotingNotice final : public DurableNotice {
 public:
  explicit NotingNotice(std::function<void()> tell) : tell_(std::move(tell)) {}
  void Tell() override { tell_(); }

 private:
  std::function<void()> tell_;
};

// With and without syncs: in the order of tickets, when it is written, and before anybody could see that.
TEST(CommitLogNotice, IsToldBetweenTheCommitAndWhoeverSeesIt) {
  for (const Durability durability : {Durability::kSynced, Durability::kWritten}) {
    MemoryDatabase database;
    CommitLog log(&database, kNoTicket, durability, {});
    std::string told;
    size_t written = 0;
    const auto note = [&](const char* what) {
      return std::make_unique<NotingNotice>([&, what] {
        told += what;
        written = ReadChangeSets(&database).size();
        EXPECT_EQ(log.durable(), kNoTicket);
      });
    };
    log.Append("one", note("one "));
    log.Append("two");
    log.Append("three", note("three "));
    EXPECT_EQ(told, "");
    EXPECT_TRUE(log.LeadCommit());
    EXPECT_EQ(told, "one three ");
    EXPECT_EQ(written, 3U);
    EXPECT_EQ(log.durable(), 3U);
    log.Append("four");
    EXPECT_TRUE(log.LeadCommit());
    EXPECT_EQ(told, "one three ");
  }
}

TEST(CommitLogNotice, IsNotToldOfACommitThatFails) {
  MemoryDatabase database;
  CommitLog log(&database, kNoTicket, Durability::kSynced, {});
  bool told = false;
  log.Append("one", std::make_unique<NotingNotice>([&] { told = true; }));
  database.FailNextAppend();
  log.LeadCommit();
  log.Stop();
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace tally::storage
