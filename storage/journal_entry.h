// One commit as one blob: the change sets first … last, one after another, under one checksum.
//
//   0xA2 (0xA: a journal entry, 2: format version, that of the records too) · first ticket u64 ·
//   last ticket u64 · flags u8 (0) · for each ticket: size u32, change set (records of object_codec.h) · XXH3-64 u64 of all
//   before, seeded with last
//
// Numbers are little-endian. What a change set holds is not looked at here. All functions are
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/ticket.h"

namespace tally::storage {

// ---- Writing: Begin, then one AppendChangeSet per ticket in order, then Finish. `out` keeps its
// capacity between entries.

// Empties `out` and begins the entry. first is a real ticket.
void BeginEntry(std::string* out, Ticket first);
// A change set may be empty, and takes less than 4 GiB (asserted).
void AppendChangeSet(std::string* out, std::string_view encoded_change_set);
// Requires that first … last is as many tickets as change sets were appended (asserted).
void FinishEntry(std::string* out, Ticket last);

// ---- Reading.

enum class JournalEntryStatus {
  kOk,
  kDamaged,         // not what FinishEntry left: cut, flipped, grown, or no journal entry at all
  kUnknownVersion,  // a journal entry by its first byte, but of a version that this program does
                    // not know
};

// The change sets of one entry, in ticket order. Views into the blob, which must outlive it.
class JournalEntryReader {
 public:
  Ticket first() const { return first_; }
  Ticket last() const { return last_; }

  // The next change set, last - first + 1 times; then false. Cannot fail: OpenEntry has checked
  // everything.
  [[nodiscard]] bool Next(std::string_view* change_set);

 private:
  friend JournalEntryStatus OpenEntry(std::string_view blob, JournalEntryReader* reader);

  Ticket first_ = kNoTicket;
  Ticket last_ = kNoTicket;
  std::string_view rest_;
};

// Checks the whole entry: version, checksum, tickets, sizes and their number. *reader is set only
// if kOk.
[[nodiscard]] JournalEntryStatus OpenEntry(std::string_view blob, JournalEntryReader* reader);

}  // namespace tally::storage
