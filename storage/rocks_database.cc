#include "storage/rocks_database.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/write_batch.h>

#include "storage/durable_file.h"
#include "storage/invariant.h"
#include "storage/rocks_families.h"
#include "storage/rocks_figures.h"
#include "storage/rocks_files.h"
#include "storage/rocks_journal_reads.h"
#include "storage/rocks_log_scan.h"
#include "storage/rocks_object_file.h"
#include "storage/rocks_object_reads.h"
#include "storage/rocks_options.h"
#include "storage/rocks_space.h"
#include "storage/thread_annotations.h"

namespace tally::storage {
namespace {

constexpr size_t kKeptBatchBytes = size_t{4} << 20;
// Ingested files that may wait for compaction: how many, since lookups go through each, and how much,
// or as much as all other files together if that is more.
constexpr size_t kMaxWaitingFiles = 8;
constexpr uint64_t kMaxWaitingBytes = uint64_t{256} << 20;
constexpr std::chrono::seconds kMaxCompactionWait(10);
constexpr std::chrono::milliseconds kCompactionPoll(50);

class RocksDatabase : public Database {
 public:
  RocksDatabase(std::string directory, RocksSettings settings)
      : directory_(std::move(directory)),
        options_(MakeRocksOptions(files_.env(), std::move(settings.log))),
        family_options_(settings.block_cache_bytes),
        object_file_options_(options_, family_options_.Of(kObjectsFamily)) {}
  ~RocksDatabase() override;

  Status Open();

  Status StartWriting() override EXCLUDES(mutex_);
  Status AppendJournal(Ticket last, std::string_view entry, bool sync) override EXCLUDES(mutex_);
  Status SyncJournal() override EXCLUDES(mutex_);
  Status StartNewJournalPart(Ticket* cut) override EXCLUDES(mutex_);
  Status DropOldJournalParts() override EXCLUDES(mutex_);
  Status ReadJournal(const std::function<Status(Ticket, std::string_view)>& visit) override
      EXCLUDES(mutex_);
  Status ReadMeta(std::string_view name, std::string* value) override;
  Status WriteMeta(std::string_view name, std::string_view value) override EXCLUDES(mutex_);
  Status LookUpObjects(std::span<ObjectLookup> wanted, ReadTier tier) override {
    return LookUpRocksObjects(db_.get(), objects_, wanted, tier);
  }
  Status ScanObjects(
      std::string_view begin, std::string_view end,
      const std::function<ScanStep(std::string_view, std::string_view)>& visit) override {
    return ScanRocksObjects(db_.get(), objects_, begin, end, visit);
  }
  Status NewObjectFile(std::unique_ptr<ObjectFile>* file) override;
  Status Ingest(std::unique_ptr<ObjectFile> file) override;
  [[nodiscard]] uint64_t MemoryBytes() const override;
  void SetCacheBytes(uint64_t bytes) override { family_options_.block_cache().SetCapacity(bytes); }
  [[nodiscard]] uint64_t ObjectFileBytes() const override;
  std::vector<StoreFigure> Figures() const override { return RocksFigures(*options_.statistics); }

 private:
  Status Fail(std::string_view what, const rocksdb::Status& status) const {
    return RocksStatus(directory_, what, status);
  }
  [[nodiscard]] std::string incoming_path() const { return directory_ + "/incoming"; }
  void Take(RocksFamilies families) EXCLUDES(mutex_);
  Status Close() EXCLUDES(mutex_);
  Status RemoveLeftovers() const;
  Status FindLast(Ticket* last) REQUIRES(mutex_);
  Status RetireTornLog() REQUIRES(mutex_);
  void CheckWriting() const { TALLY_ASSERT(writing_, "nothing is written before StartWriting"); }
  Status FlushMeta();
  /// By the files that wait for it. Returns whether it is so late that the next one has to wait.
  bool PaceCompaction();

