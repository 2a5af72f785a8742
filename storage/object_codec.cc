#include "storage/object_codec.h"

#include <cstddef>
#include <cstring>

#include "storage/fixed_bytes.h"
#include "storage/invariant.h"

namespace tally::storage {
namespace {

// Where an object's record has its type.
constexpr uint8_t kFlushKind = 0xff;
constexpr uint8_t kCountsKind = 0xfe;
constexpr uint8_t kPlaceKind = 0xfd;
constexpr uint8_t kIntegerFlag = 1;
constexpr uint8_t kExpiryFlag = 2;
constexpr uint8_t kKnownFlags = kIntegerFlag | kExpiryFlag;

constexpr int kMaxVarintBytes = 10;  // of 64 bits
constexpr size_t kHashBytes = kNameHashBits / 8;

// Small ones, of either sign, to small ones without a sign.
uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
int64_t UnZigZag(uint64_t value) { return static_cast<int64_t>(value >> 1 ^ (~(value & 1) + 1)); }

// ---- Writing. Short fields gather here, so that the string is touched once for all of them.

class FieldBuffer {
 public:
  void PutByte(uint8_t value) { bytes_[size_++] = static_cast<char>(value); }
  template <typename Integer>
  void PutFixed(Integer value) {
    std::memcpy(bytes_ + size_, &value, sizeof(value));
    size_ += sizeof(value);
  }
  void PutVarint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) PutByte(static_cast<uint8_t>(value | 0x80));
    PutByte(static_cast<uint8_t>(value));
  }
  void PutBytes(std::string_view bytes) {  // requires Fits(bytes.size())
    bytes.copy(bytes_ + size_, bytes.size());
    size_ += bytes.size();
  }
  bool Fits(size_t size) const { return size + kReserve <= sizeof(bytes_) - size_; }
  void FlushTo(std::string* out) {
    out->append(bytes_, size_);
    size_ = 0;
  }

 private:
  // The most that is put between two looks at Fits(): three bytes, a generation, an expiry, a
  // varint.
  static constexpr size_t kReserve = 24;

  char bytes_[128];
  size_t size_ = 0;
};

void PutBytesOrFlush(std::string_view bytes, FieldBuffer* fields, std::string* out) {
  if (fields->Fits(bytes.size())) {
    fields->PutBytes(bytes);
  } else {
    fields->FlushTo(out);
    out->append(bytes);
  }
}

void PutTypeFlagsExpiry(const Object& object, FieldBuffer* fields) {
  const int64_t expires_at_ms = object.expires_at_ms();
  const bool has_expiry = expires_at_ms != kNoExpiry;
  fields->PutByte(static_cast<uint8_t>(object.type()));
  fields->PutByte(static_cast<uint8_t>((object.is_integer() ? kIntegerFlag : 0) |
                                       (has_expiry ? kExpiryFlag : 0)));
  if (has_expiry) fields->PutFixed(expires_at_ms);
}

// Ends with everything in `out`.
void PutPayload(const Object& object, FieldBuffer* fields, std::string* out) {
  if (object.is_integer()) {
    fields->PutVarint(ZigZag(object.integer()));
  } else if (!object.is_tombstone()) {
    const std::string_view bytes = object.bytes();
    fields->PutVarint(bytes.size());
    PutBytesOrFlush(bytes, fields, out);
  }
  fields->FlushTo(out);
}

// ---- Reading. Each takes its field off the front of *in, or says false.

bool TakeBytes(std::string_view* in, size_t size, std::string_view* out) {
  if (in->size() < size) return false;
  *out = in->substr(0, size);
  in->remove_prefix(size);
  return true;
}

bool TakeVarint(std::string_view* in, uint64_t* out) {
  *out = 0;
  for (int i = 0; i < kMaxVarintBytes; ++i) {
    uint8_t byte;
    if (!TakeFixed(in, &byte)) return false;
    *out |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte >= 0x80) continue;
    const bool fits = i + 1 < kMaxVarintBytes || byte == 1;  // 63 bits are in the bytes before
    return fits && (byte != 0 || i == 0);  // a last byte of 0 says nothing: overlong
  }
  return false;
}

bool TakeSizedBytes(std::string_view* in, size_t max_size, std::string_view* out) {
  uint64_t size;
  return TakeVarint(in, &size) && size <= max_size && TakeBytes(in, size, out);
}

// ReadChange and ParseObjectValue share these: `Fields` is Change or ObjectRecord.
template <typename Fields>
bool TakeFlagsAndExpiry(std::string_view* in, uint8_t type, Fields* out) {
  uint8_t flags;
  if (!TakeFixed(in, &flags)) return false;
  if (type == static_cast<uint8_t>(ObjectType::kTombstone)) {
    if (flags != 0) return false;
  } else if (type != static_cast<uint8_t>(ObjectType::kString) || (flags & ~kKnownFlags) != 0) {
    return false;
  }
  out->type = static_cast<ObjectType>(type);
  out->is_integer = (flags & kIntegerFlag) != 0;
  if ((flags & kExpiryFlag) == 0) return true;
  return TakeFixed(in, &out->expires_at_ms) && out->expires_at_ms >= 0;
}

template <typename Fields>
bool TakePayload(std::string_view* in, Fields* out) {
  if (out->type == ObjectType::kTombstone) return true;
  if (out->is_integer) {
    uint64_t integer;
    if (!TakeVarint(in, &integer)) return false;
    out->integer = UnZigZag(integer);
    return true;
  }
  return TakeSizedBytes(in, kMaxValueBytes, &out->bytes);
}

