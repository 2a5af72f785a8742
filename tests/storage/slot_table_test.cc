#include "storage/slot_table.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "storage/key.h"
#include "storage/object.h"

namespace tally::storage {
namespace {

static_assert(sizeof(SlotTable) <= 40);

Key KeyOf(std::string_view name) { return MakeKey({3, 4}, name); }

// A name with a hash of the test's choice.
Key KeyWithHash(std::string_view name, uint64_t hash) { return Key{name, 0, hash}; }

Object* InsertInteger(SlotTable* table, const Key& key, int64_t value) {
  return table->Insert(Object::NewInteger(key, value, kNoExpiry), key);
}

std::set<std::string> Names(const SlotTable& table) {
  std::set<std::string> names;
  table.ForEach([&](Object* object, uint64_t hash) {
    EXPECT_EQ(hash, object->hash());
    EXPECT_TRUE(names.emplace(object->name()).second) << object->name();
  });
  return names;
}

TEST(SlotTable, EmptyTableAllocatesNothingAndFindsNothing) {
  SlotTable table;
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.table_bytes(), 0u);
  EXPECT_EQ(table.Find(KeyOf("a")), nullptr);
  EXPECT_EQ(table.Remove(KeyOf("a")), nullptr);
  EXPECT_EQ(Names(table).size(), 0u);
  EXPECT_EQ(table.EraseIf([](Object*, uint64_t) { return true; }), 0u);
  EXPECT_EQ(table.ForEachFrom(0, 1, [](Object*, uint64_t) { FAIL(); }), SlotTable::kHashEnd);
  table.Prefetch(KeyOf("a"));
  table.PrefetchObject(KeyOf("a"));
  table.Clear();
}

TEST(SlotTable, FindsWhatWasInserted) {
  SlotTable table;
  Object* a = InsertInteger(&table, KeyOf("a"), 1);
  Object* b = InsertInteger(&table, KeyOf("b"), 2);
  table.Prefetch(KeyOf("a"));
  table.PrefetchObject(KeyOf("a"));
  EXPECT_EQ(table.Find(KeyOf("a")), a);
  EXPECT_EQ(table.Find(KeyOf("b")), b);
  EXPECT_EQ(table.Find(KeyOf("c")), nullptr);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(b->integer(), 2);
}

TEST(SlotTable, TellsNamesOfEqualHashApart) {
  SlotTable table;
  constexpr uint64_t kHash = 0xabcdef012345;
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back("name" + std::to_string(i));
  for (int i = 0; i < 100; ++i) {
    InsertInteger(&table, KeyWithHash(names[static_cast<size_t>(i)], kHash), i);
  }
  for (int i = 0; i < 100; ++i) {
    Object* object = table.Find(KeyWithHash(names[static_cast<size_t>(i)], kHash));
    ASSERT_NE(object, nullptr);
    EXPECT_EQ(object->integer(), i);
  }
  EXPECT_EQ(table.Find(KeyWithHash("other", kHash)), nullptr);
  for (size_t i = 0; i < 100; i += 2) {
    EXPECT_NE(table.Remove(KeyWithHash(names[i], kHash)), nullptr);
  }
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(table.Find(KeyWithHash(names[i], kHash)) != nullptr, i % 2 == 1);
  }
}

TEST(SlotTable, TellsHashesOfEqualTagApart) {
  SlotTable table;
  InsertInteger(&table, KeyWithHash("a", 0xabcde0000001), 1);
  EXPECT_EQ(table.Find(KeyWithHash("a", 0xabcde0000002)), nullptr);
}

TEST(SlotTable, ReplaceKeepsTheEntryAndDeletesTheOldObject) {
  SlotTable table;
  const Key key = KeyOf("a");
  Object* old = InsertInteger(&table, key, 1);
  ObjectPtr replacement = Object::NewBytes(key, std::string(1000, 'x'), {}, kNoExpiry);
  Object* expected = replacement.get();
  EXPECT_EQ(table.Replace(old, std::move(replacement)), expected);
  EXPECT_EQ(table.Find(key), expected);
  EXPECT_EQ(table.size(), 1u);
}

