#include "server/residency.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "server/shard_visit.h"

namespace tally::server {

namespace {
uint64_t Beyond(uint64_t value, uint64_t other) { return value - std::min(value, other); }
}  // namespace

uint64_t BytesBesideObjects(const MemoryUsage& usage, uint64_t objects) {
  uint64_t others = Beyond(usage.used, objects);
  if (usage.allocator_resident == 0) return others;
  others += Beyond(usage.resident, usage.allocator_resident);  // the program itself
  return others + std::min(Beyond(usage.allocator_resident, usage.used),
                           objects / Residency::kLargestUnusablePart);
}

uint64_t ObjectsPart(uint64_t maxmemory, uint64_t others) {
  const uint64_t left = Beyond(maxmemory / 100 * Residency::kUsedPercent, others);
  return std::max(left, maxmemory / Residency::kLeastPart);
}

Residency::Residency(storage::Database* database, const Config* config, Mailboxes* mailboxes,
                     const std::vector<Shard*>* shards,
                     const std::vector<const CoreStatistics*>* statistics)
    : database_(database),
      config_(config),
      mailboxes_(mailboxes),
      shards_(shards),
      statistics_(statistics),
      loader_(std::make_unique<LoaderPool>(database, mailboxes)),
      warm_up_(std::make_unique<std::atomic<WarmUpState>[]>(shards->size())),
      expiry_(shards->size()) {
  for (size_t i = 0; i < shards->size(); ++i) warm_up_[i] = WarmUpState::kStopped;
  // The logger is made when it is first asked for: here, before any core may be the first to log.
  static_cast<void>(spdlog::default_logger_raw());
}

Residency::~Residency() = default;

bool Residency::WarmUp() {
  bool everywhere = true;
  for (Shard* shard : *shards_) {
    std::atomic<WarmUpState>* const state = &warm_up_[shard->number()];
    if (state->exchange(WarmUpState::kRunning) == WarmUpState::kRunning) {
      everywhere = false;
      continue;
    }
    mailboxes_->Send(shard->number(), std::make_unique<server::WarmUp>(shard, state, &stop_));
  }
  return everywhere;
}

void Residency::ReadBack(std::function<void(bool readable)> done) {
  const std::lock_guard lock(read_back_mutex_);
  read_back_begun_ = WarmUp();
  read_back_done_ = std::move(done);
}

void Residency::TellReadBack() {
  std::function<void(bool readable)> done;
  {
    const std::lock_guard lock(read_back_mutex_);
    if (!read_back_done_ || warm_up() == WarmUpState::kRunning) return;
    if (!read_back_begun_) {
      // What was under way on some shard had passed by what was dropped.
      read_back_begun_ = WarmUp();
      return;
    }
    done.swap(read_back_done_);
  }
  done(warm_up() != WarmUpState::kStopped);
}

void Residency::ShareMemory() {
  const uint64_t most = config_->maxmemory_bytes.load(std::memory_order_relaxed);
  if (std::exchange(shared_, most) != most) database_->SetCacheBytes(StoreCacheBytes(most));
  uint64_t objects = 0;
  for (const CoreStatistics* core : *statistics_) {
    objects += core->object_bytes.value() + core->table_bytes.value();
  }
  uint64_t limit = MemoryBudget::kUnlimited;
  if (most != 0) {
    const uint64_t others = others_.Note(BytesBesideObjects(MeasureMemory(), objects));
    const uint64_t objects_part = ObjectsPart(most, others);
    limit = std::max(objects_part / shards_->size(), kLeastPerShard);
  }
  for (Shard* shard : *shards_) shard->memory().set_limit(limit);
}

void Residency::SearchExpired() {
  if (!config_->active_expire.load(std::memory_order_relaxed)) return;
  int64_t cold = 0;
  for (const CoreStatistics* core : *statistics_) {
    cold += static_cast<int64_t>(core->cold_expiring.value());
  }
  if (cold <= 0 || warm_up() == WarmUpState::kRunning) return;
  for (Shard* shard : *shards_) {
    mailboxes_->Send(shard->number(),
                     std::make_unique<ColdExpiry>(shard, &expiry_[shard->number()]));
  }
}

void Residency::DropObjects(std::function<void()> done) {
  const auto left = std::make_shared<std::atomic<size_t>>(shards_->size());
  const auto call = std::make_shared<std::function<void()>>(std::move(done));
  for (Shard* shard : *shards_) {
    mailboxes_->Send(shard->number(),
                     std::make_unique<ShardVisit>(shard, [left, call](storage::Keyspace& keyspace) {
                       keyspace.EvictAll();
                       if (left->fetch_sub(1) == 1) (*call)();
                     }));
  }
}

void Residency::Stop() {
  std::function<void(bool readable)> dropped;
  {
    const std::lock_guard lock(read_back_mutex_);
    dropped.swap(read_back_done_);
  }
  stop_ = true;
  loader_->Stop();
}

uint64_t StoreCacheBytes(uint64_t maxmemory) {
  constexpr uint64_t kUsual = uint64_t{64} << 20;
  constexpr uint64_t kLeast = uint64_t{8} << 20;
  constexpr uint64_t kMost = uint64_t{1} << 30;
  constexpr uint64_t kPart = 8;  // its indexes and filters take about a byte and a half per object
  return maxmemory == 0 ? kUsual : std::clamp(maxmemory / kPart, kLeast, kMost);
}

ResidencyInfo Residency::info() const {
  ResidencyInfo info;
  for (Shard* shard : *shards_) {
    const uint64_t limit = shard->memory().limit();
    if (limit != MemoryBudget::kUnlimited) info.limit_bytes += limit;
  }
  switch (warm_up()) {
    case WarmUpState::kRunning:
      info.warm_up = "running";
      break;
    case WarmUpState::kDone:
      info.warm_up = "done";
      break;
    case WarmUpState::kFull:
      info.warm_up = "full";
      break;
    case WarmUpState::kStopped:
      info.warm_up = "stopped";
      break;
  }
  info.store_memory_bytes = database_->MemoryBytes();
  info.object_file_bytes = database_->ObjectFileBytes();
  return info;
}

WarmUpState Residency::warm_up() const {
  WarmUpState state = WarmUpState::kDone;
  for (size_t i = 0; i < shards_->size(); ++i) {
    const WarmUpState one = warm_up_[i].load();
    if (one == WarmUpState::kRunning) return one;
    if (one != WarmUpState::kDone) state = one;
  }
  return state;
}

}  // namespace tally::server
