#pragma once

#include <cstdint>
#include <functional>

#include "storage/keyspace.h"

namespace tally::storage {

/// How the checkpointer reaches the objects, which belong to other threads.
class ShardAccess {
 public:
  virtual ~ShardAccess() = default;
  [[nodiscard]] virtual uint32_t shards() const = 0;
  /// Runs `visit` on the thread that owns the shard, between two turns (its change set is closed), and
  /// returns when it has run. False: the shard no longer runs (the server is stopping).
  virtual bool RunOnShard(uint32_t shard, const std::function<void(Keyspace&)>& visit) = 0;
};

}  // namespace tally::storage
