#pragma once

#include <memory>
#include <string>

#include "server/client_state.h"
#include "server/executor.h"
#include "server/operation.h"
#include "server/reply_parts.h"
#include "server/request_list.h"
#include "server/requester.h"
#include "server/shard.h"
#include "server/watch.h"
#include "storage/keyspace.h"

namespace tally::server {

/// EXEC: what a spanning operation runs on its last shard instead of one handler, with all shards entered
/// that the queued requests or the watched keys need.
///
/// Handlers see a copy of the client's state, since the session's own core goes on with the original; the
/// session takes over what they changed (`client`). A command whose reply comes later gives its part of
/// the reply then; the transaction itself does not wait for it.
///
/// Thread: the last shard's, for all calls. Limits: those of the session and of its transaction.
class TransactionRun {
 public:
  /// `exec` is EXEC's row, `name` how the client wrote it; `client`, with the transaction, as of EXEC; `watch`
  /// null when nothing is watched.
  TransactionRun(const Command* exec, std::string_view name, const Requester* requester,
                 const ClientState& client, std::shared_ptr<Watch> watch);

  [[nodiscard]] const Watch* watch() const { return watch_.get(); }

  /// Runs the requests, or none if something watched has changed. `request` has what they have in common.
  /// A deferred outcome: `Told` has to follow.
  Outcome Run(Request request, storage::Keyspace* const* keyspaces, const ShardMap* shard_map,
              Shard* shard, std::string* reply);
  /// Runs nothing: EXEC is answered with `error`.
  void Refuse(std::string_view error, int64_t now_ms, storage::Keyspace* const* keyspaces,
              Shard* shard, std::string* reply);
  /// Of a deferred outcome: what it depended on is durable.
  void Told() { parts_->Arrive(); }
  /// The client's state afterwards.
  [[nodiscard]] std::shared_ptr<const ClientState> client() const { return client_; }

 private:
  [[nodiscard]] bool IsSilent() const;
  storage::Ticket RunRequests(Request* request, storage::Keyspace* const* keyspaces,
                              const ShardMap* shard_map, Shard* shard, std::string* reply);
  Outcome RunIfAllowed(const Request& request, storage::Keyspace* const* keyspaces, Shard* shard,
                       std::string* reply);
  void Show(const Command& command, std::span<const std::string_view> args, Shard* shard) const;
  void AwaitReceivers(size_t offset, bool silent);
  static std::shared_ptr<DeferredReply> MakePart(void* run, int resp);

  const Command* const exec_;
  const std::string name_;  // short: no allocation
  const std::shared_ptr<ClientState> client_;
  const std::shared_ptr<Watch> watch_;
  const std::shared_ptr<ReplyParts> parts_;
  const std::string* reply_ = nullptr;  // while it is written
};

}  // namespace tally::server
