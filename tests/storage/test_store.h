#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "storage/database.h"
#include "storage/rocks_database.h"
#include "tests/storage/forgetful_disk.h"
#include "tests/storage/memory_database.h"
#include "tests/storage/test_directory.h"

namespace tally::storage {

/// A database and what a crash makes of it: tests that take one run on each kind. It is open for reading;
/// who writes without Recover says StartWriting.
class TestStore {
 public:
  virtual ~TestStore() = default;
  virtual Database* database() = 0;
  /// The process dies (and, where that can be had, the power goes): then a new one opens what is left.
  /// `let_go` ends the use of the old database. What it still writes is lost if the power went.
  virtual void Crash(const std::function<void()>& let_go) = 0;
};

class MemoryStore : public TestStore {
 public:
  Database* database() override { return memory_.get(); }
  MemoryDatabase* memory() { return memory_.get(); }
  void Crash(const std::function<void()>& let_go) override {
    auto left = memory_->CloneSynced(++crashes_);
    let_go();
    memory_ = std::move(left);
  }

 private:
  std::unique_ptr<MemoryDatabase> memory_ = std::make_unique<MemoryDatabase>();
  uint64_t crashes_ = 0;  // the seed of what survives
};

class RocksStore : public TestStore {
 public:
  RocksStore() { Open(); }
  Database* database() override { return database_.get(); }
  /// RocksDB writes nothing when it is closed, as it is set up; unsynced data is still there.
  void Crash(const std::function<void()>& let_go) override {
    let_go();
    database_.reset();
    Open();
  }
  [[nodiscard]] std::string path() const { return directory_.File("rocks"); }
  void Close() { database_.reset(); }
  void Open() {
    const Status status = OpenRocksDatabase(path(), &database_);
    ASSERT_TRUE(status.ok()) << status.message();
  }

 private:
  TestDirectory directory_;
  std::unique_ptr<Database> database_;
};

/// RocksDB, and what is not synced is lost.
class PowerCutStore : public TestStore {
 public:
  PowerCutStore() { Open(); }
  Database* database() override { return database_.get(); }
  ForgetfulDisk* disk() { return &disk_; }
  void Crash(const std::function<void()>& let_go) override {
    disk_.NoteForPowerCut();
    EndPowerCut(let_go);
  }
  /// After disk()->NoteForPowerCut().
  void EndPowerCut(const std::function<void()>& let_go) {
    let_go();
    database_.reset();
    disk_.EndPowerCut();
    Open();
  }
  /// The process is killed and started again; the power stays.
  void Restart() {
    database_.reset();
    Open();
  }

 private:
  void Open() {
    const Status status = OpenRocksDatabase(disk_.directory(), &database_);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  TestDirectory directory_;
  ForgetfulDisk disk_{directory_.File("rocks")};
  std::unique_ptr<Database> database_;
};

enum class StoreKind { kMemory, kRocks, kRocksPowerCut };

inline std::unique_ptr<TestStore> MakeStore(StoreKind kind) {
  if (kind == StoreKind::kMemory) return std::make_unique<MemoryStore>();
  if (kind == StoreKind::kRocksPowerCut) return std::make_unique<PowerCutStore>();
  return std::make_unique<RocksStore>();
}

inline std::string NameOf(const ::testing::TestParamInfo<StoreKind>& info) {
  if (info.param == StoreKind::kRocksPowerCut) return "RocksPowerCut";
  return info.param == StoreKind::kMemory ? "Memory" : "Rocks";
}

}  // namespace tally::storage