TEST(SlotTable, RemoveHandsTheObjectOver) {
  SlotTable table;
  Object* object = InsertInteger(&table, KeyOf("a"), 9);
  const ObjectPtr removed = table.Remove(KeyOf("a"));
  EXPECT_EQ(removed.get(), object);
  EXPECT_EQ(removed->integer(), 9);
  EXPECT_EQ(table.Find(KeyOf("a")), nullptr);
  EXPECT_EQ(table.table_bytes(), 0u);
}

TEST(SlotTable, GrowsAtSevenEighthsAndShrinksAtOneEighth) {
  SlotTable table;
  std::vector<Object*> objects;
  std::vector<size_t> grown_at;
  for (size_t i = 0, bytes = 0; i < 1000; ++i) {
    objects.push_back(InsertInteger(&table, KeyOf(std::to_string(i)), 0));
    if (table.table_bytes() != bytes) grown_at.push_back(i);
    bytes = table.table_bytes();
    ASSERT_LE(table.size() * 8 * 8, bytes * 7);
  }
  EXPECT_EQ(grown_at, (std::vector<size_t>{0, 3, 7, 14, 28, 56, 112, 224, 448, 896}));
  while (!objects.empty()) {
    table.Erase(objects.back());
    objects.pop_back();
    // In entries: never more than 8 per object, 4 at least.
    ASSERT_TRUE(table.table_bytes() / 8 < table.size() * 8 || table.table_bytes() <= 4 * 8)
        << table.size();
  }
  EXPECT_EQ(table.table_bytes(), 0u);
}

TEST(SlotTable, DoesNotResizeBackAndForth) {
  SlotTable table;
  for (int i = 0; i < 15; ++i) InsertInteger(&table, KeyOf(std::to_string(i)), 0);
  const size_t bytes = table.table_bytes();
  for (int i = 0; i < 10; ++i) {
    table.Remove(KeyOf("14"));
    EXPECT_EQ(table.table_bytes(), bytes);
    InsertInteger(&table, KeyOf("14"), 0);
    EXPECT_EQ(table.table_bytes(), bytes);
  }
}

TEST(SlotTable, MovesLeaveAnEmptyTableBehind) {
  SlotTable table;
  Object* a = InsertInteger(&table, KeyOf("a"), 1);
  table.set_last_change(17);
  SlotTable moved(std::move(table));
  EXPECT_EQ(moved.Find(KeyOf("a")), a);
  EXPECT_EQ(moved.last_change(), 17u);
  EXPECT_TRUE(table.empty());  // NOLINT(bugprone-use-after-move): promised
  EXPECT_EQ(table.last_change(), kNoTicket);

  SlotTable assigned;
  InsertInteger(&assigned, KeyOf("b"), 2);
  assigned = std::move(moved);
  EXPECT_EQ(assigned.Find(KeyOf("a")), a);
  EXPECT_EQ(assigned.Find(KeyOf("b")), nullptr);
  InsertInteger(&table, KeyOf("c"), 3);
  EXPECT_EQ(table.size(), 1u);
}

TEST(SlotTable, ClearKeepsTheLastChange) {
  SlotTable table;
  InsertInteger(&table, KeyOf("a"), 1);
  table.set_last_change(3);
  table.Clear();
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.table_bytes(), 0u);
  EXPECT_EQ(table.last_change(), 3u);
}

// How the hashes of a random test are drawn: spread, or crowded into runs that meet every rule of
// probing.
enum class Crowd { kNone, kFewHomes, kLastHomes, kOneTag, kFewHashes };

uint64_t DrawHash(Crowd crowd, std::mt19937_64* random) {
  const uint64_t hash = (*random)() >> 16;
  switch (crowd) {
    case Crowd::kNone:
      return hash;
    case Crowd::kFewHomes:
      return hash & 0xc0000fffffff;
    case Crowd::kLastHomes:  // runs that go on at the front
      return hash | 0xff0000000000;
    case Crowd::kOneTag:
      return hash & 0xfffffff;
    case Crowd::kFewHashes:
      return (hash & 7) * 0x200000000001;
  }
  return hash;
}

