// What is RocksDB's own about looking up objects: its cache, its files, their damage, their space.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "storage/database.h"
#include "storage/rocks_database.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/storage/object_files.h"
#include "tests/storage/test_directory.h"

namespace tally::storage {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr uint64_t kSmallCache = uint64_t{8} << 20;

std::string KeyOf(int number) { return "key" + std::to_string(10'000'000 + number); }

std::string RandomValue(std::mt19937_64* random, size_t size) {
  std::string value(size, '\0');
  for (char& byte : value) byte = static_cast<char>((*random)());
  return value;
}

uint64_t ReadCallsOfThisThread() {
  std::ifstream counters("/proc/thread-self/io");
  std::string name;
  uint64_t value = 0;
  while (counters >> name >> value) {
    if (name == "syscr:") return value;
  }
  return 0;
}

class RocksObjectsTest : public ::testing::Test {
 protected:
  void Open() {
    database_.reset();
    Status status = OpenRocksDatabase(path_, &database_, {.block_cache_bytes = kSmallCache});
    if (status.ok()) status = database_->StartWriting();
    ASSERT_TRUE(status.ok()) << status.message();
  }
  Status TryToOpen() {
    std::unique_ptr<Database> database;
    return OpenRocksDatabase(path_, &database, {.log = [](const std::string&) {}});
  }
  void Ingest(const ObjectChanges& changes) { IngestChanges(database_.get(), changes); }
  ObjectLookup InMemory(const std::string& key) {
    std::vector<ObjectLookup> lookup = {{key, {}, false}};
    EXPECT_TRUE(database_->LookUpObjects(lookup, ReadTier::kMemoryOnly).ok());
    return lookup[0];
  }
  std::string OnDisk(const std::string& key) { return DiskValues(database_.get(), {key})[0]; }
  std::vector<std::string> Tables() const {
    std::vector<std::string> tables;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().extension() == ".sst") tables.push_back(entry.path().string());
    }
    std::sort(tables.begin(), tables.end());
    return tables;
  }
  uint64_t TableBytes() const {
    uint64_t bytes = 0;
    for (const std::string& table : Tables()) {
      std::error_code gone;  // compaction goes on
      const uint64_t size = fs::file_size(table, gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }
  // Compaction has nothing to do any more, as far as can be seen from here.
  void WaitUntilAtRest() {
    const auto deadline = steady_clock::now() + seconds(60);
    std::vector<std::string> before;
    for (auto since = steady_clock::now(); steady_clock::now() - since < milliseconds(700);) {
      ASSERT_LT(steady_clock::now(), deadline);
      std::this_thread::sleep_for(milliseconds(20));
      if (Tables() == before) continue;
      before = Tables();
      since = steady_clock::now();
    }
  }
  void ExpectSpaceWhileOverwriting(int parts);

  TestDirectory directory_;
  const std::string path_ = directory_.File("rocks");
  std::unique_ptr<Database> database_;
};

TEST_F(RocksObjectsTest, MemoryKnowsWhatWasReadAndWhatFiltersExclude) {
  Open();
  ObjectChanges changes;
  for (int i = 0; i < 200; ++i) changes[KeyOf(i * 2)] = "value " + std::to_string(i);
  Ingest(changes);
  Open();
  EXPECT_FALSE(InMemory(KeyOf(100)).known);
  EXPECT_FALSE(InMemory(KeyOf(101)).known);
  EXPECT_FALSE(InMemory(KeyOf(100)).known) << "asking memory reads nothing";
  EXPECT_EQ(OnDisk(KeyOf(100)), "value 50");
  EXPECT_TRUE(InMemory(KeyOf(100)).known);
  EXPECT_EQ(InMemory(KeyOf(100)).value, "value 50");
  int absent = 0;
  for (int i = 0; i < 200; ++i) {
    const ObjectLookup lookup = InMemory(KeyOf(i * 2 + 1));
    EXPECT_EQ(lookup.value, "");
    if (lookup.known) ++absent;
  }
  EXPECT_GE(absent, 180) << "never read, but the filter is in memory now";
}

TEST_F(RocksObjectsTest, AskingMemoryReadsNoFile) {
  Open();
  ObjectChanges changes;
  for (int i = 0; i < 2000; ++i) changes[KeyOf(i * 2)] = std::string(20, 'x');
  Ingest(changes);
  Open();
  EXPECT_EQ(OnDisk(KeyOf(100)), changes[KeyOf(100)]);  // opens the table
  for (const bool present : {true, false}) {
    const uint64_t before = ReadCallsOfThisThread();
    const uint64_t cost_of_asking = ReadCallsOfThisThread() - before;
    const uint64_t begin = ReadCallsOfThisThread();
    for (int i = 0; i < 2000; ++i) InMemory(KeyOf(i * 2 + (present ? 0 : 1)));
    EXPECT_EQ(ReadCallsOfThisThread() - begin, cost_of_asking);
  }
  Open();
  const uint64_t begin = ReadCallsOfThisThread();
  const uint64_t cost_of_asking = ReadCallsOfThisThread() - begin;
  for (int i = 0; i < 2000; ++i) EXPECT_FALSE(InMemory(KeyOf(i)).known);
  EXPECT_EQ(ReadCallsOfThisThread() - begin, 2 * cost_of_asking) << "not even of the index";
}

TEST_F(RocksObjectsTest, ACachedOldVersionIsNeverTakenForTheNewest) {
  Open();
  const auto fill = [&](const std::string& value) {
    ObjectChanges changes;
    for (int i = 0; i < 2000; ++i) changes[KeyOf(i)] = value;
    Ingest(changes);
  };
  const auto expect = [&](int i, const std::string& value) {
    const ObjectLookup lookup = InMemory(KeyOf(i));
    if (lookup.known) {
      EXPECT_EQ(lookup.value, value) << i;
    }
  };
  for (int round = 0; round < 6; ++round) {
    const std::string value = "of round " + std::to_string(round);
    fill(value);
    for (int i = 0; i < 2000; i += 5) EXPECT_EQ(OnDisk(KeyOf(i)), value);
    Ingest({{KeyOf(10), "newer"}, {KeyOf(20), std::nullopt}});
    IngestDeleteRange(database_.get(), KeyOf(30), KeyOf(40));
    for (int i = 0; i < 50; i += 5) {
      std::string newest = i == 10 ? "newer" : value;
      if (i == 20 || i == 30 || i == 35) newest.clear();
      expect(i, newest);
      if (round % 2 == 0) {
        EXPECT_EQ(OnDisk(KeyOf(i)), newest);
        expect(i, newest);
      }
    }
    if (round == 3) Open();
  }
}

TEST_F(RocksObjectsTest, AFlippedByteIsAnErrorAndNeverAWrongValue) {
  Open();
  ObjectChanges changes;
  std::vector<std::string> keys;
  std::vector<std::string> values;
  for (int i = 0; i < 300; ++i) {
    keys.push_back(KeyOf(i));
    values.emplace_back(50, static_cast<char>('a' + i % 26));
    changes[keys.back()] = values.back();
  }
  Ingest(changes);
  database_.reset();
  const std::string table = Tables().at(0);
  const std::string good = ReadFile(table);
  int caught = 0;
  for (uint64_t offset = 7; offset < good.size(); offset += 149) {
    std::string bad = good;
    bad[offset] = static_cast<char>(bad[offset] ^ 0x10);
    WriteFile(table, bad);
    std::unique_ptr<Database> database;
    Status status = OpenRocksDatabase(path_, &database, {.log = [](const std::string&) {}});
    for (size_t i = 0; i < keys.size() && status.ok(); i += 29) {
      std::vector<ObjectLookup> lookups = {{keys[i], {}, false}, {keys[i] + "absent", {}, false}};
      status = database->LookUpObjects(lookups, ReadTier::kDisk);
      if (!status.ok()) {
        EXPECT_NE(status.message().find(path_), std::string::npos) << status.message();
        break;
      }
      EXPECT_EQ(lookups[0].value, values[i]) << offset;
      EXPECT_EQ(lookups[1].value, "") << offset;
      status = database->LookUpObjects(lookups, ReadTier::kMemoryOnly);
      if (!status.ok()) break;
      EXPECT_EQ(lookups[0].value, lookups[0].known ? values[i] : "") << offset;
      EXPECT_EQ(lookups[1].value, "") << offset;
    }
    if (!status.ok()) ++caught;
  }
  EXPECT_GT(caught, 15);
}

TEST_F(RocksObjectsTest, MemoryStaysWithinTheCache) {
  constexpr int kObjects = 400'000;
  constexpr size_t kValueBytes = 100;
  Open();
  std::mt19937_64 random(1);
  for (int file = 0; file < 2; ++file) {
    ObjectChanges changes;
    for (int i = file; i < kObjects; i += 2) changes[KeyOf(i)] = RandomValue(&random, kValueBytes);
    Ingest(changes);
  }
  WaitUntilAtRest();
  ASSERT_GT(TableBytes(), 4 * kSmallCache);
  Open();
  EXPECT_LT(database_->MemoryBytes(), kSmallCache / 2);
  uint64_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    std::vector<ObjectLookup> lookups(64);
    for (ObjectLookup& lookup : lookups) {
      lookup.key = KeyOf(static_cast<int>(random() % (2 * kObjects)));
    }
    ASSERT_TRUE(database_->LookUpObjects(lookups, ReadTier::kDisk).ok());
    most = std::max(most, database_->MemoryBytes());
  }
  EXPECT_GT(most, kSmallCache / 2) << "it is used";
  EXPECT_LT(most, kSmallCache + (uint64_t{1} << 20)) << "and the memtables, which are empty";
  const uint64_t before = database_->MemoryBytes();
  ASSERT_TRUE(database_->ScanObjects({}, {}, [](auto, auto) { return ScanStep::kContinue; }).ok());
  EXPECT_LT(database_->MemoryBytes(), before + (uint64_t{1} << 20));
  database_->SetCacheBytes(kSmallCache / 4);
  EXPECT_LT(database_->MemoryBytes(), kSmallCache / 4 + (uint64_t{1} << 20));
}

