#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/announcer.h"
#include "server/config.h"
#include "server/disk_space_watch.h"
#include "server/doors.h"
#include "server/exchange.h"
#include "server/housekeeping.h"
#include "server/mailbox.h"
#include "server/operation.h"
#include "server/rate_sampler.h"
#include "server/server_acceptor.h"
#include "server/services.h"
#include "server/session.h"
#include "server/statistics.h"
#include "server/tracking_registry.h"
#include "storage/checkpoint.h"
#include "storage/commit_log.h"
#include "storage/database.h"
#include "storage/high_water.h"
#include "storage/recovery.h"
#include "storage/status.h"

namespace tally::server {

class Core;
class Executor;
class Residency;
class Shard;
class WalkLine;

/// The whole server on top of an open database: recovers, serves, stops.
///
/// Use: construct, `Start`, and when it is time `Stop`, all on one thread. Several servers can live in
/// one process, each on a database of its own.
class Server final : public Services, private storage::ShardAccess {
 public:
  struct Options {
    Config* config = nullptr;  ///< outlives the server
    ServerFacts facts;
    /// The recovered journal has to reach it.
    storage::Ticket high_water = storage::kNoTicket;
    /// Where the highest synced ticket is noted once a second; empty: nowhere (tests without a disk).
    std::string high_water_path;
    /// The data is accepted, and nobody is served yet: called in Start.
    std::function<void()> on_recovered;
    /// A commit failed: called on the thread that noticed. Nothing is acknowledged from then on; the
    /// process is expected to end.
    std::function<void(const std::string& message)> on_fatal;
    /// SHUTDOWN was accepted; whoever owns the server shall call Stop(save). Any thread.
    std::function<void(bool save)> on_shutdown;
    /// Free bytes below which writes are refused; they are taken again from twice as many on. On a
    /// small volume its sixteenth part counts instead.
    uint64_t low_disk_bytes = uint64_t{64} << 20;
  };

  /// `database` outlives the server.
  Server(storage::Database* database, Options options);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Recovers, listens at the doors, and serves. Not ok: the message says why, and nothing runs.
  storage::Status Start(Doors doors);
  /// Ends serving: requests already taken are carried out and answered (for at most `kDrainLimitMs`), the
  /// journal is synced, with `save` a checkpoint is made, connections close.
  void Stop(bool save);

  static constexpr int64_t kDrainLimitMs = 5000;

  /// The port of the first door for Redis (of interest when the configuration says 0); 0: there is none on TCP.
  [[nodiscard]] uint16_t port() const;
  /// The same of HTTP; 0: it is not served.
  [[nodiscard]] uint16_t http_port() const;
  [[nodiscard]] const storage::Recovered& recovered() const { return recovered_; }
  /// Objects in all databases once the journal was replayed.
  [[nodiscard]] uint64_t objects_at_start() const { return recovered_.objects; }
  [[nodiscard]] storage::CommitLog& log() { return *log_; }

  // Services.
  Config& config() override { return *options_.config; }
  const ServerFacts& facts() const override { return options_.facts; }
  const std::vector<const CoreStatistics*>& statistics() const override { return statistics_view_; }
  void ResetStatistics(const Command& command, uint64_t start_cycles,
                       std::function<void()> done) override;
  uint64_t rejected_connections() const override;
  const RateSampler& rates() const override { return rates_; }
  const SubscriptionDirectory& subscriptions() const override { return exchange_->directory(); }
  TrackingRegistry& tracking() override { return *tracking_; }
  void VisitClients(std::function<ClientAction(ClientState&)> visit,
                    std::function<void()> done) override;
  void PauseClients(int64_t until_ms, bool writes_only) override;
  void UnpauseClients() override;
  [[nodiscard]] bool are_writes_paused() const override { return pause_.IsActive(); }
  void Walk(std::unique_ptr<WalkVisitor> visitor, int database, storage::SlotPosition from,
            size_t wanted) override;
  bool StartCheckpoint(std::function<void(bool ok, std::string error)> done) override;
  bool ReloadObjects(std::function<void(bool ok, std::string error)> done) override;
  CheckpointInfo checkpoint_info() const override;
  CommitInfo commit_info() const override;
  ResidencyInfo residency_info() const override;
  bool are_writes_refused() const override { return disk_space_.writes_refused(); }
  std::vector<storage::StoreFigure> store_figures() const override;
  void WaitUntilSynced(storage::Ticket ticket, int64_t timeout_ms, std::function<void(bool)> done,
                       std::function<bool()> abandoned) override;
  void Shutdown(bool save) override;
  Monitors& monitors() override { return monitors_; }
  AclLog& acl_log() override { return acl_log_; }
  SlowWatch& slow_watch() override { return slow_watch_; }
  void RunAside(std::function<void()> work) override { housekeeping_.RunAside(std::move(work)); }
  void ApplyConfig() override;
  std::string ReloadTls() override;

 private:
  // ShardAccess.
  uint32_t shards() const override { return shard_map_.shards(); }
  bool RunOnShard(uint32_t shard, const std::function<void(storage::Keyspace&)>& visit) override;

  void VisitClientsFrom(uint32_t core,
                        const std::shared_ptr<std::function<ClientAction(ClientState&)>>& visit,
                        const std::function<void()>& done);
  void MakeShards();
  storage::Status Recover();
  [[nodiscard]] uint16_t PortOf(ClientDoor door) const;
  void MakeCores();
  std::vector<Core*> Cores() const;
  void RunThreads();
  void Drain();
  void CarryOutTheRest();
  void KeepHouse(int64_t round);
  void ReportCheckpointFailure();
  void LookAtSavePoints();
  void OnEachCore(const std::function<void(Core&)>& call);

  storage::Database* const database_;
  const Options options_;
  const ShardMap shard_map_;
  storage::Recovered recovered_;
  PauseState pause_;
  std::mutex apply_config_mutex_;
  std::mutex pause_mutex_;  // PauseClients reads and prolongs
  std::atomic<bool> reloading_{false};
  DiskSpaceWatch disk_space_;
  RateSampler rates_;
  SlowWatch slow_watch_;
  Monitors monitors_;
  AclLog acl_log_;

  std::vector<std::unique_ptr<CoreStatistics>> statistics_;
  std::vector<const CoreStatistics*> statistics_view_;
  std::unique_ptr<Mailboxes> mailboxes_;
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<TrackingRegistry> tracking_;
  std::vector<std::unique_ptr<Executor>> executors_;
  std::vector<std::unique_ptr<Shard>> shards_owned_;
  std::vector<Shard*> shards_;
  std::unique_ptr<Residency> residency_;  // its loader has to outlive the cores
  std::unique_ptr<WalkLine> walk_line_;
  std::unique_ptr<storage::CommitLog> log_;
  std::unique_ptr<Announcer> announcer_;
  std::vector<std::unique_ptr<Core>> cores_;
  Acceptor::ClientIds client_ids_;
  Acceptor::Tls tls_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;  // one for each door
  std::unique_ptr<storage::Checkpointer> checkpointer_;
  std::unique_ptr<storage::HighWaterKeeper> high_water_keeper_;
  std::vector<std::thread> threads_;

  Housekeeping housekeeping_;
  std::string reported_failure_;  // of a checkpoint
  bool running_ = false;
};

}  // namespace tally::server
