#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/read_buffer.h"
#include "server/announcer.h"
#include "server/command.h"
#include "server/executor.h"
#include "server/mailbox.h"
#include "server/operation.h"
#include "server/router.h"
#include "server/session.h"
#include "server/shard.h"
#include "server/statistics.h"
#include "server/walk_line.h"
#include "server/wall_clock.h"
#include "storage/commit_log.h"
#include "storage/database.h"
#include "storage/object_codec.h"
#include "storage/recovery.h"
#include "tests/server/fake_loader.h"
#include "tests/server/fake_services.h"
#include "tests/server/journal_database.h"

namespace tally::server {

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
    if (disconnected_ || in_.unread().empty() || !session_->AcceptsInput()) return false;
    session_->OnInput(&in_);
    return true;
  }
  bool PumpIfDue() { return input_due_ && Pump(); }
  bool FlushIfDue() {
    if (!std::exchange(output_due_, false) || disconnected_) return false;
    if (withhold_output) return false;
    const size_t before = received_.size();
    session_->TakeOutput(&received_);
    session_->OnWritten(received_.size() - before);
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
      uint32_t shards, std::unique_ptr<JournalDatabase> disk = std::make_unique<JournalDatabase>(),
      int databases = Config().databases);
  /// What is under way comes home first, so that a leak checker sees who was forgotten.
  ~SessionHarness();
  SessionHarness(const SessionHarness&) = delete;
  SessionHarness& operator=(const SessionHarness&) = delete;

  TestClient& Connect(uint32_t core = 0, ClientState state = {}) {
    clients_.push_back(std::make_unique<TestClient>(cores_[core]->context, core, std::move(state)));
    return *clients_.back();
  }

  /// Sessions of that core that something is under way for.
  [[nodiscard]] size_t SessionsAtWork(uint32_t core) const {
    return cores_[core]->sessions_at_work;
  }

  /// A turn as a core takes it, but for the commit. True when there was anything to do.
  bool Turn(uint32_t core);
  /// Turns of all cores until nothing is left to do but to commit.
  void Settle();
  /// Makes what was appended durable. False when nothing waited.
  bool Commit() { return log_->LeadCommit(); }
  /// Until everything is done and told.
  void Run();
  /// The oldest read that was asked for is done and comes home. False when none was.
  bool Load() {
    if (loader_.tasks() == 0) return false;
    loader_.Deliver(0);
    return true;
  }
  /// One step of somebody, somewhere.
  void RandomStep(std::mt19937_64* random);
  /// Sends, lets everything happen, and gives what was received.
  std::string Ask(TestClient& client, std::string_view request) {
    client.Send(request);
    Run();
    return client.Take();
  }
  /// Carries everything that is durable to its place, as a checkpoint does. Between two turns.
  void Checkpoint();
  /// Every object that is clean and that nobody waits for leaves memory. Between two turns.
  void EvictAll() {
    for (Shard* shard : shards_) {
      if (!shard->occupied()) shard->keyspace().EvictAll();
    }
  }
  /// Everything that was asked for is done; then all is on the disk, and nothing in memory.
  void MakeCold();
  void ResumePaused() {
    for (const auto& core : cores_) {
      for (const auto& session : std::exchange(core->paused, {})) session->Resume();
    }
  }

  /// A name that lives on the shard.
  [[nodiscard]] std::string KeyOn(uint32_t shard, int number = 0) const;
  /// The same data after a power cut at this moment.
  [[nodiscard]] std::unique_ptr<SessionHarness> AfterPowerCut() const;
  [[nodiscard]] Shard& shard(uint32_t core) { return *shards_[core]; }
  [[nodiscard]] const std::vector<Shard*>& shards() const { return shards_; }
  [[nodiscard]] const ShardMap& shard_map() const { return shard_map_; }
  [[nodiscard]] ReplyBudget& reply_budget(uint32_t core) { return cores_[core]->reply_budget; }
  [[nodiscard]] Executor& executor(uint32_t core) { return cores_[core]->executor; }
  [[nodiscard]] Mailboxes& mailboxes() { return mailboxes_; }
  [[nodiscard]] TrackingRegistry& tracking() { return tracking_; }
  [[nodiscard]] storage::CommitLog& log() { return *log_; }
  [[nodiscard]] FakeLoader& loader() { return loader_; }
  [[nodiscard]] storage::Key KeyOf(std::string_view name) const {
    return storage::MakeKey(recovered_.seed, name);
  }
  /// The name's key on the disk.
  [[nodiscard]] std::string DiskKeyOf(std::string_view name, uint8_t number = 0) const {
    std::string key;
    storage::AppendObjectKey(&key, number, KeyOf(name));
    return key;
  }

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
    ReplyBudget reply_budget;
    size_t sessions_at_work = 0;
    SessionContext context;
  };

  void CheckpointShard(storage::Keyspace* keyspace);

  inline static int alive_ = 0;
  const ShardMap shard_map_;
  storage::Recovered recovered_;
  Mailboxes mailboxes_;
  Exchange exchange_;
  TrackingRegistry tracking_;
  FakeLoader loader_;
  std::unique_ptr<storage::CommitLog> log_;
  std::unique_ptr<Announcer> announcer_;
  storage::Ticket floor_ = storage::kNoTicket;
  std::atomic<int64_t> clock_us_ = 0;
  std::vector<std::unique_ptr<Core>> cores_;
  std::vector<Shard*> shards_;
  WalkLine walk_line_{{&mailboxes_, &shards_, &shard_map_}};
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