TEST_F(RocksObjectsTest, MoreTablesThanMayBeOpen) {
  constexpr int kTables = 300;
  Open();
  // Side by side in the order of keys, so compaction has nothing to do.
  for (int i = 0; i < kTables; ++i) {
    Ingest({{KeyOf(i * 10), "first"}, {KeyOf(i * 10 + 5), std::to_string(i)}});
  }
  const auto opened = steady_clock::now();
  Open();
  EXPECT_LT(steady_clock::now() - opened, seconds(2));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kTables; ++i) {
      const ObjectLookup lookup = InMemory(KeyOf(i * 10 + 5));
      EXPECT_EQ(lookup.value, lookup.known ? std::to_string(i) : "");
      EXPECT_EQ(OnDisk(KeyOf(i * 10 + 5)), std::to_string(i));
      EXPECT_EQ(OnDisk(KeyOf(i * 10 + 6)), "");
    }
  }
  const auto descriptors =
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  EXPECT_LT(descriptors, kRocksFileDescriptors);

  // Hardly any of them is opened at a start, but it misses each.
  database_.reset();
  const std::vector<std::string> tables = Tables();
  ASSERT_EQ(tables.size(), size_t{kTables});
  for (const size_t which : {size_t{0}, tables.size() / 2, tables.size() - 1}) {
    const std::string good = ReadFile(tables[which]);
    fs::remove(tables[which]);
    Status status = TryToOpen();
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(fs::path(tables[which]).stem().string()), std::string::npos)
        << status.message();
    WriteFile(tables[which], good.substr(0, good.size() - 1));
    status = TryToOpen();
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(path_), std::string::npos) << status.message();
    WriteFile(tables[which], good);
  }
  Open();
  EXPECT_EQ(OnDisk(KeyOf(5)), "0");
}

