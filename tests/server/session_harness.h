#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/read_buffer.h"
#include "server/command.h"
#include "server/executor.h"
#include "server/mailbox.h"
#include "server/operation.h"
#include "server/router.h"
#include "server/session.h"
#include "server/shard.h"
#include "server/statistics.h"
#include "server/wall_clock.h"
#include "storage/commit_log.h"
#include "storage/database.h"
#include "storage/recovery.h"
#include "tests/server/fake_services.h"

namespace tally::server {

/// A store of which only journal and meta are used. A copy holds what a power cut would have left.
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
    return clone;
  }
  /// Called in the middle of every sync: the entries are written and could still be lost.
  std::function<void()> during_sync;
  /// Entries are not kept: for tests that count allocations, or write much.
  bool discard = false;

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
  Status LookUpObjects(std::span<storage::ObjectLookup> wanted, storage::ReadTier) override {
    for (storage::ObjectLookup& lookup : wanted) {
      lookup.value.clear();
      lookup.known = true;
    }
    return Status::Ok();
  }
  Status ScanObjects(
      std::string_view, std::string_view,
      const std::function<storage::ScanStep(std::string_view, std::string_view)>&) override {
    return Status::Ok();
  }
  Status NewObjectFile(std::unique_ptr<storage::ObjectFile>*) override {
    return Status::Failure("no checkpoints here");
  }
  Status Ingest(std::unique_ptr<storage::ObjectFile>) override {
    return Status::Failure("no checkpoints here");
  }
  [[nodiscard]] uint64_t MemoryBytes() const override { return 0; }
  [[nodiscard]] uint64_t ObjectFileBytes() const override { return 0; }

 private:
  std::vector<std::pair<Ticket, std::string>> journal_;
  size_t synced_ = 0;
  std::map<std::string, std::string> meta_;
};

