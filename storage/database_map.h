#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "storage/object_codec.h"
#include "storage/ticket.h"

namespace tally::storage {

/// Which databases, as clients number them, are which *stored* ones. SWAPDB exchanges two entries, and that is
/// all: objects, tables, counts, generations and records on disk keep the number of their stored database.
///
/// It is the same on all shards, and changes only while all are entered, in one change set. In the journal it
/// is state: each record says where one database is now, so that reading it twice does no harm. A checkpoint
/// keeps the whole.
///
/// A reply that tells anything about a database tells where it is stored, too: it depends on `ticket`.
/// Thread: the keyspace's.
class DatabaseMap {
 public:
  /// Each is itself.
  explicit DatabaseMap(int databases) {
    for (int i = 0; i < databases; ++i) entries_.push_back({static_cast<uint8_t>(i), kNoTicket});
  }

  [[nodiscard]] int databases() const { return static_cast<int>(entries_.size()); }
  [[nodiscard]] int StoredOf(int database) const { return At(database).stored; }
  /// The one whose objects are in this stored database.
  [[nodiscard]] int OwnerOf(int stored) const {
    int owner = 0;
    while (StoredOf(owner) != stored) ++owner;
    return owner;
  }
  /// Of the last change of where it is; `kOpenTicket`: in the turn that is open.
  [[nodiscard]] Ticket ticket(int database) const { return At(database).ticket; }

  // The turn.
  void Swap(int a, int b) {
    std::swap(At(a).stored, At(b).stored);
    At(a).ticket = At(b).ticket = kOpenTicket;
    has_changes_ = true;
  }
  [[nodiscard]] bool has_changes() const { return has_changes_; }
  void Encode(std::string* out) const {
    if (!has_changes_) return;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].ticket == kOpenTicket) {
        AppendPlace(out, static_cast<uint8_t>(i), entries_[i].stored);
      }
    }
  }
  void Stamp(Ticket ticket) {
    if (!has_changes_) return;
    has_changes_ = false;
    for (Entry& entry : entries_) {
      if (entry.ticket == kOpenTicket) entry.ticket = ticket;
    }
  }

  // Recovery: state that is durable already.
  void Set(int database, uint8_t stored) { At(database).stored = stored; }
  /// Every stored database is somebody's.
  [[nodiscard]] bool IsWhole() const {
    std::vector<bool> seen(entries_.size());
    for (const Entry& entry : entries_) {
      if (entry.stored >= entries_.size() || seen[entry.stored]) return false;
      seen[entry.stored] = true;
    }
    return true;
  }

 private:
  struct Entry {
    uint8_t stored;
    Ticket ticket;
  };
  [[nodiscard]] const Entry& At(int database) const {
    return entries_[static_cast<size_t>(database)];
  }
  [[nodiscard]] Entry& At(int database) { return entries_[static_cast<size_t>(database)]; }

  std::vector<Entry> entries_;
  bool has_changes_ = false;
};

}  // namespace tally::storage
