#include "tests/storage/memory_database.h"

#include <algorithm>
#include <random>
#include <utility>

#include "storage/invariant.h"

namespace tally::storage {
namespace {

Status Injected(const char* what) {
  return Status::Failure(std::string("memory database: injected failure of ") + what);
}

class MemoryObjectFile : public ObjectFile {
 public:
  struct Range {
    std::string begin;
    std::string end;
  };

  Status Put(std::string_view key, std::string_view value) override {
    Add(key, std::string(value), false);
    return Status::Ok();
  }
  Status Delete(std::string_view key) override {
    Add(key, {}, true);
    return Status::Ok();
  }
  Status DeleteRange(std::string_view begin, std::string_view end) override {
    TALLY_ASSERT(!finished_ && begin < end, "a range to delete");
    ranges_.push_back({std::string(begin), std::string(end)});
    return Status::Ok();
  }
  Status Finish() override {
    TALLY_ASSERT(entries() > 0, "RocksDB refuses to finish an empty file");
    finished_ = true;
    return Status::Ok();
  }
  [[nodiscard]] uint64_t entries() const override { return records_.size() + ranges_.size(); }

  void ApplyTo(std::map<std::string, std::string, std::less<>>* objects) const {
    TALLY_ASSERT(finished_, "a file is finished before it is ingested");
    for (const Range& range : ranges_) {
      objects->erase(objects->lower_bound(range.begin), objects->lower_bound(range.end));
    }
    for (const Record& record : records_) {
      if (record.deleted) {
        objects->erase(record.key);
      } else {
        (*objects)[record.key] = record.value;
      }
    }
  }

 private:
  struct Record {
    std::string key;
    std::string value;
    bool deleted;
  };
  void Add(std::string_view key, std::string value, bool deleted) {
    TALLY_ASSERT(!finished_, "nothing is added to a finished file");
    TALLY_ASSERT(records_.empty() || records_.back().key < key, "keys ascend");
    records_.push_back({std::string(key), std::move(value), deleted});
  }

