#include "server/operation.h"

#include "storage/invariant.h"

namespace tally::server {

uint64_t Operation::CountObjects(int database) {
  uint64_t count = 0;
  for (uint32_t shard = 0; shard < shard_map_->shards(); ++shard) {
    count += keyspaces_[shard]->size(database);
    DependOn(keyspaces_[shard]->size_ticket(database));
  }
  return count;
}

uint64_t Operation::CountExpiring(int database) {
  uint64_t count = 0;
  for (uint32_t shard = 0; shard < shard_map_->shards(); ++shard) {
    count += keyspaces_[shard]->expiring(database);
    DependOn(keyspaces_[shard]->size_ticket(database));
  }
  return count;
}

int Operation::databases() const { return keyspaces_[0]->databases(); }

void Operation::Flush(int database) {
  // Of an empty database there is nothing to change; the reply tells just that, as a count would.
  if (CountObjects(database) == 0) return;
  // All shards, even those that hold nothing: a database has one generation everywhere.
  for (uint32_t shard = 0; shard < shard_map_->shards(); ++shard) {
    keyspaces_[shard]->Flush(database);
  }
  DependOn(storage::kOpenTicket);
}

std::shared_ptr<DeferredReply> Operation::Defer() {
  TALLY_ASSERT(deferred_factory_ != nullptr, "this operation has nobody to reply to later");
  TALLY_ASSERT(!deferred_, "a reply is deferred once");
  deferred_ = true;
  return deferred_factory_(deferred_context_, reply_->resp());
}

}  // namespace tally::server
