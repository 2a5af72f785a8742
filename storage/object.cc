#include "storage/object.h"

#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

namespace tally::storage {
namespace {

// Size classes of allocations, spaced as allocators space theirs: multiples of 16 up to 128, then
// four per doubling. Asking for whole classes wastes nothing that the allocator would not, and the
// class in the header says how much room there is.
constexpr size_t kGrain = 16;
constexpr unsigned kFineClasses = 8;  // 16, 32 … 128
constexpr size_t kFineLimit = kGrain * kFineClasses;
constexpr int kFineLimitLog2 = 7;

constexpr unsigned SizeClassOf(size_t bytes) {
  if (bytes <= kFineLimit) return static_cast<unsigned>((bytes + kGrain - 1) / kGrain);
  const int log2 =
      static_cast<int>(std::bit_width(bytes - 1)) - 1;  // 2^log2 < bytes <= 2^(log2 + 1)
  const size_t step = size_t{1} << (log2 - 2);
  const size_t steps = (bytes - (size_t{1} << log2) + step - 1) / step;
  return kFineClasses + static_cast<unsigned>(log2 - kFineLimitLog2) * 4 +
         static_cast<unsigned>(steps);
}

constexpr size_t SizeOfClass(unsigned size_class) {
  if (size_class <= kFineClasses) return size_class * kGrain;
  const unsigned doublings = (size_class - kFineClasses - 1) / 4;
  const unsigned steps = (size_class - kFineClasses - 1) % 4 + 1;
  return (kFineLimit + steps * (kFineLimit / 4)) << doublings;
}

static_assert(SizeOfClass(SizeClassOf(1)) == 16 && SizeOfClass(SizeClassOf(17)) == 32);
static_assert(SizeOfClass(SizeClassOf(128)) == 128 && SizeOfClass(SizeClassOf(129)) == 160);
static_assert(SizeOfClass(SizeClassOf(256)) == 256 && SizeOfClass(SizeClassOf(257)) == 320);
static_assert(SizeClassOf(kMaxNameBytes + kMaxValueBytes + 64) < 128, "the header has 7 bits");

constexpr size_t kNeverSparseBytes = 64;

// memmove, which must not be given the null pointer of an empty view.
void Move(char* to, std::string_view from) {
  if (!from.empty()) std::memmove(to, from.data(), from.size());
}

bool Overlaps(std::string_view bytes, const char* begin, size_t size) {
  const std::less<> before;
  return !bytes.empty() && size != 0 && before(bytes.data(), begin + size) &&
         before(begin, bytes.data() + bytes.size());
}

// to = head + tail, where both may lie anywhere, also within `to`.
void Concatenate(char* to, std::string_view head, std::string_view tail) {
  char* const tail_to = to + head.size();
  if (head.data() == to || !Overlaps(tail, to, head.size())) {
    if (head.data() != to) Move(to, head);
    Move(tail_to, tail);
  } else if (!Overlaps(head, tail_to, tail.size())) {
    Move(tail_to, tail);
    Move(to, head);
  } else {
    const std::string copy(tail);
    Move(to, head);
    Move(tail_to, copy);
  }
}

}  // namespace

void ObjectDeleter::operator()(Object* object) const noexcept { Object::Delete(object); }

Object::Object(const Key& key, uint64_t state)
    : state_(state),
      hash_low_(static_cast<uint32_t>(key.hash)),
      name_size_(static_cast<uint16_t>(std::min<size_t>(key.name.size(), kLongName))),
      hash_high_(static_cast<uint16_t>(key.hash >> 32)) {
  static_assert(offsetof(Object, hash_high_) + sizeof(hash_high_) == kHeaderBytes);
  static_assert(kMaxTicket < kOpenTicket && kOpenTicket <= kTicketMask);
}

ObjectPtr Object::New(const Key& key, uint64_t type_and_flags, size_t value_bytes,
                      int64_t expires_at_ms) {
  TALLY_ASSERT(key.name.size() <= kMaxNameBytes, "a name is too long");
  TALLY_ASSERT(key.hash >> kNameHashBits == 0, "a hash has too many bits");
  TALLY_ASSERT(expires_at_ms >= kNoExpiry, "a negative expiry");
  size_t size = kHeaderBytes + NameBytes(key.name.size()) + value_bytes;
  if (expires_at_ms != kNoExpiry) {
    type_and_flags |= kExpiryFieldFlag;
    size += kExpiryBytes;
  }
  const unsigned size_class = SizeClassOf(size);
  void* memory = std::malloc(SizeOfClass(size_class));
  if (memory == nullptr) throw std::bad_alloc();
  ObjectPtr object(new (memory)
                       Object(key, type_and_flags | uint64_t{size_class} << kSizeClassShift));
  char* name = object->data() + kHeaderBytes;
  if (object->name_size_ == kLongName) {
    const auto name_size = static_cast<uint32_t>(key.name.size());
    std::memcpy(name, &name_size, sizeof(name_size));
    name += sizeof(name_size);
  }
  Move(name, key.name);
  if (expires_at_ms != kNoExpiry) object->StoreInt64(object->NameEnd(), expires_at_ms);
  return object;
}

ObjectPtr Object::NewInteger(const Key& key, int64_t value, int64_t expires_at_ms) {
  ObjectPtr object =
      New(key, uint64_t{static_cast<uint8_t>(ObjectType::kString)} << kTypeShift | kIntegerFlag,
          sizeof(value), expires_at_ms);
  object->StoreInt64(object->ValueOffset(), value);
  return object;
}

ObjectPtr Object::NewBytes(const Key& key, std::string_view head, std::string_view tail,
                           int64_t expires_at_ms) {
  const size_t size = head.size() + tail.size();
  TALLY_ASSERT(size <= kMaxValueBytes, "a value is too long");
  ObjectPtr object = New(key, uint64_t{static_cast<uint8_t>(ObjectType::kString)} << kTypeShift,
                         kBytesSizeBytes + size, expires_at_ms);
  object->StoreBytesSize(size);
  char* to = object->data() + object->ValueOffset() + kBytesSizeBytes;
  Move(to, head);
  Move(to + head.size(), tail);
  return object;
}

ObjectPtr Object::NewTombstone(const Key& key) {
  return New(key, uint64_t{static_cast<uint8_t>(ObjectType::kTombstone)} << kTypeShift, 0,
             kNoExpiry);
}

void Object::Delete(Object* object) noexcept {
  if (object == nullptr) return;
  object->~Object();
  std::free(object);
}

size_t Object::memory_bytes() const { return malloc_usable_size(const_cast<Object*>(this)); }

size_t Object::UsedBytes() const {
  if (is_tombstone()) return ValueOffset();
  return ValueOffset() + (is_integer() ? sizeof(int64_t) : kBytesSizeBytes + BytesSize());
}

bool Object::IsGoodFit(size_t used_bytes) const {
  const size_t capacity = SizeOfClass(static_cast<unsigned>(state_ >> kSizeClassShift));
  return used_bytes <= capacity && (capacity <= kNeverSparseBytes || used_bytes * 2 >= capacity);
}

void Object::BecomeString(uint64_t integer_flag) {
  state_ = (state_ & ~(kTypeMask << kTypeShift | kIntegerFlag | kEditedFlag)) |
           uint64_t{static_cast<uint8_t>(ObjectType::kString)} << kTypeShift | integer_flag;
}

bool Object::TrySetInteger(int64_t value) {
  if (!is_integer()) {
    if (!IsGoodFit(ValueOffset() + sizeof(value))) return false;
    BecomeString(kIntegerFlag);
  }
  state_ &= ~kEditedFlag;
  StoreInt64(ValueOffset(), value);
  return true;
}

bool Object::TrySetBytes(std::string_view head, std::string_view tail) {
  const size_t size = head.size() + tail.size();
  TALLY_ASSERT(size <= kMaxValueBytes, "a value is too long");
  const size_t to = ValueOffset() + kBytesSizeBytes;
  if (!IsGoodFit(to + size)) return false;
  Concatenate(data() + to, head, tail);
  BecomeString(0);
  StoreBytesSize(size);
  return true;
}

bool Object::TrySetExpiry(int64_t expires_at_ms) {
  TALLY_ASSERT(expires_at_ms >= kNoExpiry, "a negative expiry");
  if (!has_expiry_field()) {
    if (expires_at_ms == kNoExpiry) return true;
    TALLY_ASSERT(!is_tombstone(), "a tombstone does not expire");
    const size_t used = UsedBytes();
    if (!IsGoodFit(used + kExpiryBytes)) return false;
    char* const value = data() + ValueOffset();
    std::memmove(value + kExpiryBytes, value, used - ValueOffset());
    state_ |= kExpiryFieldFlag;
  }
  StoreInt64(NameEnd(), expires_at_ms);
  return true;
}

}  // namespace tally::storage
