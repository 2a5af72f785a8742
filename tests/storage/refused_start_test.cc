// A start that is refused leaves the disk as it was, so that what was missing can be put back. (The
// refusals that damage brings about are in recovery_test.cc and rocks_database_test.cc.)
#include "tests/storage/refused_start.h"

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "storage/recovery.h"
#include "storage/rocks_database.h"
#include "tests/storage/shard_world.h"
#include "tests/storage/test_directory.h"

namespace tally::storage {
namespace {

namespace fs = std::filesystem;

const std::string kLogMissing = "a log was cut, changed or deleted";

class RefusedStartTest : public ::testing::Test {
 protected:
  // A checkpoint, and a journal behind it.
  void Fill(bool checkpoint = true) {
    ASSERT_TRUE(world_.Start(store_.database(), Durability::kSynced).ok());
    for (int i = 0; i < 20; ++i) world_.RandomTurn();
    if (checkpoint) {
      ASSERT_TRUE(world_.Checkpoint(store_.database()).ok());
    }
    for (int i = 0; i < 20; ++i) world_.RandomTurn();
    last_ = world_.log()->appended();
    Stop();
  }
  void Stop() {
    world_.Stop();
    store_.Close();
  }
  void ExpectRefused(const std::string& hint, Ticket high_water) {
    ExpectRefusedOnDisk(&store_, hint, [&](Database* database) {
      return world_.Start(database, Durability::kSynced, high_water);
    });
  }
  void ExpectAllThere() {
    store_.Open();
    const Status status = world_.Start(store_.database(), Durability::kSynced, last_);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(world_.recovered().last, last_);
    EXPECT_EQ(world_.State(), world_.StateAt(last_));
  }
  // The logs leave the directory and come back.
  void TakeLogs() {
    for (const auto& [path, contents] : ContentsOf(store_.path())) {
      if (fs::path(path).extension() != ".log") continue;
      logs_[path] = contents;
      fs::remove(path);
    }
    ASSERT_FALSE(logs_.empty());
  }
  void PutLogsBack() {
    for (const auto& [path, contents] : logs_) WriteFile(path, contents);
  }

  RocksStore store_;
  ShardWorld world_{2, 1};
  Ticket last_ = kNoTicket;
  std::map<std::string, std::string> logs_;
};

TEST_F(RefusedStartTest, AHighWaterMarkThatIsNotReached) {
  Fill();
  ExpectRefused(kLogMissing, last_ + 1);
  ExpectAllThere();
}

TEST_F(RefusedStartTest, AnEmptyDatabaseIsNotEvenMade) {
  Stop();
  EXPECT_TRUE(ContentsOf(store_.path()).empty()) << "opened for reading only";
  ExpectRefused("everything in rocks/, or its only log, was deleted", 1);
  EXPECT_FALSE(fs::exists(store_.path()));
}

TEST_F(RefusedStartTest, ALogThatComesBackAfterRefusedStartsIsRead) {
  Fill();
  TakeLogs();
  for (int i = 0; i < 3; ++i) ExpectRefused(kLogMissing, last_);
  PutLogsBack();
  ExpectAllThere();
  world_.RandomTurn();
  last_ = world_.log()->appended();
  Stop();
  ExpectAllThere();
}

TEST_F(RefusedStartTest, TheOnlyLogThatComesBackAfterRefusedStartsIsRead) {
  Fill(/*checkpoint=*/false);
  TakeLogs();
  for (int i = 0; i < 3; ++i) ExpectRefused("or its only log, was deleted", last_);
  PutLogsBack();
  ExpectAllThere();
}

// A torn record is put out of the way by a start, but not by a refused one.
TEST_F(RefusedStartTest, ATornLog) {
  Fill();
  TakeLogs();
  for (auto& [path, contents] : logs_) {
    if (!contents.empty()) contents += std::string(100, 'x');
  }
  PutLogsBack();
  ExpectRefused(kLogMissing, last_ + 1);
  ExpectAllThere();
}

TEST_F(RefusedStartTest, WhatACrashedCheckpointLeftIsStillThere) {
  Fill();
  WriteFile(store_.path() + "/incoming/1.sst", "left by a crash");
  ExpectRefused(kLogMissing, last_ + 1);
  ExpectAllThere();
  EXPECT_TRUE(fs::is_empty(store_.path() + "/incoming"));
}

// The first start makes one column family after the other and writes the format record last. What it
// leaves when it is cut off anywhere in between is a beginning of its manifest.
TEST_F(RefusedStartTest, AFirstStartThatWasInterruptedIsStartedOver) {
  ASSERT_TRUE(store_.database()->StartWriting().ok());
  store_.Close();
  const auto made = ContentsOf(store_.path());
  const std::string current = ReadFile(store_.path() + "/CURRENT");
  const std::string manifest = store_.path() + "/" + current.substr(0, current.find('\n'));
  const std::string& whole = made.at(manifest);
  int started = 0;
  for (size_t size = 0; size <= whole.size(); size += 9) {
    SCOPED_TRACE(size);
    fs::remove_all(store_.path());
    fs::create_directory(store_.path());
    for (const auto& [path, contents] : made) {
      if (path != store_.path() + "/incoming") WriteFile(path, contents);
    }
    WriteFile(manifest, whole.substr(0, size));
    const auto before = ContentsOf(store_.path());
    std::unique_ptr<Database> database;
    Status status = OpenRocksDatabase(store_.path(), &database, {.log = [](const std::string&) {}});
    EXPECT_TRUE(ContentsOf(store_.path()) == before);
    if (!status.ok()) continue;  // RocksDB had not yet put this manifest in force
    status = world_.Start(database.get(), Durability::kSynced);
    ASSERT_TRUE(status.ok()) << status.message();
    world_.RandomTurn();
    world_.Stop();
    database.reset();
    ++started;
  }
  EXPECT_GT(started, 10);
}

TEST_F(RefusedStartTest, NothingCanBeWrittenBeforeTheStartIsAccepted) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  // Who dies cannot clear up: the directories that the children make are in this test's own.
  const TestDirectory children;
  const std::string parent = fs::temp_directory_path();
  ASSERT_EQ(::setenv("TMPDIR", children.path().c_str(), 1), 0);
  Ticket cut = kNoTicket;
  std::unique_ptr<ObjectFile> file;
  Database* database = store_.database();
  EXPECT_DEATH((void)database->AppendJournal(1, "entry", true), "before StartWriting");
  EXPECT_DEATH((void)database->SyncJournal(), "before StartWriting");
  EXPECT_DEATH((void)database->StartNewJournalPart(&cut), "before StartWriting");
  EXPECT_DEATH((void)database->DropOldJournalParts(), "before StartWriting");
  EXPECT_DEATH((void)database->WriteMeta("name", "value"), "before StartWriting");
  EXPECT_DEATH((void)database->NewObjectFile(&file), "before StartWriting");
  EXPECT_FALSE(fs::is_empty(children.path()));
  ASSERT_EQ(::setenv("TMPDIR", parent.c_str(), 1), 0);
}

}  // namespace
}  // namespace tally::storage
