#include "storage/object_codec.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "storage/key.h"
#include "storage/object.h"

namespace tally::storage {
namespace {

using namespace std::string_literals;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

Key KeyOf(std::string_view name) { return MakeKey({5, 6}, name); }

std::string Encoded(uint8_t database, const Object& object) {
  std::string out;
  AppendChange(&out, database, object);
  return out;
}

std::string EncodedValue(const Object& object, uint32_t generation) {
  std::string out;
  AppendObjectValue(&out, object, generation);
  return out;
}

// A copy without spare room behind it, so that AddressSanitizer sees a read beyond the end.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
    bytes.copy(bytes_.get(), size_);
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

bool IsOneChange(std::string_view bytes) {
  const ExactCopy copy(bytes);
  std::string_view in = copy.view();
  Change change;
  return ReadChange(&in, &change) && in.empty();
}

bool IsValue(std::string_view bytes) {
  const ExactCopy copy(bytes);
  ObjectRecord record;
  return ParseObjectValue(copy.view(), &record);
}

void ExpectSame(const Object& a, const Object& b) {
  EXPECT_EQ(a.name(), b.name());
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_EQ(a.type(), b.type());
  EXPECT_EQ(a.expires_at_ms(), b.expires_at_ms());
  ASSERT_EQ(a.is_integer(), b.is_integer());
  if (a.is_integer()) {
    EXPECT_EQ(a.integer(), b.integer());
  } else if (!a.is_tombstone()) {
    EXPECT_EQ(a.bytes(), b.bytes());
  }
}

// Objects of every kind, with names and values around the sizes where encodings change.
std::vector<ObjectPtr> SampleObjects() {
  std::vector<ObjectPtr> objects;
  for (const size_t name_size : {0u, 1u, 18u, 87u, 88u, 89u, 127u, 128u, 20000u}) {
    const std::string name(name_size, 'n');
    const Key key = KeyOf(name);
    objects.push_back(Object::NewTombstone(key));
    for (const int64_t expiry : {kNoExpiry, int64_t{0}, kMax}) {
      for (const int64_t value : {kMin, kMin + 1, int64_t{-65}, int64_t{-64}, int64_t{-1},
                                  int64_t{0}, int64_t{63}, int64_t{64}, kMax - 1, kMax}) {
        objects.push_back(Object::NewInteger(key, value, expiry));
      }
      for (const size_t size : {0u, 1u, 60u, 90u, 127u, 128u, 16383u, 16384u}) {
        objects.push_back(Object::NewBytes(key, std::string(size, '\xff'), {}, expiry));
      }
    }
  }
  return objects;
}

TEST(ChangeRecord, BringsBackEveryObject) {
  const std::vector<ObjectPtr> objects = SampleObjects();
  std::string log;
  for (const ObjectPtr& object : objects) AppendChange(&log, 15, *object);
  std::string_view in = log;
  for (const ObjectPtr& object : objects) {
    Change change;
    ASSERT_TRUE(ReadChange(&in, &change));
    EXPECT_EQ(change.database, 15);
    EXPECT_FALSE(change.is_flush);
    ExpectSame(*MakeObject(KeyOf(change.name), change), *object);
  }
  EXPECT_TRUE(in.empty());
}

TEST(ChangeRecord, BringsBackAFlush) {
  std::string log;
  AppendFlush(&log, 255, 0xfffffffe);
  std::string_view in = log;
  Change change;
  ASSERT_TRUE(ReadChange(&in, &change));
  EXPECT_TRUE(change.is_flush);
  EXPECT_EQ(change.database, 255);
  EXPECT_EQ(change.generation, 0xfffffffe);
  EXPECT_TRUE(in.empty());
}

TEST(ChangeRecord, BringsBackAPlace) {
  std::string log;
  AppendPlace(&log, 255, 254);
  std::string_view in = log;
  Change change;
  ASSERT_TRUE(ReadChange(&in, &change));
  EXPECT_TRUE(change.is_place);
  EXPECT_EQ(change.database, 255);
  EXPECT_EQ(change.stored, 254);
  EXPECT_TRUE(in.empty());
  EXPECT_FALSE(IsOneChange("\x00\xfd\x01\x00"s));  // with a flag
  EXPECT_FALSE(IsOneChange("\x00\xfd\x00"s));
}

TEST(ChangeRecord, ForgetsWhatTheReaderHeldBefore) {
  std::string log = Encoded(1, *Object::NewBytes(KeyOf("a"), "bytes", {}, 77));
  log += Encoded(2, *Object::NewTombstone(KeyOf("b")));
  std::string_view in = log;
  Change change;
  ASSERT_TRUE(ReadChange(&in, &change));
  ASSERT_TRUE(ReadChange(&in, &change));
  EXPECT_EQ(change.bytes, "");
  EXPECT_EQ(change.expires_at_ms, kNoExpiry);
}

TEST(ChangeRecord, HasTheBytesOfItsFormat) {
  EXPECT_EQ(Encoded(0, *Object::NewInteger(KeyOf("key"), -2, kNoExpiry)),
            "\x00\x01\x01\x03key\x03"s);
  EXPECT_EQ(Encoded(0, *Object::NewInteger(KeyOf("key"), 100, kNoExpiry)),
            "\x00\x01\x01\x03key\xc8\x01"s);
  EXPECT_EQ(Encoded(0, *Object::NewInteger(KeyOf("k"), kMin, kNoExpiry)),
            "\x00\x01\x01\x01k\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
  EXPECT_EQ(Encoded(3, *Object::NewInteger(KeyOf("k"), 0x0102, 0x0a0b0c)),
            "\x03\x01\x03\x0c\x0b\x0a\x00\x00\x00\x00\x00\x01k\x84\x04"s);
  EXPECT_EQ(Encoded(9, *Object::NewBytes(KeyOf("k"), "val", "ue", kNoExpiry)),
            "\x09\x01\x00\x01k\x05value"s);
  EXPECT_EQ(Encoded(9, *Object::NewBytes(KeyOf(""), std::string(300, 'x'), {}, 1)),
            "\x09\x01\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\xac\x02"s + std::string(300, 'x'));
  EXPECT_EQ(Encoded(1, *Object::NewTombstone(KeyOf("gone"))), "\x01\x00\x00\x04gone"s);
  std::string flush;
  AppendFlush(&flush, 2, 0x01020304);
  EXPECT_EQ(flush, "\x02\xff\x00\x04\x03\x02\x01"s);
  std::string place;
  AppendPlace(&place, 2, 15);
  EXPECT_EQ(place, "\x02\xfd\x00\x0f"s);
}

TEST(ChangeRecord, EveryTruncationIsRefused) {
  for (const ObjectPtr& object : SampleObjects()) {
    const std::string record = Encoded(1, *object);
    if (record.size() > 1000) continue;
    ASSERT_TRUE(IsOneChange(record));
    for (size_t size = 0; size < record.size(); ++size) {
      ASSERT_FALSE(IsOneChange(std::string_view(record).substr(0, size)));
    }
  }
  std::string flush;
  AppendFlush(&flush, 1, 1);
  for (size_t size = 0; size < flush.size(); ++size) {
    EXPECT_FALSE(IsOneChange(std::string_view(flush).substr(0, size)));
  }
}

TEST(ChangeRecord, WhatNoWriterWritesIsRefused) {
  EXPECT_FALSE(IsOneChange("\x00\x02\x00\x01k\x00"s));              // unknown type
  EXPECT_FALSE(IsOneChange("\x00\x01\x04\x01k\x00"s));              // unknown flag
  EXPECT_FALSE(IsOneChange("\x00\x00\x01\x01k\0"s));                // an integer tombstone
  EXPECT_FALSE(IsOneChange("\x00\x00\x02\0\0\0\0\0\0\0\0\x01k"s));  // a tombstone with expiry
  EXPECT_FALSE(IsOneChange("\x00\xff\x01\x00\x00\x00\x00"s));       // a flush with a flag
  EXPECT_FALSE(IsOneChange(                                         // negative expiry
      "\x00\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff\x01k\x00"s));
  EXPECT_FALSE(IsOneChange("\x00\x01\x00\x81\x00k\x00"s));                  // overlong varint
  EXPECT_FALSE(IsOneChange("\x00\x01\x00\x80\x80\x80\x80\x80\x00k\x00"s));  // too long
  EXPECT_FALSE(IsOneChange("\x00\x01\x01\x01k\x80\x00"s));                  // an overlong integer
  EXPECT_FALSE(IsOneChange(                                                 // one of 65 bits
      "\x00\x01\x01\x01k\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s));
  EXPECT_FALSE(IsOneChange(  // one of 71 bits
      "\x00\x01\x01\x01k\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00"s));
}

TEST(ChangeRecord, LengthsBeyondTheInputOrTheLimitAreRefused) {
  EXPECT_TRUE(IsOneChange("\x00\x01\x00\x01k\x01v"s));
  EXPECT_FALSE(IsOneChange("\x00\x01\x00\x01k\x02v"s));
  EXPECT_FALSE(IsOneChange("\x00\x01\x00\x03k\x00"s));
  EXPECT_FALSE(IsOneChange("\x00\x01\x00\x01k\xff\xff\xff\xff\x0fv"s));  // 2^32 - 1
  EXPECT_FALSE(IsOneChange("\x00\x01\x00\xff\xff\xff\xff\x7fk"s));       // 2^35 - 1
  EXPECT_FALSE(IsOneChange("\x00\x01\x00\x01k\x81\x80\x80\x80\x02v"s));  // 512 MiB + 1
}

TEST(ChangeRecord, RandomBytesAreReadWithinTheirBounds) {
  std::mt19937 random(21);
  const std::vector<ObjectPtr> objects = SampleObjects();
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = Encoded(0, *objects[random() % 40]);
    for (unsigned flips = random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    const ExactCopy copy(bytes);
    std::string_view in = copy.view();
    Change change;
    while (!in.empty() && ReadChange(&in, &change)) {
      if (!change.is_flush) {
        ASSERT_EQ(MakeObject(KeyOf(change.name), change)->name(), change.name);
      }
    }
    ObjectRecord record;
    (void)ParseObjectValue(copy.view(), &record);
    ObjectKey key;
    (void)ParseObjectKey(copy.view(), &key);
  }
}

TEST(ChangeRecord, AppendingToCapacityAllocatesNothing) {
  std::string out;
  out.reserve(1000);
  const char* const data = out.data();
  const ObjectPtr object = Object::NewInteger(KeyOf("key:00000000000042"), 7, 8);
  for (int i = 0; i < 20; ++i) AppendChange(&out, 0, *object);
  EXPECT_EQ(out.data(), data);
}

TEST(ObjectKey, IsParsedBack) {
  for (const std::string& name : {""s, "a"s, "with\0zero"s, std::string(5000, 'x')}) {
    const Key key = KeyOf(name);
    std::string encoded;
    AppendObjectKey(&encoded, 7, key);
    const ExactCopy copy(encoded);
    ObjectKey parsed;
    ASSERT_TRUE(ParseObjectKey(copy.view(), &parsed));
    EXPECT_EQ(parsed.database, 7);
    EXPECT_EQ(parsed.key.slot, key.slot);
    EXPECT_EQ(parsed.key.hash, key.hash);
    EXPECT_EQ(parsed.key.name, name);
  }
}

TEST(ObjectKey, HasTheBytesOfItsFormat) {
  std::string encoded;
  AppendObjectKey(&encoded, 1, Key{"name", 0x0203, 0x0405060708f9});
  EXPECT_EQ(encoded, "\x01\x02\x03\x04\x05\x06\x07\x08\xf9name"s);
  std::string prefix;
  AppendSlotPrefix(&prefix, 1, 0x0203);
  EXPECT_EQ(prefix, "\x01\x02\x03"s);
}

TEST(ObjectKey, SortsByDatabaseSlotHashAndName) {
  const auto encoded = [](uint8_t database, const Key& key) {
    std::string out;
    AppendObjectKey(&out, database, key);
    return out;
  };
  const std::vector<std::string> sorted = {
      encoded(0, {"z", 16383, 0xffffffffffff}),
      encoded(1, {"z", 1, 0xffffffffffff}),
      encoded(1, {"z", 256, 0x00000000ffff}),
      encoded(1, {"a", 256, 0x000000010000}),
      encoded(1, {"ab", 256, 0x000000010000}),
      encoded(1, {"", 257, 0}),
      encoded(255, {"", 0, 0}),
  };
  for (size_t i = 1; i < sorted.size(); ++i) EXPECT_LT(sorted[i - 1], sorted[i]) << i;
  std::string end;
  AppendSlotPrefix(&end, 0, kSlotCount);
  EXPECT_LT(sorted[0], end);
  EXPECT_LT(end, sorted[1]);
}

TEST(ObjectKey, MalformedIsRefused) {
  ObjectKey key;
  const std::string shortest = "\x00\x3f\xff\x00\x00\x00\x00\x00\x00"s;
  EXPECT_TRUE(ParseObjectKey(shortest, &key));
  for (size_t size = 0; size < shortest.size(); ++size) {
    const ExactCopy copy(std::string_view(shortest).substr(0, size));
    EXPECT_FALSE(ParseObjectKey(copy.view(), &key));
  }
  EXPECT_FALSE(ParseObjectKey("\x00\x40\x00\x00\x00\x00\x00\x00\x00"s, &key));  // slot 16,384
}

TEST(ObjectValue, BringsBackEveryObject) {
  for (const ObjectPtr& object : SampleObjects()) {
    if (object->is_tombstone()) continue;
    const ExactCopy copy(EncodedValue(*object, 0xfedcba98));
    ObjectRecord record;
    ASSERT_TRUE(ParseObjectValue(copy.view(), &record));
    EXPECT_EQ(record.generation, 0xfedcba98);
    ExpectSame(*MakeObject(KeyOf(object->name()), record), *object);
  }
}

TEST(ObjectValue, HasTheBytesOfItsFormat) {
  EXPECT_EQ(EncodedValue(*Object::NewInteger(KeyOf("k"), 5, 0x0a), 0x01020304),
            "\x02\x04\x03\x02\x01\x01\x03\x0a\0\0\0\0\0\0\0\x0a"s);
  EXPECT_EQ(EncodedValue(*Object::NewBytes(KeyOf("k"), "value", {}, kNoExpiry), 1),
            "\x02\x01\x00\x00\x00\x01\x00\x05value"s);
}

TEST(ObjectValue, TruncatedGrownUnknownOrDeletedIsRefused) {
  const std::string value = EncodedValue(*Object::NewBytes(KeyOf("k"), "value", {}, 5), 1);
  ASSERT_TRUE(IsValue(value));
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(IsValue(std::string_view(value).substr(0, size)));
  }
  EXPECT_FALSE(IsValue(value + "x"));
  std::string newer = value;
  newer[0] = kObjectValueVersion + 1;
  EXPECT_FALSE(IsValue(newer));
  EXPECT_FALSE(IsValue("\x02\x01\x00\x00\x00\x00\x00"s));  // a tombstone
}

TEST(ObjectCodecDeathTest, MisuseStopsTheProcess) {
  EXPECT_DEATH(EncodedValue(*Object::NewTombstone(KeyOf("k")), 1), "a tombstone is a deletion");
  Change flush;
  flush.is_flush = true;
  EXPECT_DEATH((void)MakeObject(KeyOf(""), flush), "not an object's");
}

}  // namespace
}  // namespace tally::storage
