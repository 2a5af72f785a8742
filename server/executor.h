#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/client_rights.h"
#include "server/command.h"
#include "server/key_events.h"
#include "server/monitors.h"
#include "server/operation.h"
#include "server/slow_watch.h"
#include "server/statistics.h"
#include "server/turn_invalidations.h"
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
  Walker* walker = nullptr;          ///< in a transaction
  ClientTracker* tracker = nullptr;  ///< the client's, if it keeps copies of what it reads
  bool was_cold = false;             ///< its keys had to be read
  bool remembers = false;            ///< the tracker is told when one of the keys changes
  /// Where a slow request is put if the client is not here to be named.
  std::vector<SlowRequest>* slow_requests = nullptr;

  /// Sets `tracker` and `remembers`, for `command`, as CLIENT TRACKING and CLIENT CACHING of a client in this state
  /// have it.
  void TrackFor(const ClientState& state);
};

/// How a handler ended.
struct Outcome {
  storage::Ticket depends_on = storage::kNoTicket;  ///< must be durable before the reply is seen
  bool deferred = false;                            ///< no reply was written: it comes later
};

/// Runs handlers on one core and counts what they did. Thread: the core's.
class Executor {
 public:
  Executor(const ShardMap* shard_map, Services* services, CoreStatistics* statistics);

  /// Appends the reply to `*out`. `keyspaces[shard]` is null for shards not entered; the array may be
  /// null for commands that touch no object.
  Outcome Run(const Request& request, storage::Keyspace* const* keyspaces, std::string* out);

  /// Counts a command that ran in another way. Returns how long it took, in nanoseconds.
  uint64_t CountCall(const Command& command, uint64_t cycles);

  /// Puts a slow request, which ran where its client was not known, into the log.
  void NoteSlow(SlowRequest request, const ClientState& client);

  /// A request that is refused before its handler: the error text goes to `*out`.
  void Refuse(const Command* command, std::string_view error, int resp, std::string* out);

  [[nodiscard]] Monitors& monitors() { return *monitors_; }
  /// What its handlers have done to keys, and not been asked for yet.
  [[nodiscard]] KeyEvents& key_events() { return key_events_; }
  /// What its handlers have changed of what somebody keeps copies of.
  [[nodiscard]] TurnInvalidations& invalidations() { return invalidations_; }
  /// What clients may ask for.
  [[nodiscard]] const ClientRights& rights() const { return rights_; }
  [[nodiscard]] CoreStatistics& statistics() { return *statistics_; }

 private:
  void NoteSlow(const Request& request, uint64_t nanoseconds);
  void Remember(const Request& request, storage::Keyspace* const* keyspaces);

  const ShardMap* shard_map_;
  Services* services_;
  CoreStatistics* statistics_;
  SlowWatch* slow_watch_;
  Monitors* monitors_;
  ClientRights rights_;
  KeyEvents key_events_;
  TurnInvalidations invalidations_;
};

}  // namespace tally::server