// Each of `parts` files has every so manieth object.
void RocksObjectsTest::ExpectSpaceWhileOverwriting(int parts) {
  constexpr int kRounds = 20;
  constexpr size_t kValueBytes = 1000;
  const int objects = test::Scaled(4000);
  const auto live_bytes = static_cast<double>(objects) * kValueBytes;
  Open();
  std::mt19937_64 random(static_cast<uint64_t>(parts));
  double most = 0;
  std::map<std::string, std::string> newest;
  for (int round = 0; round <= kRounds; ++round) {
    for (int part = 0; part < parts; ++part) {
      ObjectChanges changes;
      for (int i = part; i < objects; i += parts) {
        changes[KeyOf(i)] = newest[KeyOf(i)] = RandomValue(&random, kValueBytes);
      }
      Ingest(changes);
      most = std::max(most, static_cast<double>(TableBytes()));
    }
  }
  // As every checkpoint ends. It removes, too, what was still in use when it became obsolete.
  ASSERT_TRUE(database_->WriteMeta("name", "value").ok());
  ASSERT_TRUE(database_->DropOldJournalParts().ok());
  WaitUntilAtRest();
  const auto at_rest = static_cast<double>(TableBytes());
  EXPECT_LT(at_rest, 2.5 * live_bytes);
  EXPECT_GT(at_rest, live_bytes);
  // Eight files wait at most, one is new, and a compaction that gets no CPU has its inputs and outputs.
  EXPECT_LT(most, 12 * live_bytes);
  EXPECT_NEAR(static_cast<double>(database_->ObjectFileBytes()), at_rest, 0.01 * at_rest)
      << "and the meta records' table";
  RecordProperty("at_rest", std::to_string(at_rest / live_bytes));
  RecordProperty("most", std::to_string(most / live_bytes));
  auto expected = newest.begin();
  const Status status =
      database_->ScanObjects({}, {}, [&](std::string_view key, std::string_view value) {
        if (expected == newest.end() || key != expected->first || value != expected->second) {
          return ScanStep::kStop;
        }
        ++expected;
        return ScanStep::kContinue;
      });
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(expected == newest.end());
}

