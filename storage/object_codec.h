// Objects as bytes: change records (inside a journal entry's change sets) and the keys and values
// of the `objects` family. Format version 2 (1 had integers of 8 bytes); a change of any of these is
// a new version, and tests hold golden bytes.
//
// Numbers are little-endian except in keys, whose byte order is their sort order. varint: 7 bits
// per byte, lowest first, in as few bytes as possible. Readers trust no length, read nothing
// outside their input, and refuse what a writer of this version would not have written: unknown
// types and flags, negative expiries, overlong varints, names or values over the limits in
// object.h, trailing bytes. What is read is views into the input. All functions are thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/key.h"
#include "storage/object.h"

namespace tally::storage {

// ---- Change records: self-delimiting, one after another. The journal entry around them has
// version and checksum.
//
// object:  database u8 · type u8 · flags u8 (1 integer, 2 expiry) · [expiry i64] · name (varint
// size, bytes) ·
//          payload: integer (varint of its zigzag: 0, -1, 1, -2 … are 0, 1, 2, 3 …), or bytes (varint
//          size, bytes), or nothing (tombstone)
// flush:   database u8 · 0xff · 0 · generation u32: this database was emptied and its generation is
// now that
// counts:  database u8 · 0xfe · 0 · slot u16 · live i64 · expiring i64: in the shard that owns the slot
// the change set made so many more objects (or fewer), and so many more that expire
// place:   database u8 · 0xfd · 0 · stored u8: the database of that number, as clients know it, is this
// stored one now (database_map.h). In all other records `database` is a stored one.

/// How the number of objects changed: of live ones, and of those among them that expire.
struct CountChange {
  int64_t live = 0;
  int64_t expiring = 0;
};

struct Change {
  uint8_t database = 0;
  bool is_flush = false;
  uint32_t generation = 0;  // of a flush; else 0
  bool is_place = false;
  uint8_t stored = 0;  // of a place
  bool is_counts = false;
  uint16_t slot = 0;  // of counts, as the next
  CountChange counts;
  // All below: of an object.
  ObjectType type = ObjectType::kTombstone;
  bool is_integer = false;
  int64_t integer = 0;
  std::string_view bytes;
  std::string_view name;
  int64_t expires_at_ms = kNoExpiry;
};

// Allocates only when `out` has too little capacity.
void AppendChange(std::string* out, uint8_t database, const Object& object);
void AppendFlush(std::string* out, uint8_t database, uint32_t generation);
void AppendCounts(std::string* out, uint8_t database, uint16_t slot, const CountChange& counts);
void AppendPlace(std::string* out, uint8_t database, uint8_t stored);

// Reads one record from the front of *in and moves *in behind it. False: malformed; *in and *out
// are unspecified.
[[nodiscard]] bool ReadChange(std::string_view* in, Change* out);

// ---- The `objects` family.
//
// key:    database u8 · slot u16 big-endian · hash 48 bits big-endian · name
// value:  version u8 · generation u32 · type u8 · flags u8 · [expiry i64] · payload, as in a change
// record

inline constexpr uint8_t kObjectValueVersion = 2;

struct ObjectKey {
  uint8_t database = 0;
  Key key;  // slot and hash as stored: whoever knows the seed may compare
};

struct ObjectRecord {
  uint32_t generation = 0;
  ObjectType type = ObjectType::kTombstone;
  bool is_integer = false;
  int64_t integer = 0;
  std::string_view bytes;
  int64_t expires_at_ms = kNoExpiry;
};

void AppendObjectKey(std::string* out, uint8_t database, const Key& key);
// What the keys of all objects of a slot begin with. `slot` may be kSlotCount: the end of the last
// slot.
void AppendSlotPrefix(std::string* out, uint8_t database, uint16_t slot);
// What the keys of all objects of a slot whose hash is at least `hash` are not less than.
void AppendHashPrefix(std::string* out, uint8_t database, uint16_t slot, uint64_t hash);
[[nodiscard]] bool ParseObjectKey(std::string_view in, ObjectKey* out);

// Requires that the object is not a tombstone: on disk, absence is a deletion.
void AppendObjectValue(std::string* out, const Object& object, uint32_t generation);
// False: malformed, or of another version (the first byte).
[[nodiscard]] bool ParseObjectValue(std::string_view in, ObjectRecord* out);

// The object that was encoded, with ticket kNoTicket. `key` is the name's; `change` is an object's.
[[nodiscard]] ObjectPtr MakeObject(const Key& key, const Change& change);
[[nodiscard]] ObjectPtr MakeObject(const Key& key, const ObjectRecord& record);

}  // namespace tally::storage