class SlotTableRandomTest : public testing::TestWithParam<Crowd> {};

TEST_P(SlotTableRandomTest, AgreesWithUnorderedMap) {
  std::mt19937_64 random(11);
  for (const size_t universe : {4u, 30u, 400u}) {
    std::vector<std::string> names;
    std::vector<Key> keys;
    for (size_t i = 0; i < universe; ++i) names.push_back("name " + std::to_string(i));
    for (const std::string& name : names) {
      keys.push_back(KeyWithHash(name, DrawHash(GetParam(), &random)));
    }
    SlotTable table;
    std::unordered_map<std::string_view, int64_t> model;
    for (int step = 0; step < 6000; ++step) {
      const bool growing = step / 1500 % 2 == 0;
      const Key& key = keys[random() % universe];
      Object* object = table.Find(key);
      ASSERT_EQ(object != nullptr, model.count(key.name) == 1);
      if (object != nullptr) {
        ASSERT_EQ(object->integer(), model[key.name]);
      }
      const auto action = random() % 8;
      if (object == nullptr) {
        if (growing || action == 0) {
          InsertInteger(&table, key, step);
          model[key.name] = step;
        }
      } else if (action < 3) {
        table.Replace(object, Object::NewInteger(key, step, kNoExpiry));
        model[key.name] = step;
      } else if (!growing || action == 7) {
        if (action % 2 == 0) {
          table.Erase(object);
        } else {
          ASSERT_EQ(table.Remove(key).get(), object);
        }
        model.erase(key.name);
      }
      ASSERT_EQ(table.size(), model.size());
      if (step % 500 == 499) {
        ASSERT_EQ(Names(table).size(), model.size());
        for (const Key& each : keys) {
          ASSERT_EQ(table.Find(each) != nullptr, model.count(each.name) == 1);
        }
      }
    }
  }
}

