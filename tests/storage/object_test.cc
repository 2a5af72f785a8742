#include "storage/object.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "storage/key.h"

namespace tally::storage {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

Key KeyOf(std::string_view name) { return MakeKey({1, 2}, name); }

TEST(Object, IntegerHoldsWhatItWasMadeOf) {
  const Key key = KeyOf("a counter");
  const ObjectPtr object = Object::NewInteger(key, kMin, 12345);
  EXPECT_EQ(object->type(), ObjectType::kString);
  EXPECT_TRUE(object->is_integer());
  EXPECT_FALSE(object->is_tombstone());
  EXPECT_EQ(object->integer(), kMin);
  EXPECT_EQ(object->name(), "a counter");
  EXPECT_EQ(object->hash(), key.hash);
  EXPECT_EQ(object->hash_low(), static_cast<uint32_t>(key.hash));
  EXPECT_EQ(object->expires_at_ms(), 12345);
  EXPECT_EQ(object->ticket(), kNoTicket);
  EXPECT_FALSE(object->is_pending());
}

TEST(Object, BytesAreHeadAndTail) {
  const std::string name("binary\0name", 11);
  const ObjectPtr object = Object::NewBytes(KeyOf(name), "head ", "and tail", kNoExpiry);
  EXPECT_EQ(object->type(), ObjectType::kString);
  EXPECT_FALSE(object->is_integer());
  EXPECT_EQ(object->bytes(), "head and tail");
  EXPECT_EQ(object->name(), name);
  EXPECT_EQ(object->expires_at_ms(), kNoExpiry);
}

TEST(Object, EmptyBytesAndEmptyNameAreAllowed) {
  const ObjectPtr object = Object::NewBytes(KeyOf(""), {}, {}, 0);
  EXPECT_EQ(object->bytes(), "");
  EXPECT_EQ(object->name(), "");
  EXPECT_EQ(object->expires_at_ms(), 0);
}

TEST(Object, TombstoneHasANameOnly) {
  const ObjectPtr object = Object::NewTombstone(KeyOf("gone"));
  EXPECT_TRUE(object->is_tombstone());
  EXPECT_FALSE(object->is_integer());
  EXPECT_EQ(object->name(), "gone");
  EXPECT_EQ(object->expires_at_ms(), kNoExpiry);
  EXPECT_FALSE(object->IsExpired(kMax));
}

TEST(Object, CounterWithOrdinaryNameFits48Bytes) {
  const Key key = KeyOf("key:00000000000018");
  ASSERT_EQ(key.name.size(), 18u);
  // glibc spends up to 8 bytes more than were asked for, jemalloc none.
  EXPECT_LE(Object::NewInteger(key, 1, kNoExpiry)->memory_bytes(), 48u + 8);
  const Key longest = KeyOf("a name of twenty-two b");
  ASSERT_EQ(longest.name.size(), 22u);
  EXPECT_LE(Object::NewInteger(longest, 1, kNoExpiry)->memory_bytes(), 48u + 8);
  EXPECT_LE(Object::NewInteger(KeyOf("a name of twenty-three "), 1, kNoExpiry)->memory_bytes(),
            64u + 8);
}

TEST(Object, LivesAtItsLastMillisecondAndNotAfter) {
  const ObjectPtr object = Object::NewInteger(KeyOf("k"), 1, 1000);
  EXPECT_FALSE(object->IsExpired(999));
  EXPECT_FALSE(object->IsExpired(1000));
  EXPECT_TRUE(object->IsExpired(1001));
  EXPECT_FALSE(Object::NewInteger(KeyOf("k"), 1, kNoExpiry)->IsExpired(kMax));
}

TEST(Object, TicketIsOpenWhilePending) {
  const ObjectPtr object = Object::NewInteger(KeyOf("k"), 7, 9);
  object->set_ticket(kMaxTicket);
  EXPECT_EQ(object->ticket(), kMaxTicket);

  object->MarkPending(0xffffffff);
  EXPECT_TRUE(object->is_pending());
  EXPECT_EQ(object->ticket(), kOpenTicket);
  EXPECT_EQ(object->pending_index(), 0xffffffff);
  object->MarkPending(0);
  EXPECT_EQ(object->pending_index(), 0u);

  object->set_ticket(5);
  EXPECT_FALSE(object->is_pending());
  EXPECT_EQ(object->ticket(), 5u);
  EXPECT_EQ(object->integer(), 7);
  EXPECT_EQ(object->expires_at_ms(), 9);
  EXPECT_EQ(object->type(), ObjectType::kString);
}

TEST(Object, UpdatesLeaveTheTicketAlone) {
  const ObjectPtr object = Object::NewBytes(KeyOf("k"), "12345678901", {}, kNoExpiry);
  object->MarkPending(77);
  EXPECT_TRUE(object->TrySetInteger(3));
  EXPECT_TRUE(object->TrySetExpiry(4));
  EXPECT_TRUE(object->TrySetBytes("a", {}));
  EXPECT_EQ(object->pending_index(), 77u);
}

TEST(Object, IntegerIsSetInPlace) {
  const ObjectPtr object = Object::NewInteger(KeyOf("k"), 0, kNoExpiry);
  for (const int64_t value : {kMin, int64_t{-1}, kMax}) {
    EXPECT_TRUE(object->TrySetInteger(value));
    EXPECT_EQ(object->integer(), value);
  }
}

TEST(Object, TurnsFromIntegerToBytesAndBackWhereThereIsRoom) {
  const ObjectPtr object = Object::NewInteger(KeyOf("name"), 42, 777);
  const char* const name_before = object->name().data();
  EXPECT_TRUE(object->TrySetBytes("3.14", {}));
  EXPECT_FALSE(object->is_integer());
  EXPECT_EQ(object->bytes(), "3.14");
  EXPECT_TRUE(object->TrySetInteger(-5));
  EXPECT_TRUE(object->is_integer());
  EXPECT_EQ(object->integer(), -5);
  EXPECT_EQ(object->name(), "name");
  EXPECT_EQ(object->name().data(), name_before);
  EXPECT_EQ(object->expires_at_ms(), 777);
}

TEST(Object, TombstoneBecomesAStringWhereThereIsRoom) {
  const ObjectPtr object = Object::NewTombstone(KeyOf("a name of 20 bytes.."));
  EXPECT_TRUE(object->TrySetInteger(1));  // 18 + 20 + 8 <= 48
  EXPECT_FALSE(object->is_tombstone());
  EXPECT_EQ(object->integer(), 1);

  const ObjectPtr full = Object::NewTombstone(KeyOf("a name of 30 bytes, no room up"));
  EXPECT_FALSE(full->TrySetInteger(1));
  EXPECT_FALSE(full->TrySetBytes({}, {}));
  EXPECT_TRUE(full->is_tombstone());
}

TEST(Object, RefusesBytesThatDoNotFitAndChangesNothing) {
  const ObjectPtr object = Object::NewBytes(KeyOf("name"), "short", {}, 5);
  EXPECT_FALSE(object->TrySetBytes(std::string(30, 'x'), "y"));
  EXPECT_EQ(object->bytes(), "short");
  EXPECT_EQ(object->expires_at_ms(), 5);
}

TEST(Object, RefusesToWasteMoreThanHalfOfABigAllocation) {
  const ObjectPtr object = Object::NewBytes(KeyOf("name"), std::string(900, 'x'), {}, kNoExpiry);
  EXPECT_TRUE(object->TrySetBytes(std::string(600, 'y'), {}));
  EXPECT_FALSE(object->TrySetBytes(std::string(300, 'z'), {}));
  EXPECT_FALSE(object->TrySetInteger(1));
  EXPECT_EQ(object->bytes(), std::string(600, 'y'));
}

TEST(Object, NeverRefusesToShrinkWithin64Bytes) {
  const ObjectPtr object = Object::NewBytes(KeyOf("n"), std::string(41, 'x'), {}, kNoExpiry);
  EXPECT_TRUE(object->TrySetBytes({}, {}));
  EXPECT_EQ(object->bytes(), "");
}

TEST(Object, AppendsItselfInPlaceUntilFull) {
  ObjectPtr object = Object::NewBytes(KeyOf("log"), std::string(100, 'a'), {}, kNoExpiry);
  std::string expected(100, 'a');
  int replaced = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string_view tail = i % 2 == 0 ? "0" : "123";
    if (!object->TrySetBytes(object->bytes(), tail)) {
      object = Object::NewBytes(KeyOf("log"), object->bytes(), tail, kNoExpiry);
      ++replaced;
    }
    expected += tail;
    ASSERT_EQ(object->bytes(), expected);
  }
  EXPECT_GT(replaced, 2);
  EXPECT_LT(replaced, 25);  // room grows with the size
}