// With no further call: RocksDB by itself would wait for the next file.
TEST_F(RocksObjectsTest, TheSpaceOfADeletedRangeIsGivenBack) {
  constexpr int kObjects = 3000;
  constexpr uint64_t kValueBytes = 1000;
  std::mt19937_64 random(1);
  Open();
  // Some in files of their own, some in one with others, some on top of all levels.
  for (const auto& [first, last] :
       {std::pair(0, 1000), std::pair(500, 2000), std::pair(900, 3000)}) {
    ObjectChanges changes;
    for (int i = first; i < last; ++i) changes[KeyOf(i)] = RandomValue(&random, kValueBytes);
    Ingest(changes);
  }
  WaitUntilAtRest();
  ASSERT_GT(TableBytes(), kObjects * kValueBytes);
  IngestDeleteRange(database_.get(), KeyOf(0), KeyOf(2500));
  WaitUntilAtRest();
  EXPECT_LT(TableBytes(), 700 * kValueBytes);
  EXPECT_LT(database_->ObjectFileBytes(), 700 * kValueBytes);
  for (const int gone : {0, 999, 2000, 2499}) EXPECT_EQ(OnDisk(KeyOf(gone)), "");
  for (const int left : {2500, 2999}) EXPECT_EQ(OnDisk(KeyOf(left)).size(), kValueBytes);
  Ingest({{KeyOf(7), "new"}});
  EXPECT_EQ(OnDisk(KeyOf(7)), "new");
  Open();
  EXPECT_EQ(OnDisk(KeyOf(7)), "new");
  EXPECT_EQ(OnDisk(KeyOf(8)), "");
}

TEST_F(RocksObjectsTest, SpaceIsBoundedWhenEveryFileHasAllObjects) {
  ExpectSpaceWhileOverwriting(1);
}

TEST_F(RocksObjectsTest, SpaceIsBoundedWhenFilesHaveSomeObjectsEach) {
  ExpectSpaceWhileOverwriting(6);
}

}  // namespace
}  // namespace tally::storage