  const std::string directory_;
  RocksFiles files_;
  const rocksdb::DBOptions options_;
  const RocksFamilyOptions family_options_;
  const rocksdb::Options object_file_options_;
  bool writing_ = false;
  bool torn_ = false;  // see RetireTornLog
  // For reading, until StartWriting; null is what does not exist yet.
  std::unique_ptr<rocksdb::DB> db_;
  RocksFamily* unused_ = nullptr;
  RocksFamily* meta_ = nullptr;
  RocksFamily* objects_ = nullptr;
  uint64_t next_file_ = 1;  // of the checkpointer's thread

  // The part's mutex: held over an append, so that no entry lands behind the cut it was counted in.
  Mutex mutex_;
  std::map<uint64_t, RocksFamily*> parts_ GUARDED_BY(mutex_);  // the last one is written to
  Ticket last_ GUARDED_BY(mutex_) = kNoTicket;
  bool unsynced_ GUARDED_BY(mutex_) = false;
  rocksdb::WriteBatch batch_ GUARDED_BY(mutex_);
};

RocksDatabase::~RocksDatabase() {
  if (const Status status = Close(); !status.ok()) {
    rocksdb::Warn(options_.info_log, "%s", status.message().c_str());
  }
}

void RocksDatabase::Take(RocksFamilies families) {
  db_ = std::move(families.db);
  unused_ = families.unused;
  meta_ = families.meta;
  objects_ = families.objects;
  const MutexLock lock(mutex_);
  parts_ = std::move(families.journal);
}

Status RocksDatabase::Close() {
  RocksFamilies families{std::move(db_), unused_, meta_, objects_, {}};
  {
    const MutexLock lock(mutex_);
    families.journal = std::move(parts_);
  }
  Take(RocksFamilies());
  return CloseRocksFamilies(std::move(families));
}

Status RocksDatabase::Open() {
  if (Status status = ScanRocksLogs(directory_, &torn_); !status.ok()) return status;
  // What RocksDB warns of now it says again in StartWriting.
  const rocksdb::DBOptions quiet = MakeRocksOptions(files_.env(), [](const std::string&) {});
  RocksFamilies families;
  Status status = OpenRocksForReading(directory_, quiet, family_options_, &families);
  Take(std::move(families));
  if (!status.ok()) return status;
  const MutexLock lock(mutex_);
  return FindLast(&last_);
}

Status RocksDatabase::StartWriting() {
  if (writing_) return Status::Ok();
  Status status = Close();
  if (status.ok()) status = MakeDirectories(directory_);
  if (!status.ok()) return status;
  RocksFamilies families;
  status = OpenRocksForWriting(directory_, options_, family_options_, &families);
  Take(std::move(families));
  if (status.ok()) status = RemoveLeftovers();
  if (!status.ok()) return status;
  const MutexLock lock(mutex_);
  Ticket last = kNoTicket;
  if (status = FindLast(&last); !status.ok()) return status;
  if (last != last_) {
    return Status::Failure(fmt::format(
        "{}: the journal ended with ticket {} when it was read, and a moment later with "
        "{}: the disk is not to be trusted, or another program writes there",
        directory_, last_, last));
  }
  status = RetireTornLog();
  writing_ = status.ok();
  files_.GoEasy();
  return status;
}

// Of a checkpoint that a crash interrupted.
Status RocksDatabase::RemoveLeftovers() const {
  Status status = MakeDirectories(incoming_path());
  if (!status.ok()) return status;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(incoming_path(), error), end;
       !error && entry != end; entry.increment(error)) {
    std::filesystem::remove(entry->path(), error);
    if (error) return FileFailure("remove", entry->path().string(), error.value());
  }
  if (error) return FileFailure("read the directory", incoming_path(), error.value());
  return Status::Ok();
}

Status RocksDatabase::FindLast(Ticket* last) {
  Status status = Status::Ok();
  for (auto part = parts_.begin(); status.ok() && part != parts_.end(); ++part) {
    status = FindLastTicket(db_.get(), part->second, last);
  }
  return status;
}

// A log with a torn record must be out of use before anything is written (rocks_log_scan.h).
Status RocksDatabase::RetireTornLog() {
  if (!torn_) return Status::Ok();
  for (const auto& [number, part] : parts_) {
    Status status = Fail("flush " + part->GetName(), db_->Flush(rocksdb::FlushOptions(), part));
    if (!status.ok()) return status;
  }
  return FlushMeta();
}

Status RocksDatabase::AppendJournal(Ticket last, std::string_view entry, bool sync) {
  CheckWriting();
  const MutexLock lock(mutex_);
  if (sync && unsynced_) {
    // The mark below says that all before this record is on disk: see rocks_log_scan.h.
    Status status = Fail("sync the journal", db_->SyncWAL());
    if (!status.ok()) return status;
  }
  batch_.Clear();
  rocksdb::Status status =
      batch_.PutLogData(ToSlice(sync ? kSyncedRecordMark : kWrittenRecordMark));
  if (status.ok()) status = batch_.Put(parts_.rbegin()->second, TicketKey(last), ToSlice(entry));
  if (status.ok()) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    status = db_->Write(options, &batch_);
  }
  if (status.ok() && !sync) status = files_.WriteOutLogs();
  if (batch_.GetDataSize() > kKeptBatchBytes) batch_ = rocksdb::WriteBatch();
  last_ = std::max(last_, last);
  unsynced_ = !sync;
  return Fail("write the journal", status);
}