  std::vector<Record> records_;
  std::vector<Range> ranges_;
  bool finished_ = false;
};

}  // namespace

void MemoryDatabase::Forget(State* state, size_t kept_unsynced) {
  state->journal.resize(state->synced_entries + kept_unsynced);
  if (kept_unsynced > 0) state->synced = state->journal.back().last;
  state->written = state->synced;
  state->synced_entries = state->journal.size();
}

size_t MemoryDatabase::Survivors(const State& state, uint64_t seed) {
  std::mt19937_64 random(seed);
  return random() % (state.journal.size() - state.synced_entries + 1);
}

void MemoryDatabase::PowerCut() {
  const MutexLock lock(mutex_);
  Forget(&state_, 0);
}

void MemoryDatabase::PowerCut(uint64_t seed) {
  const MutexLock lock(mutex_);
  Forget(&state_, Survivors(state_, seed));
}

std::unique_ptr<MemoryDatabase> MemoryDatabase::CloneSynced() const {
  auto clone = CloneWritten();
  clone->PowerCut();
  return clone;
}

std::unique_ptr<MemoryDatabase> MemoryDatabase::CloneSynced(uint64_t seed) const {
  auto clone = CloneWritten();
  clone->PowerCut(seed);
  return clone;
}

std::unique_ptr<MemoryDatabase> MemoryDatabase::CloneWritten() const {
  auto clone = std::make_unique<MemoryDatabase>();
  const MutexLock lock(mutex_);
  const MutexLock clone_lock(clone->mutex_);
  clone->state_ = state_;
  return clone;
}

void MemoryDatabase::FailNextAppend() {
  const MutexLock lock(mutex_);
  fail_append_ = true;
}

void MemoryDatabase::FailNextSync() {
  const MutexLock lock(mutex_);
  fail_sync_ = true;
}

void MemoryDatabase::set_before_sync(std::function<void()> hook) {
  const MutexLock lock(mutex_);
  before_sync_ = std::move(hook);
}

void MemoryDatabase::set_memory_knows(bool knows) {
  const MutexLock lock(mutex_);
  memory_knows_ = knows;
}

void MemoryDatabase::set_before_disk_lookup(std::function<void()> hook) {
  const MutexLock lock(mutex_);
  before_disk_lookup_ = std::move(hook);
}

uint64_t MemoryDatabase::disk_lookups() const {
  const MutexLock lock(mutex_);
  return disk_lookups_;
}

Ticket MemoryDatabase::written() const {
  const MutexLock lock(mutex_);
  return state_.written;
}

Ticket MemoryDatabase::synced() const {
  const MutexLock lock(mutex_);
  return state_.synced;
}

uint64_t MemoryDatabase::syncs() const {
  const MutexLock lock(mutex_);
  return syncs_;
}

size_t MemoryDatabase::journal_entries() const {
  const MutexLock lock(mutex_);
  return state_.journal.size();
}

size_t MemoryDatabase::journal_parts() const {
  const MutexLock lock(mutex_);
  return state_.journal.empty() ? 1 : state_.part - state_.journal.front().part + 1;
}

std::map<std::string, std::string> MemoryDatabase::objects() const {
  const MutexLock lock(mutex_);
  return {state_.objects.begin(), state_.objects.end()};
}

void MemoryDatabase::SetMeta(const std::string& name, const std::string& value) {
  const MutexLock lock(mutex_);
  state_.meta[name] = value;
}

void MemoryDatabase::SetObject(const std::string& key, const std::string& value) {
  const MutexLock lock(mutex_);
  state_.objects[key] = value;
}

void MemoryDatabase::SetJournalEntry(Ticket last, const std::string& entry) {
  const MutexLock lock(mutex_);
  auto& journal = state_.journal;
  const auto found = std::find_if(journal.begin(), journal.end(),
                                  [&](const Entry& candidate) { return candidate.last == last; });
  TALLY_ASSERT(found != journal.end(), "no such entry");
  if (entry.empty()) {
    journal.erase(found);
    state_.synced_entries = journal.size();
  } else {
    found->blob = std::make_shared<const std::string>(entry);
  }
}

std::string MemoryDatabase::JournalEntryAt(Ticket last) const {
  const MutexLock lock(mutex_);
  for (const Entry& entry : state_.journal) {
    if (entry.last == last) return *entry.blob;
  }
  return {};
}

Status MemoryDatabase::AppendJournal(Ticket last, std::string_view entry, bool sync) {
  bool fail = false;
  {
    const MutexLock lock(mutex_);
    TALLY_ASSERT(last > state_.written, "tickets ascend");
    state_.journal.push_back({last, state_.part, std::make_shared<const std::string>(entry)});
    state_.written = last;
    fail = std::exchange(fail_append_, false);
  }
  if (sync) return Sync(fail);
  return fail ? Injected("AppendJournal") : Status::Ok();
}

Status MemoryDatabase::SyncJournal() { return Sync(false); }

Status MemoryDatabase::Sync(bool fail) {
  std::function<void()> hook;
  Ticket written = kNoTicket;
  {
    const MutexLock lock(mutex_);
    hook = before_sync_;
    written = state_.written;
  }
  if (hook) hook();
  const MutexLock lock(mutex_);
  if (fail || std::exchange(fail_sync_, false)) return Injected("a sync");
  ++syncs_;
  // What was written after the sync began is not on the disk for it; what was dropped is gone.
  state_.synced = std::max(state_.synced, written);
  const Ticket synced = state_.synced;
  const auto first_unsynced =
      std::find_if(state_.journal.begin(), state_.journal.end(),
                   [synced](const Entry& entry) { return entry.last > synced; });
  state_.synced_entries = static_cast<size_t>(first_unsynced - state_.journal.begin());
  return Status::Ok();
}

Status MemoryDatabase::StartNewJournalPart(Ticket* cut) {
  const MutexLock lock(mutex_);
  ++state_.part;
  *cut = state_.written;
  return Status::Ok();
}

Status MemoryDatabase::DropOldJournalParts() {
  const MutexLock lock(mutex_);
  const size_t dropped = std::erase_if(
      state_.journal, [part = state_.part](const Entry& entry) { return entry.part < part; });
  state_.synced_entries -= std::min(dropped, state_.synced_entries);
  return Status::Ok();
}

Status MemoryDatabase::ReadJournal(const std::function<Status(Ticket, std::string_view)>& visit) {
  std::vector<Entry> journal;
  {
    const MutexLock lock(mutex_);
    journal = state_.journal;
  }
  for (const Entry& entry : journal) {
    Status status = visit(entry.last, *entry.blob);
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

Status MemoryDatabase::ReadMeta(std::string_view name, std::string* value) {
  const MutexLock lock(mutex_);
  const auto found = state_.meta.find(name);
  *value = found == state_.meta.end() ? std::string() : found->second;
  return Status::Ok();
}

Status MemoryDatabase::WriteMeta(std::string_view name, std::string_view value) {
  const MutexLock lock(mutex_);
  state_.meta[std::string(name)] = value;
  return Status::Ok();
}

Status MemoryDatabase::LookUpObjects(std::span<ObjectLookup> wanted, ReadTier tier) {
  std::function<void()> hook;
  if (tier == ReadTier::kDisk) {
    const MutexLock lock(mutex_);
    hook = before_disk_lookup_;
    disk_lookups_ += wanted.size();
  }
  if (hook) hook();
  const MutexLock lock(mutex_);
  for (ObjectLookup& lookup : wanted) {
    lookup.value.clear();
    lookup.known = tier == ReadTier::kDisk || memory_knows_;
    if (!lookup.known) continue;
    const auto found = state_.objects.find(lookup.key);
    if (found != state_.objects.end()) lookup.value = found->second;
  }
  return Status::Ok();
}

Status MemoryDatabase::ScanObjects(
    std::string_view begin, std::string_view end,
    const std::function<ScanStep(std::string_view, std::string_view)>& visit) {
  std::vector<std::pair<std::string, std::string>> records;
  {
    const MutexLock lock(mutex_);
    for (auto record = state_.objects.lower_bound(begin);
         record != state_.objects.end() && (end.empty() || record->first < end); ++record) {
      records.emplace_back(*record);
    }
  }
  for (const auto& [key, value] : records) {
    if (visit(key, value) == ScanStep::kStop) break;
  }
  return Status::Ok();
}

Status MemoryDatabase::NewObjectFile(std::unique_ptr<ObjectFile>* file) {
  *file = std::make_unique<MemoryObjectFile>();
  return Status::Ok();
}

Status MemoryDatabase::Ingest(std::unique_ptr<ObjectFile> file) {
  const MutexLock lock(mutex_);
  static_cast<const MemoryObjectFile&>(*file).ApplyTo(&state_.objects);
  return Status::Ok();
}

uint64_t MemoryDatabase::MemoryBytes() const {
  const MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const Entry& entry : state_.journal) bytes += entry.blob->size();
  for (const auto& [name, value] : state_.meta) bytes += name.size() + value.size();
  return bytes;
}

uint64_t MemoryDatabase::ObjectFileBytes() const {
  const MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& [key, value] : state_.objects) bytes += key.size() + value.size();
  return bytes;
}

}  // namespace tally::storage