template <typename Fields>
ObjectPtr MakeObjectFrom(const Key& key, const Fields& fields) {
  if (fields.type == ObjectType::kTombstone) return Object::NewTombstone(key);
  if (fields.is_integer) return Object::NewInteger(key, fields.integer, fields.expires_at_ms);
  return Object::NewBytes(key, fields.bytes, {}, fields.expires_at_ms);
}

}  // namespace

void AppendChange(std::string* out, uint8_t database, const Object& object) {
  const std::string_view name = object.name();
  FieldBuffer fields;
  fields.PutByte(database);
  PutTypeFlagsExpiry(object, &fields);
  fields.PutVarint(name.size());
  PutBytesOrFlush(name, &fields, out);
  PutPayload(object, &fields, out);
}

void AppendFlush(std::string* out, uint8_t database, uint32_t generation) {
  FieldBuffer fields;
  fields.PutByte(database);
  fields.PutByte(kFlushKind);
  fields.PutByte(0);
  fields.PutFixed(generation);
  fields.FlushTo(out);
}

void AppendCounts(std::string* out, uint8_t database, uint16_t slot, const CountChange& counts) {
  FieldBuffer fields;
  fields.PutByte(database);
  fields.PutByte(kCountsKind);
  fields.PutByte(0);
  fields.PutFixed(slot);
  fields.PutFixed(counts.live);
  fields.PutFixed(counts.expiring);
  fields.FlushTo(out);
}

void AppendPlace(std::string* out, uint8_t database, uint8_t stored) {
  FieldBuffer fields;
  fields.PutByte(database);
  fields.PutByte(kPlaceKind);
  fields.PutByte(0);
  fields.PutByte(stored);
  fields.FlushTo(out);
}

bool ReadChange(std::string_view* in, Change* out) {
  *out = Change();
  uint8_t type;
  if (!TakeFixed(in, &out->database) || !TakeFixed(in, &type)) return false;
  if (type == kFlushKind) {
    uint8_t flags;
    out->is_flush = true;
    return TakeFixed(in, &flags) && flags == 0 && TakeFixed(in, &out->generation);
  }
  if (type == kPlaceKind) {
    uint8_t flags;
    out->is_place = true;
    return TakeFixed(in, &flags) && flags == 0 && TakeFixed(in, &out->stored);
  }
  if (type == kCountsKind) {
    uint8_t flags;
    out->is_counts = true;
    return TakeFixed(in, &flags) && flags == 0 && TakeFixed(in, &out->slot) &&
           out->slot < kSlotCount && TakeFixed(in, &out->counts.live) &&
           TakeFixed(in, &out->counts.expiring);
  }
  return TakeFlagsAndExpiry(in, type, out) && TakeSizedBytes(in, kMaxNameBytes, &out->name) &&
         TakePayload(in, out);
}

void AppendSlotPrefix(std::string* out, uint8_t database, uint16_t slot) {
  const char prefix[] = {static_cast<char>(database), static_cast<char>(slot >> 8),
                         static_cast<char>(slot & 0xff)};
  out->append(prefix, sizeof(prefix));
}

void AppendHashPrefix(std::string* out, uint8_t database, uint16_t slot, uint64_t hash) {
  AppendSlotPrefix(out, database, slot);
  char bytes[kHashBytes];
  for (size_t i = 0; i < kHashBytes; ++i) {
    bytes[i] = static_cast<char>((hash >> (8 * (kHashBytes - 1 - i))) & 0xff);
  }
  out->append(bytes, kHashBytes);
}

void AppendObjectKey(std::string* out, uint8_t database, const Key& key) {
  AppendHashPrefix(out, database, key.slot, key.hash);
  out->append(key.name);
}

bool ParseObjectKey(std::string_view in, ObjectKey* out) {
  uint8_t slot_bytes[2];
  std::string_view hash_bytes;
  if (!TakeFixed(&in, &out->database) || !TakeFixed(&in, &slot_bytes) ||
      !TakeBytes(&in, kHashBytes, &hash_bytes)) {
    return false;
  }
  out->key.slot = static_cast<uint16_t>(slot_bytes[0] << 8 | slot_bytes[1]);
  out->key.hash = 0;
  for (const char byte : hash_bytes) {
    out->key.hash = out->key.hash << 8 | static_cast<unsigned char>(byte);
  }
  out->key.name = in;
  return out->key.slot < kSlotCount && in.size() <= kMaxNameBytes;
}

void AppendObjectValue(std::string* out, const Object& object, uint32_t generation) {
  TALLY_ASSERT(!object.is_tombstone(), "a tombstone is a deletion, not a value");
  FieldBuffer fields;
  fields.PutByte(kObjectValueVersion);
  fields.PutFixed(generation);
  PutTypeFlagsExpiry(object, &fields);
  PutPayload(object, &fields, out);
}

bool ParseObjectValue(std::string_view in, ObjectRecord* out) {
  *out = ObjectRecord();
  uint8_t version;
  uint8_t type;
  return TakeFixed(&in, &version) && version == kObjectValueVersion &&
         TakeFixed(&in, &out->generation) && TakeFixed(&in, &type) &&
         type != static_cast<uint8_t>(ObjectType::kTombstone) &&
         TakeFlagsAndExpiry(&in, type, out) && TakePayload(&in, out) && in.empty();
}

ObjectPtr MakeObject(const Key& key, const Change& change) {
  TALLY_ASSERT(!change.is_flush && !change.is_counts && !change.is_place,
               "this change is not an object's");
  TALLY_ASSERT(key.name == change.name, "a change of another name");
  return MakeObjectFrom(key, change);
}

ObjectPtr MakeObject(const Key& key, const ObjectRecord& record) {
  return MakeObjectFrom(key, record);
}

}  // namespace tally::storage
