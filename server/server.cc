#include "server/server.h"

#include <chrono>
#include <future>
#include <utility>

#include <spdlog/spdlog.h>

#include "server/core.h"
#include "server/descriptor_limit.h"
#include "server/keyspace_walk.h"
#include "server/log_setup.h"
#include "server/memory_usage.h"
#include "server/monotonic_clock.h"
#include "server/residency.h"
#include "server/save_points.h"
#include "server/shard.h"
#include "server/shard_visit.h"
#include "server/walk_line.h"
#include "server/wall_clock.h"

namespace tally::server {

namespace {

using storage::Durability;
using storage::Status;

Durability DurabilityOf(FsyncPolicy policy) {
  switch (policy) {
    case FsyncPolicy::kAlways:
      return Durability::kSynced;
    case FsyncPolicy::kEverySecond:
      return Durability::kSyncedEachSecond;
    case FsyncPolicy::kNo:
      return Durability::kWritten;
  }
  return Durability::kSynced;
}

}  // namespace

Server::Server(storage::Database* database, Options options)
    : database_(database),
      options_(std::move(options)),
      shard_map_(static_cast<uint32_t>(options_.config->threads)),
      disk_space_(options_.facts.data_directory, options_.low_disk_bytes),
      housekeeping_(std::chrono::milliseconds(RateSampler::kIntervalMs),
                    [this](int64_t round) { KeepHouse(round); }) {
  slow_watch_.Configure(*options_.config);
}

Server::~Server() {
  if (running_) Stop(false);
}

Status Server::Start(Doors doors) {
  MakeShards();
  if (Status status = Recover(); !status.ok()) return status;
  if (options_.on_recovered) options_.on_recovered();
  MakeCores();
  if (std::string problem = ReloadTls(); !problem.empty()) return Status::Failure(problem);
  for (Door& door : doors) {
    acceptors_.push_back(
        std::make_unique<Acceptor>(options_.config, Cores(), door.speaks, &client_ids_, &tls_));
    if (Status status = acceptors_.back()->Listen(std::move(door.socket)); !status.ok()) {
      return status;
    }
  }
  options_.config->port = port();  // 0 had meant: any
  disk_space_.Check();
  RunThreads();
  return Status::Ok();
}

void Server::MakeShards() {
  const uint32_t count = shard_map_.shards();
  mailboxes_ = std::make_unique<Mailboxes>(count);
  exchange_ = std::make_unique<Exchange>(mailboxes_.get());
  tracking_ = std::make_unique<TrackingRegistry>(mailboxes_.get());
  tracking_->totals().max_keys = options_.config->tracking_table_max_keys.load();
  for (uint32_t i = 0; i < count; ++i) {
    statistics_.push_back(std::make_unique<CoreStatistics>(CommandCount()));
    statistics_view_.push_back(statistics_.back().get());
    executors_.push_back(std::make_unique<Executor>(&shard_map_, this, statistics_.back().get()));
    shards_owned_.push_back(std::make_unique<Shard>(i, shard_map_, options_.config->databases,
                                                    executors_.back().get()));
    shards_.push_back(shards_owned_.back().get());
  }
}

Status Server::Recover() {
  std::vector<storage::Keyspace*> keyspaces;
  for (Shard* shard : shards_) keyspaces.push_back(&shard->keyspace());
  return storage::Recover(database_, keyspaces, options_.high_water, &recovered_);
}

void Server::MakeCores() {
  storage::CommitLog::Callbacks callbacks;
  callbacks.on_durable = [this] {
    for (const std::unique_ptr<Core>& core : cores_) core->OnDurable();
  };
  callbacks.on_failure = [this](const std::string& message) {
    if (options_.on_fatal) options_.on_fatal(message);
  };
  log_ = std::make_unique<storage::CommitLog>(database_, recovered_.last,
                                              DurabilityOf(options_.config->appendfsync.load()),
                                              std::move(callbacks));
  announcer_ = std::make_unique<Announcer>(mailboxes_.get(), exchange_.get(), &shards_[0]->gate(),
                                           log_.get());
  CoreEnvironment environment;
  environment.config = options_.config;
  environment.services = this;
  environment.shard_map = &shard_map_;
  environment.seed = recovered_.seed;
  environment.log = log_.get();
  environment.mailboxes = mailboxes_.get();
  environment.exchange = exchange_.get();
  environment.tracking = tracking_.get();
  environment.shards = &shards_;
  environment.pause = &pause_;
  environment.writes_refused = &disk_space_.writes_refused();
  residency_ = std::make_unique<Residency>(database_, options_.config, mailboxes_.get(), &shards_,
                                           &statistics_view_);
  walk_line_ =
      std::make_unique<WalkLine>(KeyspaceWalk::Route{mailboxes_.get(), &shards_, &shard_map_});
  for (uint32_t i = 0; i < shard_map_.shards(); ++i) {
    shards_[i]->Attach(log_.get(), database_, residency_->loader());
    shards_[i]->set_announcer(announcer_.get());
    shards_[i]->memory().set_on_pressure([this] { checkpointer_->Suggest(); });
    shards_[i]->set_on_flushed_on_disk([this] { checkpointer_->SuggestForSpace(); });
    cores_.push_back(std::make_unique<Core>(i, environment, shards_[i], executors_[i].get(),
                                            statistics_[i].get()));
  }
}

std::vector<Core*> Server::Cores() const {
  std::vector<Core*> cores;
  for (const std::unique_ptr<Core>& core : cores_) cores.push_back(core.get());
  return cores;
}

void Server::RunThreads() {
  // First what commands reach through Services; then the threads that run commands.
  checkpointer_ = std::make_unique<storage::Checkpointer>(
      database_, log_.get(), static_cast<storage::ShardAccess*>(this), recovered_.floor,
      recovered_.journal_bytes, options_.config->journal_limit_bytes);
  if (!options_.high_water_path.empty()) {
    high_water_keeper_ = std::make_unique<storage::HighWaterKeeper>(
        options_.high_water_path, options_.high_water, [this] { return log_->synced(); },
        [](const std::string& message) { spdlog::warn("{}", message); });
  }
  residency_->ShareMemory();
  residency_->WarmUp();
  for (const std::unique_ptr<Acceptor>& acceptor : acceptors_) acceptor->Start();
  for (const std::unique_ptr<Core>& core : cores_) {
    threads_.emplace_back([raw = core.get()] { raw->Run(); });
  }
  housekeeping_.Start();
  running_ = true;
}

uint16_t Server::PortOf(ClientDoor door) const {
  for (const std::unique_ptr<Acceptor>& acceptor : acceptors_) {
    if (acceptor->door() == door && acceptor->port() != 0) return acceptor->port();
  }
  return 0;
}

uint16_t Server::port() const { return PortOf(ClientDoor::kRedis); }

uint16_t Server::http_port() const { return PortOf(ClientDoor::kHttp); }

// Runs `call` on every core's thread and returns when all have run it.
void Server::OnEachCore(const std::function<void(Core&)>& call) {
  std::vector<std::promise<void>> done(cores_.size());
  for (size_t i = 0; i < cores_.size(); ++i) {
    Core* const core = cores_[i].get();
    std::promise<void>* const promise = &done[i];
    mailboxes_->Call(core->number(), [&call, core, promise] {
      call(*core);
      promise->set_value();
    });
  }
  for (std::promise<void>& promise : done) promise.get_future().wait();
}

void Server::Drain() {
  OnEachCore([this](Core& core) {
    if (core.number() == 0) {
      for (const std::unique_ptr<Acceptor>& acceptor : acceptors_) acceptor->Close();
    }
    core.StopInput();
  });
  UnpauseClients();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kDrainLimitMs);
  constexpr std::chrono::milliseconds kPollInterval{2};
  while (std::chrono::steady_clock::now() < deadline) {
    log_->CancelHopelessWaiters();  // again and again: one may just have been under way to its last shard
    std::atomic<bool> drained{true};
    OnEachCore([&](Core& core) {
      if (!core.IsDrained()) drained = false;
    });
    if (drained && log_->durable() >= log_->appended()) return;
    std::this_thread::sleep_for(kPollInterval);
  }
  spdlog::warn("after {} ms some requests are still unanswered, or their replies not taken",
               kDrainLimitMs);
  CarryOutTheRest();
}

