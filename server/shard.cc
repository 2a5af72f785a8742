#include "server/shard.h"

#include <algorithm>
#include <utility>

#include "server/announcer.h"
#include "storage/invariant.h"

namespace tally::server {

namespace {
constexpr size_t kKeptChangeSetBytes = size_t{4} << 20;
}  // namespace

Shard::Shard(uint32_t number, const ShardMap& shard_map, int databases, Executor* executor)
    : number_(number),
      keyspace_(shard_map.SlotsOf(number), databases),
      keyspaces_(shard_map.shards(), nullptr),
      executor_(executor),
      input_gate_(number, this, &keyspace_),
      memory_(&keyspace_) {
  keyspaces_[number] = &keyspace_;
  keyspace_.set_expiry_listener(&executor_->key_events());
  keyspace_.tracking().Attach(&executor_->invalidations().registry().totals());
  keyspace_.tracking().set_listener(&executor_->invalidations());
}

bool Shard::Knows(int database, std::span<const storage::Key> keys) const {
  if (keyspace_.is_complete()) return true;
  const int stored = keyspace_.map().StoredOf(database);
  return std::all_of(keys.begin(), keys.end(),
                     [&](const storage::Key& key) { return keyspace_.Knows(stored, key); });
}

bool Shard::IsUnreadable(int database, std::span<const storage::Key> keys) const {
  const int stored = keyspace_.map().StoredOf(database);
  return std::any_of(keys.begin(), keys.end(), [&](const storage::Key& key) {
    return input_gate_.IsUnreadable(stored, key);
  });
}

void Shard::LetIn() {
  input_gate_.StartLoads();
  if (input_gate_.has_delayed()) {
    input_gate_.GiveRoom([this] { return !occupied_ && memory_.HasRoom(); });
  }
}

void Shard::KeepMemory(int64_t now_us, int64_t now_ms) {
  memory_.Keep(now_us, now_ms);
  if (keyspace_.TakeFlushedOnDisk()) on_flushed_on_disk_();
  may_be_cold_.store(!keyspace_.is_complete(), std::memory_order_relaxed);
}

storage::Ticket Shard::CloseTurn() {
  TALLY_ASSERT(!occupied_, "a spanning operation appends its changes itself, as one change set");
  if (!keyspace_.has_changes()) {
    TALLY_ASSERT(!gate_.waits_for_open_turn(), "a reply waits for a change set that will not come");
    Announce(storage::kNoTicket);
    // Where databases were emptied that were empty, or a tracking table had no room.
    executor_->invalidations().TellNow();
    return storage::kNoTicket;
  }
  change_set_.clear();
  keyspace_.EncodeDatabases(&change_set_);
  keyspace_.EncodeObjects(&change_set_);
  keyspace_.EncodeCounts(&change_set_);
  const storage::Ticket ticket = log_->Append(change_set_, executor_->invalidations().Take());
  keyspace_.Stamp(ticket);
  gate_.CloseTurn(ticket);
  Announce(ticket);
  if (change_set_.capacity() > kKeptChangeSetBytes) std::string().swap(change_set_);
  return ticket;
}

void Shard::Announce(storage::Ticket ticket) {
  KeyEvents& events = executor_->key_events();
  if (events.empty()) return;
  // A miss tells of what was removed before, perhaps by a turn that is not durable yet.
  if (ticket == storage::kNoTicket) ticket = log_->appended();
  announcer_->Announce(number_, ticket, events.Take());
}

storage::Keyspace* Shard::Enter() {
  TALLY_ASSERT(!occupied_, "one spanning operation at a time");
  CloseTurn();
  occupied_ = true;
  return &keyspace_;
}

void Shard::Leave() {
  TALLY_ASSERT(occupied_, "leaves once");
  occupied_ = false;
  DeliverParked();
}

void Shard::Park(std::unique_ptr<Message> message) {
  TALLY_ASSERT(occupied_, "parks only behind a spanning operation");
  parked_.push_back(std::move(message));
}

// Any thread.
uint64_t Shard::read_ahead_bytes() const {
  constexpr uint64_t kPart = 16;
  constexpr uint64_t kLeast = uint64_t{256} << 10;
  constexpr uint64_t kMost = uint64_t{64} << 20;
  return std::clamp(memory_.limit() / kPart, kLeast, kMost);
}

void Shard::DeliverParked() {
  // A parked message may enter and leave by itself; the loop below it goes on then.
  if (delivering_parked_) return;
  delivering_parked_ = true;
  while (!occupied_ && !parked_.empty()) {
    std::unique_ptr<Message> message = std::move(parked_.front());
    parked_.pop_front();
    Message* const raw = message.get();
    raw->Deliver(std::move(message));
  }
  delivering_parked_ = false;
}

}  // namespace tally::server
