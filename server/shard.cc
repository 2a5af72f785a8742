#include "server/shard.h"

#include <utility>

#include "storage/invariant.h"

namespace tally::server {

namespace {
constexpr size_t kKeptChangeSetBytes = size_t{4} << 20;
}  // namespace

Shard::Shard(uint32_t number, const ShardMap& shard_map, int databases, Executor* executor)
    : number_(number),
      keyspace_(shard_map.SlotsOf(number), databases),
      keyspaces_(shard_map.shards(), nullptr),
      executor_(executor) {
  keyspaces_[number] = &keyspace_;
}

storage::Ticket Shard::CloseTurn() {
  TALLY_ASSERT(!occupied_, "a spanning operation appends its changes itself, as one change set");
  if (!keyspace_.has_changes()) {
    TALLY_ASSERT(!gate_.waits_for_open_turn(), "a reply waits for a change set that will not come");
    return storage::kNoTicket;
  }
  change_set_.clear();
  keyspace_.EncodeFlushes(&change_set_);
  keyspace_.EncodeObjects(&change_set_);
  const storage::Ticket ticket = log_->Append(change_set_);
  keyspace_.Stamp(ticket);
  gate_.CloseTurn(ticket);
  if (change_set_.capacity() > kKeptChangeSetBytes) std::string().swap(change_set_);
  return ticket;
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