Status RocksDatabase::SyncJournal() {
  CheckWriting();
  {
    const MutexLock lock(mutex_);
    if (!unsynced_) return Status::Ok();
  }
  return Fail("sync the journal", db_->SyncWAL());
}

Status RocksDatabase::StartNewJournalPart(Ticket* cut) {
  CheckWriting();
  uint64_t number;
  {
    const MutexLock lock(mutex_);
    number = parts_.rbegin()->first + 1;
  }
  // A flush begins a new log: nearly all of the old part's entries are in logs that can be deleted with
  // it, and the new part's are not among them.
  Status status = FlushMeta();
  if (!status.ok()) return status;
  RocksFamily* part = nullptr;
  if (status = AddRocksFamily(db_.get(), family_options_, JournalFamilyName(number), &part);
      !status.ok()) {
    return status;
  }
  const MutexLock lock(mutex_);
  parts_[number] = part;
  *cut = last_;
  return Status::Ok();
}

Status RocksDatabase::DropOldJournalParts() {
  CheckWriting();
  std::vector<std::pair<uint64_t, RocksFamily*>> old;
  {
    const MutexLock lock(mutex_);
    old.assign(parts_.begin(), std::prev(parts_.end()));
  }
  // Oldest first: what a crash leaves is without holes.
  for (const auto& [number, part] : old) {
    Status status = Fail("drop " + part->GetName(), db_->DropColumnFamily(part));
    if (!status.ok()) return status;
    {
      const MutexLock lock(mutex_);
      parts_.erase(number);
    }
    status = Fail("close " + JournalFamilyName(number), db_->DestroyColumnFamilyHandle(part));
    if (!status.ok()) return status;
  }
  // The logs stay as long as a family has something in them that is in no table: meta, now.
  return FlushMeta();
}

Status RocksDatabase::FlushMeta() {
  return Fail("write the meta records", db_->Flush(rocksdb::FlushOptions(), meta_));
}

Status RocksDatabase::ReadJournal(const std::function<Status(Ticket, std::string_view)>& visit) {
  std::vector<RocksFamily*> parts;
  {
    const MutexLock lock(mutex_);
    for (const auto& [number, part] : parts_) parts.push_back(part);
  }
  for (RocksFamily* part : parts) {
    Status status = ReadRocksJournal(db_.get(), part, visit);
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

Status RocksDatabase::ReadMeta(std::string_view name, std::string* value) {
  value->clear();
  if (meta_ == nullptr) return Status::Ok();
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), meta_, ToSlice(name), value);
  if (status.IsNotFound()) return Status::Ok();
  return Fail(fmt::format("read the meta record '{}'", name), status);
}

