#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
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
  /// Deletes all keys in [begin, end) that were ingested before this file. In a file of its own: their space
  /// is given back when it is ingested, or soon after, without further calls.
  virtual Status DeleteRange(std::string_view begin, std::string_view end) = 0;
  /// Writes the file to the disk, synced. Nothing may be added afterwards.
  virtual Status Finish() = 0;
  [[nodiscard]] virtual uint64_t entries() const = 0;
};

/// One object that is asked for, and what was found.
struct ObjectLookup {
  std::string key;    // as AppendObjectKey writes it
  std::string value;  // empty: there is no such object (records are never empty)
  bool known = false;
};

/// How far a lookup goes.
enum class ReadTier : uint8_t { kMemoryOnly, kDisk };

/// What a scan does after a record.
enum class ScanStep : uint8_t { kContinue, kStop };

/// One number that a store counts about itself; it never falls while the store is open.
struct StoreFigure {
  std::string_view name;  ///< as metrics are named: "bytes_written_total"
  std::string_view help;
  double value = 0;
};

/// The durable store, as far as Tally needs one: the seam behind which RocksDB stands
/// (rocks_database.h), a store that forgets what was not synced in tests, or one day a distributed
/// engine. Everything above knows tickets, object records and slots, never a storage engine.
///
/// Errors: a failed append or sync of the journal leaves the disk's state unknown; the caller must
/// treat the first one as final. Every message names the file or directory.
///
/// Two stages: a database is opened for reading, and what is on the disk is left as it is until
/// StartWriting, so that a start that is refused has changed nothing.
class Database {
 public:
  virtual ~Database() = default;

  /// Ends the first stage: makes what is missing and puts away what a crash has left over. To be called
  /// when everything has been read and accepted, with no other call at the same time; again: nothing.
  /// What writes (the journal's calls but ReadJournal, WriteMeta, NewObjectFile, Ingest) is not called
  /// before; that would be a broken invariant. After a failure the database is only to be destroyed.
  virtual Status StartWriting() = 0;

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

  /// Fills in `value` and `known` of each; in any order of keys, the same key twice included. Beside an
  /// Ingest each is found as it was before or as it is after, one independent of the other.
  /// kMemoryOnly never waits for the disk: what memory cannot answer has known == false afterwards, and
  /// only kDisk can tell. After kDisk all are known. Any thread, several at once. After a failure
  /// (damaged data is one) nothing in `wanted` is to be used.
  virtual Status LookUpObjects(std::span<ObjectLookup> wanted, ReadTier tier) = 0;
  /// Visits the records with begin <= key < end (an empty `end`: to the last) in ascending order of keys,
  /// all as of the call: what is ingested meanwhile is not seen. The views are good during the visit. Does
  /// not displace from memory what lookups find there. While it goes on, files that it reads stay on the
  /// disk, so it should not take long. Any thread, several at once. After a failure the records visited
  /// so far were right, and others are missing.
  virtual Status ScanObjects(
      std::string_view begin, std::string_view end,
      const std::function<ScanStep(std::string_view key, std::string_view value)>& visit) = 0;
  /// May wait some seconds, where the store is late with putting earlier files in order.
  virtual Status NewObjectFile(std::unique_ptr<ObjectFile>* file) = 0;
  /// Makes a finished file's records visible, atomically and synced; they replace older ones.
  virtual Status Ingest(std::unique_ptr<ObjectFile> file) = 0;

  // --- What it takes. Any thread; cheap enough for ten calls a second, not for one per operation. ---

  /// Memory that the store holds: what it caches, and what of the journal it keeps.
  [[nodiscard]] virtual uint64_t MemoryBytes() const = 0;
  /// What the cache may take from now on. It shrinks as it is used.
  virtual void SetCacheBytes(uint64_t bytes) = 0;
  /// Disk space of the objects, stale versions included.
  [[nodiscard]] virtual uint64_t ObjectFileBytes() const = 0;
  /// What is worth watching of its own statistics.
  [[nodiscard]] virtual std::vector<StoreFigure> Figures() const { return {}; }
};

}  // namespace tally::storage
