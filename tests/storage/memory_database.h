#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/database.h"
#include "storage/status.h"
#include "storage/thread_annotations.h"
#include "storage/ticket.h"

namespace tally::storage {

/// A Database in memory that knows what is written and what is synced, and forgets the difference in a
/// power cut. It is harsher than a disk: a synced meta record or an ingested file does not sync the
/// journal on the way.
///
/// Threads: everything from any; hooks and visitors are called without locks held.
class MemoryDatabase : public Database {
 public:
  MemoryDatabase() = default;

  // ---- What a crash leaves. A seed lets some of the unsynced entries survive, whole and in order, as
  // a power cut in the middle of writing does.

  void PowerCut() EXCLUDES(mutex_);
  void PowerCut(uint64_t seed) EXCLUDES(mutex_);
  /// The database as a power cut at this very moment would leave it; the original goes on.
  [[nodiscard]] std::unique_ptr<MemoryDatabase> CloneSynced() const EXCLUDES(mutex_);
  [[nodiscard]] std::unique_ptr<MemoryDatabase> CloneSynced(uint64_t seed) const EXCLUDES(mutex_);
  /// As a killed process would leave it: with everything that was written.
  [[nodiscard]] std::unique_ptr<MemoryDatabase> CloneWritten() const EXCLUDES(mutex_);

  // ---- Faults. (faulty_database.h fails any call of any database.)

  /// The next AppendJournal writes its entry, does not sync it, and fails.
  void FailNextAppend() EXCLUDES(mutex_);
  void FailNextSync() EXCLUDES(mutex_);
  /// Called by every AppendJournal that syncs and by SyncJournal, when the entry is written and before
  /// it counts as synced. May take its time.
  void set_before_sync(std::function<void()> hook) EXCLUDES(mutex_);

  // ---- Objects that are on the disk and not in memory.

  /// Whether a kMemoryOnly lookup knows everything. At first it knows nothing.
  void set_memory_knows(bool knows) EXCLUDES(mutex_);
  /// Called by every kDisk lookup before it looks. May take its time.
  void set_before_disk_lookup(std::function<void()> hook) EXCLUDES(mutex_);
  /// How many objects kDisk lookups were asked for.
  [[nodiscard]] uint64_t disk_lookups() const EXCLUDES(mutex_);

  // ---- What is in it.

  [[nodiscard]] Ticket written() const EXCLUDES(mutex_);
  [[nodiscard]] Ticket synced() const EXCLUDES(mutex_);
  [[nodiscard]] uint64_t syncs() const EXCLUDES(mutex_);
  [[nodiscard]] size_t journal_entries() const EXCLUDES(mutex_);
  [[nodiscard]] size_t journal_parts() const EXCLUDES(mutex_);
  [[nodiscard]] std::map<std::string, std::string> objects() const EXCLUDES(mutex_);

  // ---- Damage. Changes what is stored, synced.

  void SetMeta(const std::string& name, const std::string& value) EXCLUDES(mutex_);
  void SetObject(const std::string& key, const std::string& value) EXCLUDES(mutex_);
  /// An empty entry removes it.
  void SetJournalEntry(Ticket last, const std::string& entry) EXCLUDES(mutex_);
  [[nodiscard]] std::string JournalEntryAt(Ticket last) const EXCLUDES(mutex_);

  Status StartWriting() override { return Status::Ok(); }
  Status AppendJournal(Ticket last, std::string_view entry, bool sync) override EXCLUDES(mutex_);
  Status SyncJournal() override EXCLUDES(mutex_);
  Status StartNewJournalPart(Ticket* cut) override EXCLUDES(mutex_);
  Status DropOldJournalParts() override EXCLUDES(mutex_);
  Status ReadJournal(const std::function<Status(Ticket, std::string_view)>& visit) override
      EXCLUDES(mutex_);
  Status ReadMeta(std::string_view name, std::string* value) override EXCLUDES(mutex_);
  Status WriteMeta(std::string_view name, std::string_view value) override EXCLUDES(mutex_);
  Status LookUpObjects(std::span<ObjectLookup> wanted, ReadTier tier) override EXCLUDES(mutex_);
  Status ScanObjects(std::string_view begin, std::string_view end,
                     const std::function<ScanStep(std::string_view, std::string_view)>& visit)
      override EXCLUDES(mutex_);
  Status NewObjectFile(std::unique_ptr<ObjectFile>* file) override;
  Status Ingest(std::unique_ptr<ObjectFile> file) override EXCLUDES(mutex_);
  [[nodiscard]] uint64_t MemoryBytes() const override EXCLUDES(mutex_);
  void SetCacheBytes(uint64_t) override {}
  [[nodiscard]] uint64_t ObjectFileBytes() const override EXCLUDES(mutex_);

 private:
  struct Entry {
    Ticket last = kNoTicket;
    uint64_t part = 0;
    std::shared_ptr<const std::string> blob;  // shared by clones
  };
  struct State {
    std::vector<Entry> journal;  // ascending
    size_t synced_entries = 0;   // at the front
    uint64_t part = 1;           // that entries go to
    Ticket written = kNoTicket;  // the highest ever, in whatever part
    Ticket synced = kNoTicket;
    std::map<std::string, std::string, std::less<>> meta;
    std::map<std::string, std::string, std::less<>> objects;
  };

  static void Forget(State* state, size_t kept_unsynced);
  static size_t Survivors(const State& state, uint64_t seed);
  Status Sync(bool fail) EXCLUDES(mutex_);

  mutable Mutex mutex_;
  State state_ GUARDED_BY(mutex_);
  std::function<void()> before_sync_ GUARDED_BY(mutex_);
  std::function<void()> before_disk_lookup_ GUARDED_BY(mutex_);
  uint64_t disk_lookups_ GUARDED_BY(mutex_) = 0;
  bool memory_knows_ GUARDED_BY(mutex_) = false;
  uint64_t syncs_ GUARDED_BY(mutex_) = 0;
  bool fail_append_ GUARDED_BY(mutex_) = false;
  bool fail_sync_ GUARDED_BY(mutex_) = false;
};

}  // namespace tally::storage