Status RocksDatabase::WriteMeta(std::string_view name, std::string_view value) {
  // Beside a commit RocksDB might make one record of both, and the mark of that would be this one's.
  CheckWriting();
  const MutexLock lock(mutex_);
  rocksdb::WriteOptions options;
  options.sync = true;
  rocksdb::WriteBatch batch;
  rocksdb::Status status = batch.PutLogData(ToSlice(kWrittenRecordMark));
  if (status.ok()) status = batch.Put(meta_, ToSlice(name), ToSlice(value));
  if (status.ok()) status = db_->Write(options, &batch);
  return Fail(fmt::format("write the meta record '{}'", name), status);
}

bool RocksDatabase::PaceCompaction() {
  rocksdb::ColumnFamilyMetaData objects;
  db_->GetColumnFamilyMetaData(objects_, &objects);
  const rocksdb::LevelMetaData& waiting = objects.levels.front();
  const bool keeps_up = waiting.files.size() < kFilesToCompact;
  options_.rate_limiter->SetBytesPerSecond(keeps_up ? kCompactionPace : kCompactionHaste);
  return waiting.files.size() >= kMaxWaitingFiles ||
         waiting.size >= std::max(kMaxWaitingBytes, objects.size - waiting.size);
}

Status RocksDatabase::NewObjectFile(std::unique_ptr<ObjectFile>* file) {
  CheckWriting();
  // Compaction that is late makes the checkpoint late, and does not fill the disk. Not for ever: it may
  // have stopped, and then the file is still better off here than in the journal.
  const auto deadline = std::chrono::steady_clock::now() + kMaxCompactionWait;
  while (PaceCompaction() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kCompactionPoll);
  }
  auto fresh = std::make_unique<RocksObjectFile>(
      object_file_options_, objects_, fmt::format("{}/{}.sst", incoming_path(), next_file_++));
  Status status = fresh->Open();
  if (status.ok()) *file = std::move(fresh);
  return status;
}

Status RocksDatabase::Ingest(std::unique_ptr<ObjectFile> file) {
  CheckWriting();
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.write_global_seqno = false;    // the file stays as it was synced
  options.allow_blocking_flush = false;  // nothing is ever in the memtable
  options.verify_checksums_before_ingest = true;
  const auto& ingested = static_cast<RocksObjectFile&>(*file);
  const std::string& path = ingested.path();
  rocksdb::Status status = db_->IngestExternalFile(objects_, {path}, options);
  if (!status.ok()) return Fail("take in " + path, status);
  for (const auto& [begin, end] : ingested.deleted_ranges()) {
    status = GiveBackDeletedRange(db_.get(), objects_, begin, end);
    // The objects are deleted all the same; the space comes back later.
    if (!status.ok()) rocksdb::Warn(options_.info_log, "%s", status.ToString().c_str());
  }
  return Status::Ok();
}

uint64_t RocksDatabase::MemoryBytes() const {
  // Readers of tables are charged to the cache (rocks_options.cc).
  uint64_t memtables = 0;
  if (db_) db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kSizeAllMemTables, &memtables);
  return family_options_.block_cache().GetUsage() + memtables;
}

uint64_t RocksDatabase::ObjectFileBytes() const {
  uint64_t bytes = 0;
  if (objects_ != nullptr)
    db_->GetIntProperty(objects_, rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
  return bytes;
}

}  // namespace

Status OpenRocksDatabase(const std::string& directory, std::unique_ptr<Database>* out,
                         RocksSettings settings) {
  auto database = std::make_unique<RocksDatabase>(directory, std::move(settings));
  Status status = database->Open();
  if (status.ok()) *out = std::move(database);
  return status;
}

}  // namespace tally::storage
