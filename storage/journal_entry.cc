#include "storage/journal_entry.h"

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL  // before xxhash.h
#endif

#include <cstring>
#include <limits>

#include <xxhash.h>

#include "storage/fixed_bytes.h"
#include "storage/invariant.h"

namespace tally::storage {
namespace {

constexpr uint8_t kMagic = 0xa0;  // upper half of the first byte; the lower half is the version
constexpr uint8_t kMagicMask = 0xf0;
constexpr uint8_t kFormatVersion = 2;

constexpr size_t kFirstOffset = 1;
constexpr size_t kLastOffset = kFirstOffset + sizeof(Ticket);
constexpr size_t kFlagsOffset = kLastOffset + sizeof(Ticket);
constexpr size_t kHeaderBytes = kFlagsOffset + 1;
constexpr size_t kChecksumBytes = sizeof(uint64_t);
using ChangeSetSize = uint32_t;

// Requires that the bytes are there.
template <typename Integer>
Integer LoadFixed(std::string_view in, size_t offset) {
  Integer value;
  std::memcpy(&value, in.data() + offset, sizeof(value));
  return value;
}

uint64_t Checksum(std::string_view bytes, Ticket last) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), last);
}

bool TakeChangeSet(std::string_view* in, std::string_view* change_set) {
  ChangeSetSize size;
  if (!TakeFixed(in, &size) || in->size() < size) return false;
  *change_set = in->substr(0, size);
  in->remove_prefix(size);
  return true;
}

bool HoldsChangeSets(std::string_view body, uint64_t count) {
  std::string_view change_set;
  for (; count > 0; --count) {
    if (!TakeChangeSet(&body, &change_set)) return false;
  }
  return body.empty();
}

}  // namespace

void BeginEntry(std::string* out, Ticket first) {
  TALLY_ASSERT(first != kNoTicket && first <= kMaxTicket, "no such ticket");
  out->clear();
  AppendFixed(out, static_cast<uint8_t>(kMagic | kFormatVersion));
  AppendFixed(out, first);
  AppendFixed(out, kNoTicket);  // last: FinishEntry knows it
  AppendFixed(out, uint8_t{0});
}

void AppendChangeSet(std::string* out, std::string_view encoded_change_set) {
  TALLY_ASSERT(encoded_change_set.size() <= std::numeric_limits<ChangeSetSize>::max(),
               "a change set is too big");
  AppendFixed(out, static_cast<ChangeSetSize>(encoded_change_set.size()));
  out->append(encoded_change_set);
}

void FinishEntry(std::string* out, Ticket last) {
  TALLY_ASSERT(out->size() >= kHeaderBytes, "an entry was finished that was not begun");
  const auto first = LoadFixed<Ticket>(*out, kFirstOffset);
  TALLY_ASSERT(first <= last && last <= kMaxTicket, "no such ticket");
  TALLY_ASSERT(HoldsChangeSets(std::string_view(*out).substr(kHeaderBytes), last - first + 1),
               "an entry holds another number of change sets than of tickets");
  std::memcpy(out->data() + kLastOffset, &last, sizeof(last));
  AppendFixed(out, Checksum(*out, last));
}

JournalEntryStatus OpenEntry(std::string_view blob, JournalEntryReader* reader) {
  if (blob.empty()) return JournalEntryStatus::kDamaged;
  const auto magic_and_version = LoadFixed<uint8_t>(blob, 0);
  if ((magic_and_version & kMagicMask) != kMagic) return JournalEntryStatus::kDamaged;
  if (magic_and_version != (kMagic | kFormatVersion)) return JournalEntryStatus::kUnknownVersion;
  if (blob.size() < kHeaderBytes + kChecksumBytes) return JournalEntryStatus::kDamaged;

  const std::string_view checked = blob.substr(0, blob.size() - kChecksumBytes);
  const auto first = LoadFixed<Ticket>(blob, kFirstOffset);
  const auto last = LoadFixed<Ticket>(blob, kLastOffset);
  if (Checksum(checked, last) != LoadFixed<uint64_t>(blob, checked.size())) {
    return JournalEntryStatus::kDamaged;
  }
  const std::string_view body = checked.substr(kHeaderBytes);
  if (first == kNoTicket || first > last || last > kMaxTicket ||
      LoadFixed<uint8_t>(blob, kFlagsOffset) != 0 || !HoldsChangeSets(body, last - first + 1)) {
    return JournalEntryStatus::kDamaged;
  }
  reader->first_ = first;
  reader->last_ = last;
  reader->rest_ = body;
  return JournalEntryStatus::kOk;
}

bool JournalEntryReader::Next(std::string_view* change_set) {
  return TakeChangeSet(&rest_, change_set);
}

}  // namespace tally::storage
