#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/command.h"
#include "server/operation.h"
#include "server/statistics.h"
#include "storage/key.h"
#include "storage/keyspace.h"
#include "storage/ticket.h"

namespace tally::server {

/// A request on its way to a handler. Views are valid for the call only.
struct Request {
  const Command* command = nullptr;
  std::span<const std::string_view> args;
  std::span<const storage::Key> keys;
  int database = 0;
  int resp = 2;
  int64_t now_ms = 0;
  ClientState* client = nullptr;
  Operation::DeferredFactory deferred_factory = nullptr;
  void* deferred_context = nullptr;
  Walker* walker = nullptr;  ///< in a transaction
};

/// How a handler ended.
struct Outcome {
  storage::Ticket depends_on = storage::kNoTicket;  ///< must be durable before the reply is seen
  bool deferred = false;                            ///< no reply was written: it comes later
};

/// Runs handlers on one core and counts what they did. Thread: the core's.
class Executor {
 public:
  Executor(const ShardMap* shard_map, Services* services, CoreStatistics* statistics)
      : shard_map_(shard_map), services_(services), statistics_(statistics) {}

  /// Appends the reply to `*out`. `keyspaces[shard]` is null for shards not entered; the array may be
  /// null for commands that touch no object.
  Outcome Run(const Request& request, storage::Keyspace* const* keyspaces, std::string* out);

  /// Counts a command that ran in another way.
  void CountCall(const Command& command, uint64_t cycles);

  /// A request that is refused before its handler: the error text goes to `*out`.
  void Refuse(const Command* command, std::string_view error, int resp, std::string* out);

  [[nodiscard]] CoreStatistics& statistics() { return *statistics_; }

 private:
  const ShardMap* shard_map_;
  Services* services_;
  CoreStatistics* statistics_;
};

}  // namespace tally::server