// Every way in which head and tail can be views of the object's own bytes.
TEST(Object, SetBytesMayAliasTheObjectsOwnBytes) {
  const std::string original = "0123456789abcdef";
  for (size_t head_at = 0; head_at <= 16; ++head_at) {
    for (size_t head_size = 0; head_at + head_size <= 16; ++head_size) {
      for (size_t tail_at = 0; tail_at <= 16; ++tail_at) {
        for (size_t tail_size = 0; tail_at + tail_size <= 16; ++tail_size) {
          // 18 + 1 + 8 + 4 + 32 = 63 bytes: room for every result.
          const ObjectPtr object = Object::NewBytes(KeyOf("k"), original, original, 1);
          ASSERT_TRUE(object->TrySetBytes(original, {}));
          const std::string_view bytes = object->bytes();
          const std::string_view head = bytes.substr(head_at, head_size);
          const std::string_view tail = bytes.substr(tail_at, tail_size);
          const std::string expected = std::string(head) + std::string(tail);
          ASSERT_TRUE(object->TrySetBytes(head, tail));
          ASSERT_EQ(object->bytes(), expected);
        }
      }
    }
  }
}

TEST(Object, SetBytesMayAliasTheObjectsName) {
  const ObjectPtr object = Object::NewInteger(KeyOf("abc"), 1, kNoExpiry);
  ASSERT_TRUE(object->TrySetBytes(object->name(), object->name()));
  EXPECT_EQ(object->bytes(), "abcabc");
  EXPECT_EQ(object->name(), "abc");
}

