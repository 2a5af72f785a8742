#include "tests/server/session_harness.h"

namespace tally::server {

SessionHarness::SessionHarness(uint32_t shards, std::unique_ptr<JournalDatabase> disk,
                               int databases)
    : database(std::move(disk)),
      shard_map_(shards),
      mailboxes_(shards),
      exchange_(&mailboxes_),
      tracking_(&mailboxes_),
      loader_(database.get(), &mailboxes_) {
  ++alive_;
  WallClock::SetForTest(kNowMs);
  services.config().databases = databases;
  services.shared_directory = &exchange_.directory();
  services.shared_tracking = &tracking_;
  services.on_walk = [this](auto visitor, int number, storage::SlotPosition from, size_t wanted) {
    walk_line_.Walk(std::move(visitor), number, from, wanted);
  };
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
  announcer_ =
      std::make_unique<Announcer>(&mailboxes_, &exchange_, &shards_[0]->gate(), log_.get());
  for (uint32_t i = 0; i < shards; ++i) {
    Core& core = *cores_[i];
    core.shard.Attach(log_.get(), database.get(), &loader_);
    core.shard.set_announcer(announcer_.get());
    core.router = std::make_unique<Router>(i, &shard_map_, recovered_.seed, &shards_, &mailboxes_);
    core.context.router = core.router.get();
    core.context.executor = &core.executor;
    core.context.exchange = &exchange_;
    core.context.tracking = &tracking_;
    core.context.config = &services.config();
    core.context.pause = &pause;
    core.context.writes_refused = &writes_refused;
    core.context.paused = &core.paused;
    core.context.reply_budget = &core.reply_budget;
    core.context.sessions_at_work = &core.sessions_at_work;
  }
}

bool SessionHarness::Turn(uint32_t core) {
  Shard& shard = *shards_[core];
  bool did = mailboxes_.of(core).DeliverAll() > 0;
  for (const auto& client : clients_) {
    if (client->core() == core) did |= client->PumpIfDue();
  }
  if (!shard.occupied()) {
    did |= shard.input_gate().has_fresh_loads();
    shard.LetIn();
  }
  if (!shard.occupied()) {
    did |= shard.keyspace().has_changes();
    shard.CloseTurn();
    shard.KeepMemory(++clock_us_, kNowMs);
  }
  did |= tracking_.Deliver(core);
  did |= shard.gate().Release(log_->durable()) > 0;
  for (const auto& client : clients_) {
    if (client->core() == core) did |= client->FlushIfDue();
  }
  return did;
}

void SessionHarness::Settle() {
  bool did = true;
  while (did) {
    did = false;
    for (uint32_t core = 0; core < shards_.size(); ++core) did |= Turn(core);
  }
}

void SessionHarness::Run() {
  do {
    Settle();
  } while (Commit() || Load());
}

void SessionHarness::RandomStep(std::mt19937_64* random) {
  const uint64_t which = (*random)() % (shards_.size() + 2);
  if (which == shards_.size()) {
    Commit();
  } else if (which > shards_.size()) {
    if (loader_.tasks() == 0) return;
    const auto task = static_cast<size_t>((*random)());
    if ((*random)() % 2 == 0) {
      loader_.Read(task);
    } else {
      loader_.Deliver(task);
    }
  } else {
    Turn(static_cast<uint32_t>(which));
  }
}

void SessionHarness::Checkpoint() {
  if (std::ranges::any_of(shards_, &Shard::occupied)) return;
  for (Shard* shard : shards_) shard->CloseTurn();
  while (Commit()) continue;
  for (Shard* shard : shards_) CheckpointShard(&shard->keyspace());
}

void SessionHarness::MakeCold() {
  Run();
  Checkpoint();
  EvictAll();
  for (uint32_t core = 0; core < shards_.size(); ++core) {
    ASSERT_EQ(shards_[core]->keyspace().resident_objects(), 0u);
    Turn(core);  // says that it may be cold
  }
}

std::unique_ptr<SessionHarness> SessionHarness::AfterPowerCut() const {
  return std::make_unique<SessionHarness>(static_cast<uint32_t>(shards_.size()),
                                          database->CloneSynced(),
                                          shards_[0]->keyspace().databases());
}

void SessionHarness::CheckpointShard(storage::Keyspace* keyspace) {
  constexpr size_t kAll = size_t{1} << 40;
  keyspace->BeginCheckpoint();
  size_t looked_at = 0;
  int number = 0;
  uint32_t slot = 0;
  const std::function<void(const storage::Object&, uint64_t)> copy = [&](const auto& object,
                                                                         uint64_t hash) {
    std::string key;
    storage::AppendObjectKey(&key, static_cast<uint8_t>(number),
                             {object.name(), static_cast<uint16_t>(slot), hash});
    database->objects.erase(key);
    if (object.is_tombstone()) return;
    std::string* value = &database->objects[key];
    storage::AppendObjectValue(value, object, keyspace->generation(number));
  };
  for (number = 0; number < keyspace->databases(); ++number) {
    for (slot = keyspace->slots().first; slot < keyspace->slots().end; ++slot) {
      keyspace->ForEachDirtyFrom(number, slot, floor_, 0, kAll, &looked_at, copy);
    }
  }
  keyspace->EndCheckpoint(log_->durable());
}

SessionHarness::~SessionHarness() {
  database->during_sync = nullptr;
  for (const auto& client : clients_) client->Disconnect();
  services.FinishAll();
  pause.until_ms = 0;
  ResumePaused();
  Run();
  for (const auto& client : clients_) {
    EXPECT_FALSE(client->SessionIsHeldElsewhere()) << "a session that nobody lets go of";
  }
  if (--alive_ == 0) WallClock::SetForTest(0);
}

std::string SessionHarness::KeyOn(uint32_t shard, int number) const {
  for (int i = 0;; ++i) {
    const std::string name = "k" + std::to_string(i);
    if (shard_map_.ShardOf(storage::SlotOf(name)) == shard && number-- == 0) return name;
  }
}

}  // namespace tally::server