// What waited for clients to read goes on when they are gone.
void Server::CarryOutTheRest() {
  OnEachCore([](Core& core) { core.CloseClients(); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kDrainLimitMs);
  // Twice, for what was on its way between two cores.
  for (int quiet = 0; quiet < 2 && std::chrono::steady_clock::now() < deadline;) {
    log_->CancelHopelessWaiters();
    std::atomic<bool> is_quiet{true};
    OnEachCore([&](Core& core) {
      if (!core.IsQuiet()) is_quiet = false;
    });
    quiet = is_quiet ? quiet + 1 : 0;
  }
}

void Server::Stop(bool save) {
  if (!running_) return;
  running_ = false;
  Drain();
  if (save) {
    const Status status = checkpointer_->Run();
    if (!status.ok()) spdlog::warn("checkpoint at the end failed: {}", status.message());
  }
  housekeeping_.Stop();
  walk_line_->Stop();
  residency_->Stop();
  checkpointer_->Stop();  // needs the cores for a running one
  std::promise<void> synced;
  log_->WhenSynced(log_->appended(), std::chrono::milliseconds(0),
                   [&](bool) { synced.set_value(); });
  synced.get_future().wait();
  high_water_keeper_.reset();
  for (const std::unique_ptr<Core>& core : cores_) {
    mailboxes_->Call(core->number(), [raw = core.get()] { raw->Stop(); });
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  log_->Stop();  // answers who still waits for a sync, and these ask the log
  mailboxes_->DiscardAll();
  checkpointer_.reset();
  log_.reset();
  acceptors_.clear();
  cores_.clear();
  residency_.reset();
}

void Server::ApplyConfig() {
  RaiseDescriptorLimit(options_.config->maxclients.load());
  slow_watch_.Configure(*options_.config);
  SetLogLevel(options_.config->log_level.load());
  tracking_->totals().max_keys = options_.config->tracking_table_max_keys.load();
  // Two CONFIG SET at once: whoever comes last here has seen what both have set.
  const std::lock_guard lock(apply_config_mutex_);
  log_->set_durability(DurabilityOf(options_.config->appendfsync.load()));
}

bool Server::RunOnShard(uint32_t shard, const std::function<void(storage::Keyspace&)>& visit) {
  std::promise<void> done;
  mailboxes_->Send(shard,
                   std::make_unique<ShardVisit>(shards_[shard], [&](storage::Keyspace& keyspace) {
                     visit(keyspace);
                     done.set_value();
                   }));
  done.get_future().wait();
  return true;
}

void Server::KeepHouse(int64_t round) {
  constexpr int64_t kDiskCheckEvery = 5;  // rounds
  rates_.Sample(MonotonicUs(), TotalsOf(statistics_view_));
  residency_->ShareMemory();
  residency_->SearchExpired();
  residency_->TellReadBack();
  if (round % kDiskCheckEvery != 0) return;
  disk_space_.Check();
  ReportCheckpointFailure();
  LookAtSavePoints();
  static_cast<void>(MeasureMemory());  // notes the peak
}

void Server::LookAtSavePoints() {
  const CheckpointInfo info = checkpoint_info();
  if (info.running) return;
  constexpr int64_t kMsPerSecond = 1000;
  const int64_t seconds = WallClock::NowMs() / kMsPerSecond - info.last_success_s;
  if (IsAnyDue(options_.config->save_points(), seconds, info.changes_since)) {
    checkpointer_->Suggest();
  }
}

// A checkpoint that fails loses nothing, but the journal grows until one succeeds.
void Server::ReportCheckpointFailure() {
  const storage::Checkpointer::State state = checkpointer_->state();
  if (state.last_ok) {
    reported_failure_.clear();
  } else if (reported_failure_ != state.last_error) {
    reported_failure_ = state.last_error;
    spdlog::error("a checkpoint failed, it will be tried again: {}", state.last_error);
  }
}

}  // namespace tally::server