TEST(Object, ExpiryIsAddedChangedAndTakenAway) {
  const ObjectPtr object = Object::NewBytes(KeyOf("k"), "some value", {}, kNoExpiry);
  EXPECT_TRUE(object->TrySetExpiry(kNoExpiry));
  EXPECT_TRUE(object->TrySetExpiry(1000));
  EXPECT_EQ(object->expires_at_ms(), 1000);
  EXPECT_EQ(object->bytes(), "some value");
  EXPECT_TRUE(object->TrySetExpiry(kMax));
  EXPECT_EQ(object->expires_at_ms(), kMax);
  EXPECT_TRUE(object->TrySetExpiry(kNoExpiry));
  EXPECT_EQ(object->expires_at_ms(), kNoExpiry);
  EXPECT_FALSE(object->IsExpired(kMax));
  EXPECT_EQ(object->bytes(), "some value");
  EXPECT_EQ(object->name(), "k");
}

TEST(Object, RefusesAnExpiryWithoutRoomAndChangesNothing) {
  const Key key = KeyOf("a name with 22 letters");
  ASSERT_EQ(key.name.size(), 22u);
  const ObjectPtr object = Object::NewInteger(key, 5, kNoExpiry);  // 18 + 22 + 8 = 48: full
  EXPECT_FALSE(object->TrySetExpiry(1000));
  EXPECT_TRUE(object->TrySetExpiry(kNoExpiry));
  EXPECT_EQ(object->expires_at_ms(), kNoExpiry);
  EXPECT_EQ(object->integer(), 5);
}

