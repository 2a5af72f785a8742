#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "storage/access_clock.h"
#include "storage/invariant.h"
#include "storage/key.h"
#include "storage/ticket.h"

namespace tally::storage {

class Object;

// The numbers are on disk: never reuse one.
enum class ObjectType : uint8_t {
  kTombstone = 0,  // the name is known to be absent, and the disk may not know it yet
  kString = 1,
};

// Expiry is absolute Unix time in milliseconds, never negative; this value says that there is none.
inline constexpr int64_t kNoExpiry = -1;

// Redis's proto-max-bulk-len: the longest value and the longest name.
inline constexpr size_t kMaxValueBytes = size_t{512} << 20;
inline constexpr size_t kMaxNameBytes = size_t{512} << 20;

struct ObjectDeleter {
  void operator()(Object* object) const noexcept;
};
using ObjectPtr = std::unique_ptr<Object, ObjectDeleter>;

// What a name names: its value, expiry and type, and the ticket of its last change. One allocation
// with everything inline; a counter with a name of up to 22 bytes takes 48 bytes.
//
// Owned by the shard of its slot and used on that shard's thread only. The name never changes nor
// moves, so views of it live as long as the object; views of bytes() live until the next TrySet…().
//
// Layout: header (18 bytes) · [size of a long name: uint32] · name · [expiry: int64] · int64, or
// uint32 size and bytes, or nothing (tombstone). A name is long from kLongName bytes on. The part
// after the header is unaligned and is read with memcpy.
//
// New…() throw std::bad_alloc when memory is refused; nothing else fails. A value or a name beyond
// its maximum is a broken invariant: the protocol's limits come first.
class Object {
 public:
  // The ticket of a new object is kNoTicket. `expires_at_ms` is kNoExpiry or not negative.
  [[nodiscard]] static ObjectPtr NewInteger(const Key& key, int64_t value, int64_t expires_at_ms);
  // The value is head + tail. Numbers are stored as they come: no conversion.
  [[nodiscard]] static ObjectPtr NewBytes(const Key& key, std::string_view head,
                                          std::string_view tail, int64_t expires_at_ms);
  [[nodiscard]] static ObjectPtr NewTombstone(const Key& key);
  static void Delete(Object* object) noexcept;  // nullptr is allowed

  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  ObjectType type() const { return static_cast<ObjectType>((state_ >> kTypeShift) & kTypeMask); }
  bool is_tombstone() const { return type() == ObjectType::kTombstone; }
  bool is_integer() const { return (state_ & kIntegerFlag) != 0; }
  // A part of it was written, not the whole (APPEND, SETRANGE …): Redis keeps and tells such a string in
  // another way. Of the time in memory only. TrySet… of a value end it.
  bool is_edited() const { return (state_ & kEditedFlag) != 0; }
  void set_edited(bool edited) { state_ = (state_ & ~kEditedFlag) | (edited ? kEditedFlag : 0); }

  int64_t integer() const {  // requires is_integer()
    TALLY_ASSERT(is_integer(), "integer() of an object that holds none");
    return LoadInt64(ValueOffset());
  }
  std::string_view bytes() const {  // requires a string that is not is_integer()
    TALLY_ASSERT(holds_bytes(), "bytes() of an object that holds none");
    return {data() + ValueOffset() + kBytesSizeBytes, BytesSize()};
  }
  std::string_view name() const {
    if (name_size_ != kLongName) [[likely]] {
      return {data() + kHeaderBytes, name_size_};
    }
    return {data() + kHeaderBytes + kLongNameSizeBytes, LongNameSize()};
  }

  uint64_t hash() const { return (uint64_t{hash_high_} << 32) | hash_low_; }  // 48 bits
  uint32_t hash_low() const { return hash_low_; }

  int64_t expires_at_ms() const { return has_expiry_field() ? LoadInt64(NameEnd()) : kNoExpiry; }
  // Redis 7.0's rule: at the very millisecond the object still lives.
  bool IsExpired(int64_t now_ms) const {
    const int64_t expires = expires_at_ms();
    return expires != kNoExpiry && now_ms > expires;
  }

  // When it was last used (access_clock.h). A new object's is 0 until its owner sets it; updates in
  // place leave it alone.
  AccessClock access_clock() const { return access_clock_; }
  void set_access_clock(AccessClock clock) { access_clock_ = clock; }

  // What the allocator spends on this object.
  size_t memory_bytes() const;

  // In-place updates. False: nothing changed, and a new object must take this one's place, because
  // there is no room, or because more than half of more than 64 bytes would lie idle. Value and
  // expiry are independent of each other. A tombstone becomes a string, an integer becomes bytes
  // and back. The ticket is left to the caller.
  [[nodiscard]] bool TrySetInteger(int64_t value);
  // head and tail may be views of this object's name or bytes (APPEND: TrySetBytes(bytes(), more)
  // copies `more` only).
  [[nodiscard]] bool TrySetBytes(std::string_view head, std::string_view tail);
  // kNoExpiry always succeeds. A tombstone takes no other.
  [[nodiscard]] bool TrySetExpiry(int64_t expires_at_ms);

