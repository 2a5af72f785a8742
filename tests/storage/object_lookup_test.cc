// LookUpObjects and ScanObjects, as every store must answer them.
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "storage/database.h"
#include "tests/storage/object_files.h"
#include "tests/storage/test_store.h"

namespace tally::storage {
namespace {

using Objects = std::vector<std::pair<std::string, std::string>>;

class ObjectLookupTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  Database* database() { return store_->database(); }
  void Ingest(const ObjectChanges& changes) { IngestChanges(database(), changes); }
  void Reopen() {
    store_->Crash([] {});
  }
  Objects Scan(std::string_view begin, std::string_view end, size_t limit = 1000) {
    Objects found;
    const Status status =
        database()->ScanObjects(begin, end, [&](std::string_view key, std::string_view value) {
          found.emplace_back(key, value);
          return found.size() < limit ? ScanStep::kContinue : ScanStep::kStop;
        });
    EXPECT_TRUE(status.ok()) << status.message();
    return found;
  }

 private:
  std::unique_ptr<TestStore> store_ = MakeStore(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Stores, ObjectLookupTest,
                         ::testing::Values(StoreKind::kMemory, StoreKind::kRocks), NameOf);

TEST_P(ObjectLookupTest, AnswersAreInTheOrderOfQuestions) {
  EXPECT_EQ(DiskValues(database(), {"a"}), (std::vector<std::string>{""}));
  Ingest({{"a", "1"}, {"c", "3"}, {"e", "5"}});
  const std::vector<std::string> keys = {"e", "b", "a", "a", "", "f", "c", "e"};
  const std::vector<std::string> values = {"5", "", "1", "1", "", "", "3", "5"};
  EXPECT_EQ(DiskValues(database(), keys), values);
  Reopen();
  EXPECT_EQ(DiskValues(database(), keys), values);
  EXPECT_TRUE(database()->LookUpObjects({}, ReadTier::kDisk).ok());
}

TEST_P(ObjectLookupTest, FormerAnswersAreReplaced) {
  Ingest({{"a", "1"}});
  std::vector<ObjectLookup> lookups = {{"a", "old", false}, {"b", "old", false}};
  ASSERT_TRUE(database()->LookUpObjects(lookups, ReadTier::kDisk).ok());
  EXPECT_EQ(lookups[0].value, "1");
  EXPECT_EQ(lookups[1].value, "");
  EXPECT_TRUE(lookups[0].known && lookups[1].known);
  Reopen();
  lookups = {{"a", "old", true}};
  ASSERT_TRUE(database()->LookUpObjects(lookups, ReadTier::kMemoryOnly).ok());
  EXPECT_FALSE(lookups[0].known);
  EXPECT_EQ(lookups[0].value, "");
}

TEST_P(ObjectLookupTest, ManyKeysAtOnce) {
  ObjectChanges changes;
  std::vector<std::string> keys;
  std::vector<std::string> values;
  for (int i = 1000; i < 1500; ++i) {
    keys.push_back("key" + std::to_string(i));
    values.emplace_back(i % 3 == 0 ? "" : std::to_string(i));
    if (i % 3 != 0) changes[keys.back()] = values.back();
  }
  Ingest(changes);
  EXPECT_EQ(DiskValues(database(), keys), values);
}

TEST_P(ObjectLookupTest, TheLastIngestCounts) {
  const std::vector<std::string> keys = {"a", "b", "c", "d"};
  const auto expect = [&](const std::vector<std::string>& values) {
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(DiskValues(database(), keys), values);
      // What memory claims to know must be the same, whatever older files it has in its cache.
      std::vector<ObjectLookup> lookups;
      for (const std::string& key : keys) lookups.push_back({key, {}, false});
      ASSERT_TRUE(database()->LookUpObjects(lookups, ReadTier::kMemoryOnly).ok());
      for (size_t key = 0; key < keys.size(); ++key) {
        EXPECT_EQ(lookups[key].value, lookups[key].known ? values[key] : "") << keys[key];
      }
      if (i == 0) Reopen();
    }
  };
  Ingest({{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}});
  expect({"1", "1", "1", "1"});
  Ingest({{"a", "2"}, {"b", std::nullopt}});
  expect({"2", "", "1", "1"});
  Ingest({{"b", "3"}});
  expect({"2", "3", "1", "1"});
  IngestDeleteRange(database(), "b", "d");
  expect({"2", "", "", "1"});
  Ingest({{"a", std::nullopt}, {"c", "4"}});
  expect({"", "", "4", "1"});
}

TEST_P(ObjectLookupTest, ScansAreBounded) {
  EXPECT_EQ(Scan("", ""), Objects());
  Ingest({{"a", "1"}, {"b", "old"}, {"c", "3"}, {"d", "4"}, {"d1", "5"}});
  Ingest({{"b", "2"}, {"d", std::nullopt}});
  const Objects all = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d1", "5"}};
  const auto part = [&](size_t begin, size_t end) {
    return Objects(all.begin() + static_cast<ptrdiff_t>(begin),
                   all.begin() + static_cast<ptrdiff_t>(end));
  };
  EXPECT_EQ(Scan("", ""), all);
  EXPECT_EQ(Scan("a", "d2"), all);
  EXPECT_EQ(Scan("a", "c"), part(0, 2)) << "the end is not in it";
  EXPECT_EQ(Scan("b", ""), part(1, 4)) << "the begin is";
  EXPECT_EQ(Scan("b1", "d"), part(2, 3));
  EXPECT_EQ(Scan("", "b"), part(0, 1));
  EXPECT_EQ(Scan("c", "c"), Objects());
  EXPECT_EQ(Scan("d", "b"), Objects());
  EXPECT_EQ(Scan("e", ""), Objects());
  EXPECT_EQ(Scan("", "", 1), part(0, 1)) << "stopped";
  EXPECT_EQ(Scan("b", "", 2), part(1, 3));
}

TEST_P(ObjectLookupTest, AScanIsOfOneMoment) {
  Ingest({{"a", "1"}, {"b", "1"}, {"c", "1"}});
  Objects found;
  const Status status =
      database()->ScanObjects("", "", [&](std::string_view key, std::string_view value) {
        found.emplace_back(key, value);
        if (key == "a") Ingest({{"b", "2"}, {"c", std::nullopt}, {"d", "2"}});
        return ScanStep::kContinue;
      });
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(found, (Objects{{"a", "1"}, {"b", "1"}, {"c", "1"}}));
  EXPECT_EQ(Scan("", ""), (Objects{{"a", "1"}, {"b", "2"}, {"d", "2"}}));
}

// Every ingest gives all objects a higher number.
TEST_P(ObjectLookupTest, BesideAnIngestEachIsOldOrNew) {
  constexpr int kIngests = 40;
  constexpr int kObjects = 300;
  std::vector<std::string> keys;
  keys.reserve(kObjects);
  for (int i = 0; i < kObjects; ++i) keys.push_back("key" + std::to_string(1000 + i));
  const auto ingest = [&](int number) {
    ObjectChanges changes;
    for (const std::string& key : keys) changes[key] = std::to_string(number);
    Ingest(changes);
  };
  ingest(1);
  std::atomic<int> ingested{1};
  std::atomic<int> begun{1};
  std::atomic<uint64_t> answers{0};
  const auto look = [&](ReadTier tier) {
    while (ingested < kIngests) {
      std::vector<ObjectLookup> lookups;
      for (size_t i = answers % 7; i < keys.size(); i += 7) lookups.push_back({keys[i], {}, false});
      const int before = ingested;
      const Status status = database()->LookUpObjects(lookups, tier);
      const int after = begun;
      ASSERT_TRUE(status.ok()) << status.message();
      for (const ObjectLookup& lookup : lookups) {
        if (!lookup.known && tier == ReadTier::kMemoryOnly) continue;
        ++answers;
        ASSERT_TRUE(lookup.known);
        ASSERT_NE(lookup.value, "") << lookup.key;
        ASSERT_GE(std::stoi(lookup.value), before);
        ASSERT_LE(std::stoi(lookup.value), after);
      }
    }
  };
  std::thread disk(look, ReadTier::kDisk);
  std::thread memory(look, ReadTier::kMemoryOnly);
  std::thread scan([&] {
    while (ingested < kIngests) {
      const Objects found = Scan("", "");
      ASSERT_EQ(found.size(), keys.size());
      for (const auto& [key, value] : found) ASSERT_EQ(value, found[0].second);
    }
  });
  // Whoever looks has begun to, however quick the ingests are.
  while (answers == 0) std::this_thread::yield();
  for (int number = 2; number <= kIngests; ++number) {
    begun = number;
    ingest(number);
    ingested = number;
  }
  disk.join();
  memory.join();
  scan.join();
  EXPECT_GT(answers, 0u);
}

}  // namespace
}  // namespace tally::storage