// Around the size from which on a name's length no longer fits the header.
class ObjectNameSize : public testing::TestWithParam<size_t> {
 protected:
  ObjectNameSize() {
    for (size_t i = 0; i < name_.size(); ++i) name_[i] = static_cast<char>('a' + i % 23);
  }
  std::string name_ = std::string(GetParam(), '\0');
  Key key_{name_, 7, 0x123456789abc};
};

INSTANTIATE_TEST_SUITE_P(Sizes, ObjectNameSize,
                         testing::Values(0, 1, 255, 65533, 65534, 65535, 65536, 1 << 20));

TEST_P(ObjectNameSize, IntegerWithAndWithoutExpiry) {
  for (const int64_t expiry : {kNoExpiry, int64_t{0}, kMax}) {
    const ObjectPtr object = Object::NewInteger(key_, kMin, expiry);
    ASSERT_EQ(object->name(), name_);
    EXPECT_EQ(object->hash(), key_.hash);
    EXPECT_EQ(object->integer(), kMin);
    EXPECT_EQ(object->expires_at_ms(), expiry);
    EXPECT_TRUE(object->TrySetInteger(kMax));
    EXPECT_EQ(object->integer(), kMax);
    EXPECT_EQ(object->expires_at_ms(), expiry);
    EXPECT_EQ(object->name(), name_);
  }
}

TEST_P(ObjectNameSize, BytesWithAndWithoutExpiry) {
  for (const int64_t expiry : {kNoExpiry, int64_t{12345}}) {
    const ObjectPtr object = Object::NewBytes(key_, "head", "tail", expiry);
    ASSERT_EQ(object->name(), name_);
    EXPECT_EQ(object->bytes(), "headtail");
    EXPECT_EQ(object->expires_at_ms(), expiry);
    ASSERT_TRUE(object->TrySetBytes(object->bytes().substr(4), "!"));
    EXPECT_EQ(object->bytes(), "tail!");
    ASSERT_TRUE(object->TrySetInteger(-7));
    EXPECT_EQ(object->integer(), -7);
    EXPECT_EQ(object->expires_at_ms(), expiry);
    EXPECT_EQ(object->name(), name_);
  }
}

TEST_P(ObjectNameSize, ExpiryComesAndGoesInPlace) {
  // Room for the expiry: a value that has become shorter leaves some.
  const ObjectPtr object = Object::NewBytes(key_, "some twenty bytes long", {}, kNoExpiry);
  ASSERT_TRUE(object->TrySetBytes("short", {}));
  ASSERT_TRUE(object->TrySetExpiry(99));
  EXPECT_EQ(object->expires_at_ms(), 99);
  EXPECT_EQ(object->bytes(), "short");
  ASSERT_TRUE(object->TrySetExpiry(kNoExpiry));
  EXPECT_EQ(object->expires_at_ms(), kNoExpiry);
  EXPECT_EQ(object->bytes(), "short");
  EXPECT_EQ(object->name(), name_);
}

TEST_P(ObjectNameSize, TombstoneBecomesAString) {
  const ObjectPtr object = Object::NewTombstone(key_);
  ASSERT_EQ(object->name(), name_);
  if (object->TrySetInteger(5)) {
    EXPECT_EQ(object->integer(), 5);
    EXPECT_EQ(object->name(), name_);
  }
}

TEST_P(ObjectNameSize, TheAllocationIsAsLargeAsItsParts) {
  const size_t long_name = name_.size() < 65535 ? 0 : 4;
  const size_t parts = 18 + long_name + name_.size() + 8;
  const size_t bytes = Object::NewInteger(key_, 1, kNoExpiry)->memory_bytes();
  EXPECT_GE(bytes, parts);
  EXPECT_LE(bytes, parts + parts / 4 + 16 + 4096);  // a class, and what a page costs
}