/// A client and its session, without a socket. What a Connection does at the end of its core's turn is
/// done by `EndTurn`.
class TestClient final : public SessionHost {
 public:
  TestClient(const SessionContext& context, uint32_t core, ClientState state)
      : core_(core), session_(new Session(context, this, std::move(state))) {}
  ~TestClient() override { Disconnect(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  /// Bytes arrive, in the middle of the core's turn.
  void Send(std::string_view bytes) {
    if (bytes.empty()) return;
    const std::span<char> tail = in_.Prepare(bytes.size());
    std::memcpy(tail.data(), bytes.data(), bytes.size());
    in_.Commit(bytes.size());
    Pump();
  }
  // As the core calls them; true when there was something to do.
  bool Pump() {
    input_due_ = false;
    if (disconnected_ || in_.unread().empty() || !session_->AcceptsInput(0)) return false;
    session_->OnInput(&in_);
    return true;
  }
  bool PumpIfDue() { return input_due_ && Pump(); }
  bool FlushIfDue() {
    if (!std::exchange(output_due_, false) || disconnected_) return false;
    if (withhold_output) return false;
    const size_t before = received_.size();
    session_->TakeOutput(&received_);
    input_due_ = input_due_ || !in_.unread().empty();
    return received_.size() > before;
  }
  /// The connection is gone, as after CLIENT KILL or a reset.
  void Disconnect() {
    disconnected_ = true;
    if (session_) session_->Detach();
  }
  /// Whether anybody but the connection still needs the session.
  [[nodiscard]] bool SessionIsHeldElsewhere() const { return session_->use_count() > 1; }

  /// What was received since the last call.
  [[nodiscard]] std::string Take() { return std::exchange(received_, {}); }
  [[nodiscard]] size_t unread() const { return in_.unread().size(); }
  [[nodiscard]] Session& session() { return *session_; }
  [[nodiscard]] uint32_t core() const { return core_; }

  /// The client does not read: replies stay with the session.
  bool withhold_output = false;

  void OnOutput() override {
    EXPECT_FALSE(disconnected_) << "the session calls a connection that is gone";
    output_due_ = true;
  }
  void OnReadyForInput() override {
    EXPECT_FALSE(disconnected_) << "the session calls a connection that is gone";
    input_due_ = true;
  }

 private:
  const uint32_t core_;
  boost::intrusive_ptr<Session> session_;
  protocol::ReadBuffer in_;
  std::string received_;
  bool output_due_ = false;
  bool input_due_ = false;
  bool disconnected_ = false;
};

/// Several cores on the test's own thread. Nothing happens by itself: the test says which core takes its
/// next turn, and when a commit is made, so every interleaving can be had, and had again.
class SessionHarness {
 public:
  static constexpr int64_t kNowMs = 1'700'000'000'000;

  explicit SessionHarness(
      uint32_t shards, std::unique_ptr<JournalDatabase> disk = std::make_unique<JournalDatabase>())
      : database(std::move(disk)), shard_map_(shards), mailboxes_(shards) {
    ++alive_;
    WallClock::SetForTest(kNowMs);
    for (uint32_t i = 0; i < shards; ++i) {
      cores_.push_back(std::make_unique<Core>(i, shard_map_, &services));
      shards_.push_back(&cores_.back()->shard);
    }
    std::vector<storage::Keyspace*> keyspaces;
    for (Shard* shard : shards_) keyspaces.push_back(&shard->keyspace());
    const storage::Status status =
        storage::Recover(database.get(), keyspaces, storage::kNoTicket, &recovered_);
    EXPECT_TRUE(status.ok()) << status.message();
    log_ = std::make_unique<storage::CommitLog>(database.get(), recovered_.last,
                                                storage::Durability::kSynced,
                                                storage::CommitLog::Callbacks{});
    for (uint32_t i = 0; i < shards; ++i) {
      Core& core = *cores_[i];
      core.shard.Attach(log_.get());
      core.router =
          std::make_unique<Router>(i, &shard_map_, recovered_.seed, &shards_, &mailboxes_);
      core.context.router = core.router.get();
      core.context.executor = &core.executor;
      core.context.config = &services.config();
      core.context.pause = &pause;
      core.context.writes_refused = &writes_refused;
      core.context.paused = &core.paused;
    }
  }
  /// What is under way comes home first, so that a leak checker sees who was forgotten.
  ~SessionHarness() {
    database->during_sync = nullptr;
    for (const auto& client : clients_) client->Disconnect();
    pause.until_ms = 0;
    ResumePaused();
    Run();
    for (const auto& client : clients_) {
      EXPECT_FALSE(client->SessionIsHeldElsewhere()) << "a session that nobody lets go of";
    }
    if (--alive_ == 0) WallClock::SetForTest(0);
  }
  SessionHarness(const SessionHarness&) = delete;
  SessionHarness& operator=(const SessionHarness&) = delete;

  TestClient& Connect(uint32_t core = 0, ClientState state = {}) {
    clients_.push_back(std::make_unique<TestClient>(cores_[core]->context, core, std::move(state)));
    return *clients_.back();
  }

  /// A turn as a core takes it, but for the commit. True when there was anything to do.
  bool Turn(uint32_t core) {
    Shard& shard = *shards_[core];
    bool did = mailboxes_.of(core).DeliverAll() > 0;
    for (const auto& client : clients_) {
      if (client->core() == core) did |= client->PumpIfDue();
    }
    if (!shard.occupied()) {
      did |= shard.keyspace().has_changes();
      shard.CloseTurn();
    }
    did |= shard.gate().Release(log_->durable()) > 0;
    for (const auto& client : clients_) {
      if (client->core() == core) did |= client->FlushIfDue();
    }
    return did;
  }
  /// Turns of all cores until nothing is left to do but to commit.
  void Settle() {
    bool did = true;
    while (did) {
      did = false;
      for (uint32_t core = 0; core < shards_.size(); ++core) did |= Turn(core);
    }
  }
  /// Makes what was appended durable. False when nothing waited.
  bool Commit() { return log_->LeadCommit(); }
  /// Until everything is done and told.
  void Run() {
    do {
      Settle();
    } while (Commit());
  }
  /// One step of somebody, somewhere.
  void RandomStep(std::mt19937_64* random) {
    const uint64_t which = (*random)() % (shards_.size() + 1);
    if (which == shards_.size()) {
      Commit();
    } else {
      Turn(static_cast<uint32_t>(which));
    }
  }
  /// Sends, lets everything happen, and gives what was received.
  std::string Ask(TestClient& client, std::string_view request) {
    client.Send(request);
    Run();
    return client.Take();
  }
  void ResumePaused() {
    for (const auto& core : cores_) {
      for (const auto& session : std::exchange(core->paused, {})) session->Resume();
    }
  }

  /// A name that lives on the shard.
  [[nodiscard]] std::string KeyOn(uint32_t shard, int number = 0) const {
    for (int i = 0;; ++i) {
      const std::string name = "k" + std::to_string(i);
      if (shard_map_.ShardOf(storage::SlotOf(name)) == shard && number-- == 0) return name;
    }
  }
  /// The same data after a power cut at this moment.
  [[nodiscard]] std::unique_ptr<SessionHarness> AfterPowerCut() const {
    return std::make_unique<SessionHarness>(static_cast<uint32_t>(shards_.size()),
                                            database->CloneSynced());
  }
  [[nodiscard]] Shard& shard(uint32_t core) { return *shards_[core]; }
  [[nodiscard]] const std::vector<Shard*>& shards() const { return shards_; }
  [[nodiscard]] const ShardMap& shard_map() const { return shard_map_; }
  [[nodiscard]] Executor& executor(uint32_t core) { return cores_[core]->executor; }
  [[nodiscard]] Mailboxes& mailboxes() { return mailboxes_; }
  [[nodiscard]] storage::CommitLog& log() { return *log_; }

  FakeServices services;
  PauseState pause;
  std::atomic<bool> writes_refused{false};
  std::unique_ptr<JournalDatabase> database;

 private:
  struct Core {
    Core(uint32_t number, const ShardMap& shard_map, Services* services)
        : statistics(CommandCount()),
          executor(&shard_map, services, &statistics),
          shard(number, shard_map, services->config().databases, &executor) {}

    CoreStatistics statistics;
    Executor executor;
    Shard shard;
    std::unique_ptr<Router> router;
    std::vector<boost::intrusive_ptr<Session>> paused;
    SessionContext context;
  };

  inline static int alive_ = 0;
  const ShardMap shard_map_;
  storage::Recovered recovered_;
  Mailboxes mailboxes_;
  std::unique_ptr<storage::CommitLog> log_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::vector<Shard*> shards_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

/// A request as clients send it.
[[nodiscard]] inline std::string Encode(std::initializer_list<std::string_view> args) {
  std::string bytes = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string_view arg : args) {
    bytes += "$" + std::to_string(arg.size()) + "\r\n";
    bytes += arg;
    bytes += "\r\n";
  }
  return bytes;
}

/// `text` as a bulk reply.
[[nodiscard]] inline std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

}  // namespace tally::server
