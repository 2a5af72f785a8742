#include "server/operation.h"

#include "server/services.h"
#include "storage/invariant.h"

namespace tally::server {

storage::CountChange Operation::Counts(int database) {
  storage::CountChange sum;
  for (uint32_t shard = 0; shard < shard_map_->shards(); ++shard) {
    const storage::Keyspace& keyspace = *keyspaces_[shard];
    const int stored = keyspace.map().StoredOf(database);
    const storage::CountChange& part = keyspace.counts(stored);
    sum.live += part.live;
    sum.expiring += part.expiring;
    DependOn(keyspace.size_ticket(stored));
    DependOn(keyspace.map().ticket(database));
  }
  TALLY_ASSERT(sum.live >= 0 && sum.expiring >= 0, "numbers of objects add up");
  return sum;
}

uint64_t Operation::CountObjects(int database) {
  return static_cast<uint64_t>(Counts(database).live);
}

uint64_t Operation::CountExpiring(int database) {
  return static_cast<uint64_t>(Counts(database).expiring);
}

int Operation::databases() const {
  const uint32_t shard = keys_.empty() ? 0 : shard_map_->ShardOf(keys_.front().slot);
  return keyspaces_[shard]->databases();
}

void Operation::Flush(int database) {
  // Of an empty database there is nothing to change; the reply tells just that, as a count would.
  if (CountObjects(database) == 0) return;
  // All shards, even those that hold nothing: a database has one generation everywhere.
  for (uint32_t shard = 0; shard < shard_map_->shards(); ++shard) {
    keyspaces_[shard]->Flush(keyspaces_[shard]->map().StoredOf(database));
  }
  DependOn(storage::kOpenTicket);
}

// As in Redis whichever database it is, and be it empty.
void Operation::ForgetCopies() {
  if (!keyspaces_[0]->tracking().wanted()) return;
  for (uint32_t shard = 0; shard < shard_map_->shards(); ++shard) {
    keyspaces_[shard]->tracking().Clear();
  }
  keyspaces_[0]->tracking().listener()->OnFlush();
}

void Operation::SwapDatabases(int a, int b) {
  if (a == b) return;
  for (uint32_t shard = 0; shard < shard_map_->shards(); ++shard) {
    keyspaces_[shard]->SwapDatabases(a, b, now_ms_);
  }
  DependOn(storage::kOpenTicket);
}

bool Operation::LeavesExpired() const {
  return (command_.flags & (kWrite | kMayReplicate)) == 0 && services_->are_writes_paused();
}

Walker& Operation::walker() { return walker_ != nullptr ? *walker_ : *services_; }

std::shared_ptr<DeferredReply> Operation::Defer() {
  TALLY_ASSERT(deferred_factory_ != nullptr, "this operation has nobody to reply to later");
  TALLY_ASSERT(!deferred_, "a reply is deferred once");
  deferred_ = true;
  return deferred_factory_(deferred_context_, reply_->resp());
}

}  // namespace tally::server