TEST_P(SlotTableRandomTest, EraseIfAsksOnceForEachAndKeepsTheRest) {
  std::mt19937_64 random(12);
  for (int round = 0; round < 60; ++round) {
    SlotTable table;
    std::map<std::string, Key> kept;
    std::vector<std::string> names;
    const size_t count = random() % 120;
    const unsigned every = 1 + random() % 4;
    for (size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
    for (const std::string& name : names) {
      const Key key = KeyWithHash(name, DrawHash(GetParam(), &random));
      const bool keep = random() % every != 0;
      InsertInteger(&table, key, keep ? 1 : 0);
      if (keep) kept.emplace(name, key);
    }
    std::multiset<std::string> asked;
    const size_t erased = table.EraseIf([&](Object* object, uint64_t hash) {
      EXPECT_EQ(hash, object->hash());
      asked.emplace(object->name());
      return object->integer() == 0;
    });
    EXPECT_EQ(asked, (std::multiset<std::string>(names.begin(), names.end())));
    EXPECT_EQ(erased, count - kept.size());
    ASSERT_EQ(table.size(), kept.size());
    for (const auto& [name, key] : kept) ASSERT_NE(table.Find(key), nullptr) << name;
  }
}

TEST_P(SlotTableRandomTest, ScanVisitsOnceWhatIsThereAllAlong) {
  std::mt19937_64 random(13);
  for (int round = 0; round < 60; ++round) {
    SlotTable table;
    std::vector<std::string> names;
    std::vector<Key> keys;
    for (size_t i = 0; i < 600; ++i) names.push_back(std::to_string(i));
    for (const std::string& name : names) {
      keys.push_back(KeyWithHash(name, DrawHash(GetParam(), &random)));
    }
    const size_t steady = random() % 200;
    for (size_t i = 0; i < steady; ++i) InsertInteger(&table, keys[i], 0);

    std::map<std::string, int> visits;
    uint64_t from = 0;
    while (from != SlotTable::kHashEnd) {
      size_t visited = 0;
      const size_t wanted = 1 + random() % 40;
      uint64_t highest = 0;
      const uint64_t next = table.ForEachFrom(from, wanted, [&](Object* object, uint64_t hash) {
        EXPECT_EQ(hash, object->hash());
        EXPECT_GE(hash, from);
        highest = std::max(highest, hash);
        ++visits[std::string(object->name())];
        ++visited;
      });
      ASSERT_GT(next, from);
      ASSERT_TRUE(visited == 0 || highest < next);
      ASSERT_TRUE(visited >= wanted || next == SlotTable::kHashEnd);
      from = next;
      // The table grows and shrinks between the steps.
      for (size_t i = steady; i < keys.size() && random() % 64 != 0; ++i) {
        if (table.Find(keys[i]) == nullptr) {
          InsertInteger(&table, keys[i], 1);
        } else if (random() % 4 != 0) {
          table.Remove(keys[i]);
        }
      }
    }
    for (size_t i = 0; i < keys.size(); ++i) {
      const int count = visits[names[i]];
      EXPECT_LE(count, 1);
      if (i < steady) {
        EXPECT_EQ(count, 1) << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Crowds, SlotTableRandomTest,
                         testing::Values(Crowd::kNone, Crowd::kFewHomes, Crowd::kLastHomes,
                                         Crowd::kOneTag, Crowd::kFewHashes));

TEST(SlotTable, ScanStepIsBounded) {
  SlotTable table;
  for (int i = 0; i < 50000; ++i) InsertInteger(&table, KeyOf(std::to_string(i)), 0);
  size_t steps = 0;
  for (uint64_t from = 0; from != SlotTable::kHashEnd; ++steps) {
    size_t visited = 0;
    from = table.ForEachFrom(from, 10, [&](Object*, uint64_t) { ++visited; });
    ASSERT_LE(visited, 60u);
  }
  EXPECT_GT(steps, 50000u / 60);
}

// Beyond 2^20 entries a home is no longer told by the entry alone.
TEST(SlotTable, HoldsMoreObjectsThanTheTagHasValues) {
  constexpr int kObjects = 1'000'000;
  SlotTable table;
  std::vector<std::string> names;
  names.reserve(kObjects);
  for (int i = 0; i < kObjects; ++i) {
    const Key key = KeyOf(names.emplace_back(std::to_string(i)));
    table.Insert(Object::NewTombstone(key), key);
  }
  EXPECT_EQ(table.table_bytes(), (size_t{1} << 21) * 8);
  for (const std::string& name : names) ASSERT_NE(table.Find(KeyOf(name)), nullptr);
  EXPECT_EQ(table.Find(KeyOf("absent")), nullptr);
  const size_t erased =
      table.EraseIf([](Object* object, uint64_t) { return object->name() > "2"; });
  EXPECT_EQ(table.size(), kObjects - erased);
  for (const std::string& name : names) {
    ASSERT_EQ(table.Find(KeyOf(name)) != nullptr, name <= "2") << name;
  }
}

TEST(SlotTableDeathTest, MisuseStopsTheProcess) {
  SlotTable table;
  const Key a = KeyOf("a");
  const Key b = KeyOf("b");
  Object* object = InsertInteger(&table, a, 1);
  const ObjectPtr stranger = Object::NewInteger(b, 1, kNoExpiry);
  EXPECT_DEATH(InsertInteger(&table, a, 2), "a name was inserted twice");
  EXPECT_DEATH(table.Insert(Object::NewInteger(b, 1, kNoExpiry), KeyOf("c")), "under another key");
  EXPECT_DEATH(table.Replace(object, Object::NewInteger(b, 1, kNoExpiry)), "of another name");
  EXPECT_DEATH(table.Erase(stranger.get()), "not in this table");
}

}  // namespace
}  // namespace tally::storage
