#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "storage/checkpoint.h"
#include "storage/commit_log.h"
#include "storage/database.h"
#include "storage/keyspace.h"
#include "storage/recovery.h"
#include "storage/status.h"

namespace tally::storage {

/// What objects hold, as text: database and name → value.
using WorldState = std::map<std::pair<int, std::string>, std::string>;

/// The part of a server that recovery and checkpoints see: shards with their objects and a CommitLog,
/// without threads, sockets or commands; and a model of what ought to be there.
///
/// It serves turns of random writes and remembers the state as of every ticket, across crashes: so
/// whatever a crash leaves can be compared with the history.
class ShardWorld : public ShardAccess {
 public:
  static constexpr int kDatabases = 3;

  ShardWorld(uint32_t shards, uint64_t seed) : next_shards_(shards), random_(seed) {}
  ~ShardWorld() override { Stop(); }

  /// Recovers from the database and begins to serve. After a failure it does not serve.
  Status Start(Database* database, Durability durability, Ticket high_water = kNoTicket);
  /// Ends as a crash does: what waits is not committed. (The database must be dead, or cloned: the log
  /// syncs at its end.)
  void Stop();

  /// Time passes. Then one turn of one shard, or of all, with some random writes; now and then a flush, an exchange
  /// of two databases, or a search for what has expired. Committed, if there is anybody to lead.
  void RandomTurn(int max_operations = 5);
  /// From now on no time passes, so nothing expires, and what is counted is what is alive.
  void HoldTime() { time_passes_ = false; }
  void Put(int database, const std::string& name, const std::string& value);
  void Flush(int database);
  void Swap(int a, int b);
  /// Ends a turn that Put and Flush have filled, on all shards.
  Ticket EndTurn();
  /// The same, but leaves the commit to somebody else.
  Ticket AppendTurn();
  /// The same without holding up the other turns and visits while it commits; `appended` is called
  /// in between.
  Ticket EndTurnAlone(const std::function<void(Ticket)>& appended);

  [[nodiscard]] WorldState State();
  /// The state as of a ticket, without what has expired since.
  [[nodiscard]] WorldState StateAt(Ticket ticket) const;
  [[nodiscard]] const Recovered& recovered() const { return recovered_; }
  [[nodiscard]] CommitLog* log() { return log_.get(); }
  [[nodiscard]] Keyspace* keyspace(uint32_t shard) { return keyspaces_[shard].get(); }
  /// Every object that is clean leaves memory.
  void EvictAll();
  /// Tombstones and live objects in memory.
  [[nodiscard]] size_t CountDirty(Ticket floor);

  /// Called before each visit, as what goes on between a checkpoint's steps.
  void set_between_visits(std::function<void()> hook) { between_visits_ = std::move(hook); }
  /// The next Start is one with so many.
  void set_shards(uint32_t shards) { next_shards_ = shards; }
  /// Not running: visits fail.
  void set_running(bool running) { running_ = running; }
  [[nodiscard]] uint32_t shards() const override { return shards_; }
  bool RunOnShard(uint32_t shard, const std::function<void(Keyspace&)>& visit) override;

  /// Runs one checkpoint of `database` to its end.
  Status Checkpoint(Database* database);

 private:
  [[nodiscard]] Key KeyOf(const std::string& name) const;
  [[nodiscard]] int Stored(int database) const { return keyspaces_[0]->map().StoredOf(database); }
  [[nodiscard]] Keyspace* Owner(const Key& key);
  /// The keyspace, when it knows the key: what is cold is read first, as a shard does it.
  [[nodiscard]] Keyspace* OwnerThatKnows(int stored, const Key& key);
  void RandomWrite();
  [[nodiscard]] int64_t RandomExpiry();
  /// As a core does in the background.
  void ExpireSome();

  uint32_t next_shards_;
  uint32_t shards_ = 0;
  std::mt19937_64 random_;
  std::recursive_mutex mutex_;  // the shards' "thread"
  std::vector<std::unique_ptr<Keyspace>> keyspaces_;
  std::unique_ptr<CommitLog> log_;
  Database* database_ = nullptr;
  Recovered recovered_;
  Ticket floor_ = kNoTicket;
  WorldState now_;
  std::map<Ticket, WorldState> history_ = {{kNoTicket, {}}};
  std::function<void()> between_visits_;
  bool running_ = true;
  bool time_passes_ = true;
  int64_t now_ms_ = 1'000'000;  // passes with every turn, and by crashes it does not go back
};

}  // namespace tally::storage