TEST(Object, AccessClockIsItsOwn) {
  const ObjectPtr object = Object::NewBytes(KeyOf("name"), "12345678901", {}, kNoExpiry);
  EXPECT_EQ(object->access_clock(), 0);
  object->set_access_clock(0xffff);
  EXPECT_EQ(object->access_clock(), 0xffff);
  object->set_ticket(kMaxTicket);
  object->MarkPending(1);
  EXPECT_TRUE(object->TrySetInteger(kMin));
  EXPECT_TRUE(object->TrySetExpiry(kMax));
  EXPECT_TRUE(object->TrySetBytes("b", {}));
  EXPECT_EQ(object->access_clock(), 0xffff);
  object->set_access_clock(0);
  EXPECT_EQ(object->name(), "name");
  EXPECT_EQ(object->hash(), KeyOf("name").hash);
  EXPECT_EQ(object->bytes(), "b");
}

TEST(Object, RandomUpdatesInPlaceAgreeWithReplacement) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const std::string name(random() % 40, 'n');
    const Key key = KeyOf(name);
    ObjectPtr object = Object::NewTombstone(key);
    bool is_integer = false;
    int64_t integer = 0;
    std::string bytes;
    int64_t expiry = kNoExpiry;
    for (int step = 0; step < 100; ++step) {
      const auto action = object->is_tombstone() ? random() % 2 : random() % 3;
      if (action == 0) {
        is_integer = true;
        integer = static_cast<int64_t>(random());
        if (!object->TrySetInteger(integer)) object = Object::NewInteger(key, integer, expiry);
      } else if (action == 1) {
        is_integer = false;
        bytes.assign(random() % 2 == 0 ? random() % 20 : random() % 500, 'b');
        if (!object->TrySetBytes(bytes, {})) object = Object::NewBytes(key, bytes, {}, expiry);
      } else {
        expiry = random() % 3 == 0 ? kNoExpiry : static_cast<int64_t>(random());
        if (!object->TrySetExpiry(expiry)) {
          object = is_integer ? Object::NewInteger(key, integer, expiry)
                              : Object::NewBytes(key, bytes, {}, expiry);
        }
      }
      ASSERT_EQ(object->is_integer(), is_integer);
      if (is_integer) {
        ASSERT_EQ(object->integer(), integer);
      } else {
        ASSERT_EQ(object->bytes(), bytes);
      }
      ASSERT_EQ(object->expires_at_ms(), expiry);
      ASSERT_EQ(object->name(), name);
      ASSERT_EQ(object->hash(), key.hash);
    }
  }
}

TEST(ObjectDeathTest, MisuseStopsTheProcess) {
  const ObjectPtr integer = Object::NewInteger(KeyOf("k"), 1, kNoExpiry);
  const ObjectPtr tombstone = Object::NewTombstone(KeyOf("k"));
  EXPECT_DEATH((void)integer->bytes(), "bytes\\(\\) of an object that holds none");
  EXPECT_DEATH((void)tombstone->bytes(), "bytes\\(\\) of an object that holds none");
  EXPECT_DEATH((void)tombstone->integer(), "integer\\(\\) of an object that holds none");
  EXPECT_DEATH((void)integer->pending_index(), "not pending");
  EXPECT_DEATH((void)tombstone->TrySetExpiry(1), "a tombstone does not expire");
  EXPECT_DEATH((void)integer->TrySetExpiry(-2), "a negative expiry");
  // Lengths are looked at before bytes: these views have too few of them.
  EXPECT_DEATH((void)Object::NewBytes(KeyOf("k"), {"x", kMaxValueBytes}, "y", kNoExpiry),
               "a value is too long");
  EXPECT_DEATH((void)integer->TrySetBytes("y", {"x", kMaxValueBytes}), "a value is too long");
  EXPECT_DEATH((void)Object::NewTombstone({{"x", kMaxNameBytes + 1}, 0, 0}), "a name is too long");
  EXPECT_DEATH(integer->set_ticket(kOpenTicket), "no such ticket");
}

}  // namespace
}  // namespace tally::storage
