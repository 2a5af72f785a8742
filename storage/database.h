#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/status.h"
#include "storage/ticket.h"

namespace tally::storage {

/// A sorted file of object records that is being written beside the store; nothing of it is visible
/// until it is ingested. One thread.
class ObjectFile {
 public:
  virtual ~ObjectFile() = default;
  /// Keys in strictly ascending order.
  virtual Status Put(std::string_view key, std::string_view value) = 0;
  virtual Status Delete(std::string_view key) = 0;
  /// Deletes all keys in [begin, end) that were ingested before this file.
  virtual Status DeleteRange(std::string_view begin, std::string_view end) = 0;
  /// Writes the file to the disk, synced. Nothing may be added afterwards.
  virtual Status Finish() = 0;
  [[nodiscard]] virtual uint64_t entries() const = 0;
};

/// The durable store, as far as Tally needs one: the seam behind which RocksDB stands
/// (rocks_database.h), a store that forgets what was not synced in tests, or one day a distributed
/// engine. Everything above knows tickets, object records and slots, never a storage engine.
///
/// Errors: a failed append or sync of the journal leaves the disk's state unknown; the caller must
/// treat the first one as final. Every message names the file or directory.
class Database {
 public:
  virtual ~Database() = default;

  // --- Journal: the commits since the last checkpoint. ---

  /// Appends one entry whose highest ticket is `last`; with `sync` it is on disk when the call
  /// returns. One call at a time; side by side with everything else here.
  virtual Status AppendJournal(Ticket last, std::string_view entry, bool sync) = 0;
  /// Everything appended before the call is on disk when it returns.
  virtual Status SyncJournal() = 0;
  /// Entries appended from now on go to a fresh part of the journal. `*cut` = the highest ticket in the
  /// parts before it.
  virtual Status StartNewJournalPart(Ticket* cut) = 0;
  /// Removes all parts but the current one.
  virtual Status DropOldJournalParts() = 0;
  /// Calls `visit(last, entry)` in ascending order of tickets; stops at the first failure.
  virtual Status ReadJournal(
      const std::function<Status(Ticket last, std::string_view entry)>& visit) = 0;

  // --- Meta: a few named records. ---

  /// Empty `*value` when there is no such record (records are never empty).
  virtual Status ReadMeta(std::string_view name, std::string* value) = 0;
  /// Writes one record, synced.
  virtual Status WriteMeta(std::string_view name, std::string_view value) = 0;

  // --- Objects: the state as of the last checkpoint, or later. ---

  /// All records in ascending order of keys; stops at the first failure.
  virtual Status ReadObjects(
      const std::function<Status(std::string_view key, std::string_view value)>& visit) = 0;
  virtual Status NewObjectFile(std::unique_ptr<ObjectFile>* file) = 0;
  /// Makes a finished file's records visible, atomically and synced; they replace older ones.
  virtual Status Ingest(std::unique_ptr<ObjectFile> file) = 0;
};

}  // namespace tally::storage