  // The ticket of the last change; kOpenTicket while that change waits in the change set being
  // gathered.
  Ticket ticket() const { return is_pending() ? kOpenTicket : state_ & kTicketMask; }
  // At most kMaxTicket. Ends the pending state.
  void set_ticket(Ticket ticket) {
    TALLY_ASSERT(ticket <= kMaxTicket, "no such ticket");
    state_ = (state_ & ~(kTicketMask | kPendingFlag)) | ticket;
  }
  bool is_pending() const { return (state_ & kPendingFlag) != 0; }
  // The object is entry `index` of the change set being gathered. The old ticket is forgotten.
  void MarkPending(uint32_t index) { state_ = (state_ & ~kTicketMask) | kPendingFlag | index; }
  uint32_t pending_index() const {  // requires is_pending()
    TALLY_ASSERT(is_pending(), "pending_index() of an object that is not pending");
    return static_cast<uint32_t>(state_);
  }

 private:
  // state_: bits 0–47 ticket or pending index, 48–51 type, 52–55 flags, 57–63 size class of the
  // allocation.
  static constexpr int kTypeShift = 48;
  static constexpr uint64_t kTypeMask = 0xf;
  static constexpr uint64_t kTicketMask = (uint64_t{1} << kTypeShift) - 1;
  static constexpr uint64_t kIntegerFlag = uint64_t{1} << 52;
  static constexpr uint64_t kExpiryFieldFlag = uint64_t{1} << 53;  // the field may hold kNoExpiry
  static constexpr uint64_t kPendingFlag = uint64_t{1} << 54;
  static constexpr uint64_t kEditedFlag = uint64_t{1} << 55;
  static constexpr int kSizeClassShift = 57;

  static constexpr size_t kHeaderBytes = 18;
  static constexpr uint16_t kLongName = 0xffff;  // as name_size_: the true size follows the header
  static constexpr size_t kLongNameSizeBytes = sizeof(uint32_t);
  static constexpr size_t kExpiryBytes = sizeof(int64_t);
  static constexpr size_t kBytesSizeBytes = sizeof(uint32_t);

  Object(const Key& key, uint64_t state);
  ~Object() = default;

  static ObjectPtr New(const Key& key, uint64_t type_and_flags, size_t value_bytes,
                       int64_t expires_at_ms);

  bool has_expiry_field() const { return (state_ & kExpiryFieldFlag) != 0; }
  bool holds_bytes() const { return !is_tombstone() && !is_integer(); }
  static size_t NameBytes(size_t name_size) {  // what a name of that size takes
    return name_size + (name_size < kLongName ? 0 : kLongNameSizeBytes);
  }
  size_t LongNameSize() const {  // requires name_size_ == kLongName
    uint32_t size;
    std::memcpy(&size, data() + kHeaderBytes, sizeof(size));
    return size;
  }
  size_t NameEnd() const {
    if (name_size_ != kLongName) [[likely]] {
      return kHeaderBytes + name_size_;
    }
    return kHeaderBytes + kLongNameSizeBytes + LongNameSize();
  }
  size_t ValueOffset() const { return NameEnd() + (has_expiry_field() ? kExpiryBytes : 0); }
  size_t BytesSize() const {  // requires holds_bytes()
    uint32_t size;
    std::memcpy(&size, data() + ValueOffset(), sizeof(size));
    return size;
  }
  void StoreBytesSize(size_t size_bytes) {
    const auto size = static_cast<uint32_t>(size_bytes);
    std::memcpy(data() + ValueOffset(), &size, sizeof(size));
  }
  size_t UsedBytes() const;                 // of the allocation
  bool IsGoodFit(size_t used_bytes) const;  // in this allocation: room enough, and not too much
  void BecomeString(uint64_t integer_flag);

  char* data() { return reinterpret_cast<char*>(this); }
  const char* data() const { return reinterpret_cast<const char*>(this); }
  int64_t LoadInt64(size_t offset) const {
    int64_t value;
    std::memcpy(&value, data() + offset, sizeof(value));
    return value;
  }
  void StoreInt64(size_t offset, int64_t value) {
    std::memcpy(data() + offset, &value, sizeof(value));
  }

  uint64_t state_;
  uint32_t hash_low_;
  uint16_t name_size_;  // kLongName: it did not fit
  AccessClock access_clock_ = 0;
  uint16_t hash_high_;  // the name follows at once, in what would be padding
};

}  // namespace tally::storage
