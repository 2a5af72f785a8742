#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "storage/database.h"
#include "storage/status.h"

namespace tally::storage {

/// Passes calls on to another Database and fails some, or lets something happen before or after one: the
/// way to see every place where a caller must cope. Calls of its object files count, too. Threads: any.
class FaultyDatabase : public Database {
 public:
  enum class When { kInsteadOfTheCall, kAfterTheCall };  // of a hook: before it, after it
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

  explicit FaultyDatabase(Database* database) : database_(database) {}

  /// The nth call from now fails (1 is the next), once or, as if the process were dead, all later ones.
  void FailNth(uint64_t n, When when, bool for_good) {
    when_ = when;
    for_good_ = for_good;
    failed_ = false;
    calls_left_ = n;
  }
  /// Around the nth call from now (1 is the next), which goes through as all do, `hook` is called, once.
  void HookNth(uint64_t n, When when, std::function<void()> hook) {
    hook_when_ = when;
    hook_ = std::move(hook);
    calls_to_hook_ = n;
  }
  /// All calls since it was made.
  [[nodiscard]] uint64_t calls() const { return calls_; }
  /// Whether a call has failed since FailNth.
  [[nodiscard]] bool failed() const { return failed_; }

  Status StartWriting() override {
    return Call([&] { return database_->StartWriting(); });
  }
  Status AppendJournal(Ticket last, std::string_view entry, bool sync) override {
    return Call([&] { return database_->AppendJournal(last, entry, sync); });
  }
  Status SyncJournal() override {
    return Call([&] { return database_->SyncJournal(); });
  }
  Status StartNewJournalPart(Ticket* cut) override {
    return Call([&] { return database_->StartNewJournalPart(cut); });
  }
  Status DropOldJournalParts() override {
    return Call([&] { return database_->DropOldJournalParts(); });
  }
  Status ReadJournal(const std::function<Status(Ticket, std::string_view)>& visit) override {
    return Call([&] { return database_->ReadJournal(visit); });
  }
  Status ReadMeta(std::string_view name, std::string* value) override {
    return Call([&] { return database_->ReadMeta(name, value); });
  }
  Status WriteMeta(std::string_view name, std::string_view value) override {
    return Call([&] { return database_->WriteMeta(name, value); });
  }
  Status LookUpObjects(std::span<ObjectLookup> wanted, ReadTier tier) override {
    return Call([&] { return database_->LookUpObjects(wanted, tier); });
  }
  Status ScanObjects(
      std::string_view begin, std::string_view end,
      const std::function<ScanStep(std::string_view, std::string_view)>& visit) override {
    return Call([&] { return database_->ScanObjects(begin, end, visit); });
  }
  Status NewObjectFile(std::unique_ptr<ObjectFile>* file) override {
    std::unique_ptr<ObjectFile> inner;
    Status status = Call([&] { return database_->NewObjectFile(&inner); });
    if (status.ok()) *file = std::make_unique<File>(this, std::move(inner));
    return status;
  }
  Status Ingest(std::unique_ptr<ObjectFile> file) override {
    std::unique_ptr<ObjectFile> inner = static_cast<File&>(*file).TakeInner();
    return Call([&] { return database_->Ingest(std::move(inner)); });
  }
  [[nodiscard]] uint64_t MemoryBytes() const override { return database_->MemoryBytes(); }
  void SetCacheBytes(uint64_t bytes) override { database_->SetCacheBytes(bytes); }
  [[nodiscard]] uint64_t ObjectFileBytes() const override { return database_->ObjectFileBytes(); }

 private:
  class File : public ObjectFile {
   public:
    File(FaultyDatabase* database, std::unique_ptr<ObjectFile> inner)
        : database_(database), inner_(std::move(inner)) {}
    Status Put(std::string_view key, std::string_view value) override {
      return database_->Call([&] { return inner_->Put(key, value); });
    }
    Status Delete(std::string_view key) override {
      return database_->Call([&] { return inner_->Delete(key); });
    }
    Status DeleteRange(std::string_view begin, std::string_view end) override {
      return database_->Call([&] { return inner_->DeleteRange(begin, end); });
    }
    Status Finish() override {
      return database_->Call([&] { return inner_->Finish(); });
    }
    [[nodiscard]] uint64_t entries() const override { return inner_->entries(); }
    std::unique_ptr<ObjectFile> TakeInner() { return std::move(inner_); }

   private:
    FaultyDatabase* const database_;
    std::unique_ptr<ObjectFile> inner_;
  };

  bool IsToFail() {
    if (failed_) return for_good_;
    if (calls_left_ == kNever || --calls_left_ > 0) return false;
    calls_left_ = kNever;
    failed_ = true;
    return true;
  }

  template <typename Function>
  Status Call(const Function& call) {
    ++calls_;
    const bool hooked = calls_to_hook_ != kNever && --calls_to_hook_ == 0;
    if (hooked && hook_when_ == When::kInsteadOfTheCall) hook_();
    Status status = CallOrFail(call);
    if (hooked && hook_when_ == When::kAfterTheCall) hook_();
    return status;
  }

  template <typename Function>
  Status CallOrFail(const Function& call) {
    const bool dead = failed_ && for_good_;
    const bool fails = IsToFail();
    if (!fails) return call();
    if (!dead && when_ == When::kAfterTheCall) {
      Status status = call();
      if (!status.ok()) return status;
    }
    return Status::Failure("faulty database: injected failure");
  }

  Database* const database_;
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> calls_left_{kNever};
  std::atomic<bool> failed_{false};
  std::atomic<bool> for_good_{false};
  std::atomic<When> when_{When::kInsteadOfTheCall};
  std::atomic<uint64_t> calls_to_hook_{kNever};
  When hook_when_ = When::kInsteadOfTheCall;
  std::function<void()> hook_;
};

}  // namespace tally::storage
