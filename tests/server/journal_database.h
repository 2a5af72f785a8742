#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/database.h"
#include "storage/status.h"
#include "storage/ticket.h"

namespace tally::server {

/// A store of which journal and meta are used, and objects that a test puts in their place itself. A copy
/// holds what a power cut would have left.
class JournalDatabase final : public storage::Database {
 public:
  using Status = storage::Status;
  using Ticket = storage::Ticket;

  JournalDatabase() = default;
  [[nodiscard]] std::unique_ptr<JournalDatabase> CloneSynced() const {
    auto clone = std::make_unique<JournalDatabase>();
    clone->meta_ = meta_;
    clone->synced_ = synced_;
    clone->journal_.assign(journal_.begin(), journal_.begin() + static_cast<ptrdiff_t>(synced_));
    clone->objects = objects;
    return clone;
  }
  /// Called in the middle of every sync: the entries are written and could still be lost.
  std::function<void()> during_sync;
  /// Entries are not kept: for tests that count allocations, or write much.
  bool discard = false;
  /// By key. A lookup that must not go to the disk knows of them if `memory_knows`.
  std::map<std::string, std::string, std::less<>> objects;
  bool memory_knows = false;
  /// Of a key that cannot be read.
  std::string unreadable;
  size_t disk_lookups = 0;
  size_t scanned_bytes = 0;  // of ScanObjects, keys and values

  Status StartWriting() override { return Status::Ok(); }
  Status AppendJournal(Ticket last, std::string_view entry, bool sync) override {
    if (!discard) journal_.emplace_back(last, entry);
    return sync ? SyncJournal() : Status::Ok();
  }
  Status SyncJournal() override {
    const size_t written = journal_.size();
    if (during_sync) during_sync();
    synced_ = written;
    return Status::Ok();
  }
  Status ReadJournal(const std::function<Status(Ticket, std::string_view)>& visit) override {
    for (const auto& [last, entry] : journal_) {
      if (Status status = visit(last, entry); !status.ok()) return status;
    }
    return Status::Ok();
  }
  Status ReadMeta(std::string_view name, std::string* value) override {
    *value = meta_[std::string(name)];
    return Status::Ok();
  }
  Status WriteMeta(std::string_view name, std::string_view value) override {
    meta_[std::string(name)] = value;
    return Status::Ok();
  }
  Status StartNewJournalPart(Ticket*) override { return Status::Failure("no checkpoints here"); }
  Status DropOldJournalParts() override { return Status::Failure("no checkpoints here"); }
  Status LookUpObjects(std::span<storage::ObjectLookup> wanted, storage::ReadTier tier) override {
    const bool from_disk = tier == storage::ReadTier::kDisk;
    if (from_disk) disk_lookups += wanted.size();
    for (storage::ObjectLookup& lookup : wanted) {
      if (from_disk && lookup.key == unreadable) return Status::Failure("it cannot be read");
      lookup.known = from_disk || memory_knows;
      const auto found = objects.find(lookup.key);
      lookup.value = !lookup.known || found == objects.end() ? std::string() : found->second;
    }
    return Status::Ok();
  }
  Status ScanObjects(
      std::string_view begin, std::string_view end,
      const std::function<storage::ScanStep(std::string_view, std::string_view)>& visit) override {
    for (auto place = objects.lower_bound(begin);
         place != objects.end() && (end.empty() || place->first < end); ++place) {
      if (place->first == unreadable) return Status::Failure("it cannot be read");
      scanned_bytes += place->first.size() + place->second.size();
      if (visit(place->first, place->second) == storage::ScanStep::kStop) break;
    }
    return Status::Ok();
  }
  Status NewObjectFile(std::unique_ptr<storage::ObjectFile>*) override {
    return Status::Failure("no checkpoints here");
  }
  Status Ingest(std::unique_ptr<storage::ObjectFile>) override {
    return Status::Failure("no checkpoints here");
  }
  [[nodiscard]] uint64_t MemoryBytes() const override { return 0; }
  void SetCacheBytes(uint64_t) override {}
  [[nodiscard]] uint64_t ObjectFileBytes() const override { return 0; }

 private:
  std::vector<std::pair<Ticket, std::string>> journal_;
  size_t synced_ = 0;
  std::map<std::string, std::string> meta_;
};

}  // namespace tally::server
