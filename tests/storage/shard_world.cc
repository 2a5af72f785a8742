#include "tests/storage/shard_world.h"

#include <algorithm>
#include <limits>

#include "storage/checkpoint_run.h"
#include "storage/invariant.h"
#include "storage/object_codec.h"
#include "storage/slot_table.h"

namespace tally::storage {
namespace {

std::string TextOf(const Object& object) {
  return (object.is_integer() ? std::to_string(object.integer()) : std::string(object.bytes())) +
         "|" + std::to_string(object.expires_at_ms());
}

}  // namespace

Status ShardWorld::Start(Database* database, Durability durability, Ticket high_water) {
  Stop();
  keyspaces_.clear();
  shards_ = next_shards_;
  std::vector<Keyspace*> keyspaces;
  for (uint32_t shard = 0; shard < shards_; ++shard) {
    const SlotRange range{kSlotCount * shard / shards_, kSlotCount * (shard + 1) / shards_};
    keyspaces_.push_back(std::make_unique<Keyspace>(range, kDatabases));
    keyspaces.push_back(keyspaces_.back().get());
  }
  Status status = Recover(database, keyspaces, high_water, &recovered_);
  if (!status.ok()) return status;
  database_ = database;
  floor_ = recovered_.floor;
  log_ = std::make_unique<CommitLog>(database, recovered_.last, durability, CommitLog::Callbacks());
  // What was lost never happened.
  history_.erase(history_.upper_bound(recovered_.last), history_.end());
  now_ = history_.at(recovered_.last);
  return status;
}

void ShardWorld::Stop() { log_.reset(); }

Key ShardWorld::KeyOf(const std::string& name) const { return MakeKey(recovered_.seed, name); }

Keyspace* ShardWorld::Owner(const Key& key) {
  for (const auto& keyspace : keyspaces_) {
    if (key.slot < keyspace->slots().end) return keyspace.get();
  }
  TALLY_ASSERT(false, "every slot has an owner");
}

Keyspace* ShardWorld::OwnerThatKnows(int stored, const Key& key) {
  Keyspace* const keyspace = Owner(key);
  if (keyspace->Knows(stored, key)) return keyspace;
  ObjectLookup lookup;
  AppendObjectKey(&lookup.key, static_cast<uint8_t>(stored), key);
  const Status status = database_->LookUpObjects({&lookup, 1}, ReadTier::kDisk);
  TALLY_ASSERT(status.ok() && lookup.known, "the disk can be read");
  ObjectRecord record;
  const bool is_there = !lookup.value.empty();
  TALLY_ASSERT(!is_there || ParseObjectValue(lookup.value, &record), "a record is whole");
  keyspace->Take(stored, key, is_there ? &record : nullptr);
  return keyspace;
}

void ShardWorld::EvictAll() {
  const std::lock_guard lock(mutex_);
  for (const auto& keyspace : keyspaces_) keyspace->EvictAll();
}

void ShardWorld::Put(int database, const std::string& name, const std::string& value) {
  const std::lock_guard lock(mutex_);
  const Key key = KeyOf(name);
  const int stored = Stored(database);
  Ticket seen = kNoTicket;
  Object* found = OwnerThatKnows(stored, key)->Find(stored, key, now_ms_, &seen);
  Owner(key)->PutBytes(stored, key, found, value, {}, kNoExpiry);
  now_[{database, name}] = value + "|-1";
}

void ShardWorld::Flush(int database) {
  const std::lock_guard lock(mutex_);
  for (const auto& keyspace : keyspaces_) keyspace->Flush(Stored(database));
  std::erase_if(now_, [&](const auto& entry) { return entry.first.first == database; });
}

void ShardWorld::Swap(int a, int b) {
  const std::lock_guard lock(mutex_);
  for (const auto& keyspace : keyspaces_) keyspace->SwapDatabases(a, b, 0);
  WorldState swapped;
  for (auto& [place, value] : now_) {
    const int database = place.first == a ? b : place.first == b ? a : place.first;
    swapped[{database, place.second}] = value;
  }
  now_ = std::move(swapped);
}

void ShardWorld::RandomWrite() {
  const int database = static_cast<int>(random_() % kDatabases);
  std::string name = "k" + std::to_string(random_() % 60);
  if (random_() % 2 == 0) name = "{one slot}" + name;
  const Key key = KeyOf(name);
  const int stored = Stored(database);
  Keyspace* keyspace = OwnerThatKnows(stored, key);
  Ticket seen = kNoTicket;
  Object* found = keyspace->Find(stored, key, now_ms_, &seen);
  if (random_() % 3 == 0) {
    if (found == nullptr) return;
    keyspace->Erase(stored, key, found);
    now_.erase({database, name});
    return;
  }
  const int64_t expiry = RandomExpiry();
  if (random_() % 2 == 0) {
    keyspace->PutInteger(stored, key, found, static_cast<int64_t>(random_()), expiry);
  } else {
    keyspace->PutBytes(stored, key, found, std::string(random_() % 100, 'x'),
                       std::to_string(random_()), expiry);
  }
  found = keyspace->Find(stored, key, now_ms_, &seen);
  now_[{database, name}] = TextOf(*found);
}

// Far ahead, or soon.
int64_t ShardWorld::RandomExpiry() {
  switch (random_() % 6) {
    case 0:
      return static_cast<int64_t>(random_() >> 2) + now_ms_;
    case 1:
    case 2:
      return now_ms_ + static_cast<int64_t>(random_() % 500);
    default:
      return kNoExpiry;
  }
}

void ShardWorld::ExpireSome() {
  size_t looked_at = 0;
  for (const auto& keyspace : keyspaces_) {
    for (int database = 0; database < kDatabases; ++database) {
      for (uint32_t slot = keyspace->slots().first; slot < keyspace->slots().end; ++slot) {
        keyspace->ExpireFrom(database, slot, now_ms_, 0, std::numeric_limits<size_t>::max(),
                             &looked_at);
      }
    }
  }
}

WorldState ShardWorld::StateAt(Ticket ticket) const {
  WorldState state = history_.at(ticket);
  std::erase_if(state, [this](const auto& entry) {
    const int64_t expires_at_ms = std::stoll(entry.second.substr(entry.second.rfind('|') + 1));
    return expires_at_ms != kNoExpiry && expires_at_ms < now_ms_;
  });
  return state;
}

void ShardWorld::RandomTurn(int max_operations) {
  const std::lock_guard lock(mutex_);
  if (time_passes_) now_ms_ += static_cast<int64_t>(random_() % 100);
  if (random_() % 20 == 0) ExpireSome();
  for (auto left = 1 + random_() % static_cast<uint64_t>(max_operations); left > 0; --left) {
    if (random_() % 10 == 0) EvictAll();
    if (random_() % 25 == 0) Flush(static_cast<int>(random_() % kDatabases));
    if (random_() % 20 == 0) {
      Swap(static_cast<int>(random_() % kDatabases), static_cast<int>(random_() % kDatabases));
    }
    RandomWrite();
  }
  EndTurn();
}

Ticket ShardWorld::EndTurn() {
  const std::lock_guard lock(mutex_);
  const Ticket ticket = AppendTurn();
  log_->LeadCommit();
  return ticket;
}

Ticket ShardWorld::EndTurnAlone(const std::function<void(Ticket)>& appended) {
  Ticket ticket = kNoTicket;
  {
    const std::lock_guard lock(mutex_);
    ticket = AppendTurn();
  }
  appended(ticket);
  log_->LeadCommit();
  return ticket;
}

Ticket ShardWorld::AppendTurn() {
  const std::lock_guard lock(mutex_);
  std::string change_set;
  bool changed = false;
  for (const auto& keyspace : keyspaces_) {
    if (!keyspace->has_changes()) continue;
    if (!changed) keyspace->EncodeDatabases(&change_set);
    changed = true;
  }
  if (!changed) return log_->appended();
  for (const auto& keyspace : keyspaces_) keyspace->EncodeObjects(&change_set);
  for (const auto& keyspace : keyspaces_) keyspace->EncodeCounts(&change_set);
  const Ticket ticket = log_->Append(change_set);
  history_[ticket] = now_;
  for (const auto& keyspace : keyspaces_) {
    if (keyspace->has_changes()) keyspace->Stamp(ticket);
  }
  return ticket;
}

WorldState ShardWorld::State() {
  const std::lock_guard lock(mutex_);
  WorldState state;
  for (const auto& keyspace : keyspaces_) {
    for (int database = 0; database < kDatabases; ++database) {
      // Loaded objects are clean and no visit of changes meets them: so look for every name.
      for (int i = 0; i < 60; ++i) {
        for (const char* prefix : {"k", "{one slot}k", "put"}) {
          const std::string name = prefix + std::to_string(i);
          const Key key = KeyOf(name);
          if (Owner(key) != keyspace.get()) continue;
          Ticket seen = kNoTicket;
          const Object* found =
              OwnerThatKnows(Stored(database), key)->Find(Stored(database), key, now_ms_, &seen);
          if (found != nullptr) state[{database, name}] = TextOf(*found);
        }
      }
    }
  }
  // Every name was looked for, so the numbers can be checked.
  for (int database = 0; database < kDatabases; ++database) {
    int64_t live = 0;
    for (const auto& keyspace : keyspaces_) live += keyspace->counts(Stored(database)).live;
    const auto there = std::count_if(state.begin(), state.end(), [&](const auto& entry) {
      return entry.first.first == database;
    });
    TALLY_ASSERT(live == there, "the numbers of objects are right");
  }
  return state;
}

size_t ShardWorld::CountDirty(Ticket floor) {
  const std::lock_guard lock(mutex_);
  size_t count = 0;
  size_t looked_at = 0;
  for (const auto& keyspace : keyspaces_) {
    for (int database = 0; database < kDatabases; ++database) {
      for (uint32_t slot = keyspace->slots().first; slot < keyspace->slots().end; ++slot) {
        keyspace->ForEachDirtyFrom(database, slot, floor, 0, std::numeric_limits<size_t>::max(),
                                   &looked_at, [&](const Object&, uint64_t) { ++count; });
      }
    }
  }
  return count;
}

bool ShardWorld::RunOnShard(uint32_t shard, const std::function<void(Keyspace&)>& visit) {
  if (between_visits_) between_visits_();
  if (!running_) return false;
  const std::lock_guard lock(mutex_);
  // Between two turns, as ShardVisit does it: a comparison may have found that something has expired.
  if (keyspaces_[shard]->has_changes()) EndTurn();
  visit(*keyspaces_[shard]);
  return true;
}

Status ShardWorld::Checkpoint(Database* database) {
  CheckpointProgress progress;
  CheckpointRun run(database, log_.get(), this, floor_, &progress);
  Status status = run.Run();
  floor_ = run.floor();
  return status;
}

}  // namespace tally::storage
