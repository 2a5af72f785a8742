#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "server/mailbox.h"
#include "server/operation_batch.h"
#include "server/request_list.h"
#include "server/shard.h"
#include "server/spanning_operation.h"
#include "server/transaction_run.h"
#include "server/watch.h"
#include "storage/name_hash.h"

namespace tally::server {

/// Finds the shards that own a command's keys, and gathers what one session's input holds for other
/// shards: one message per shard. One per core, on its thread.
class Router {
 public:
  Router(uint32_t core, const ShardMap* shard_map, const storage::HashSeed& seed,
         const std::vector<Shard*>* shards, Mailboxes* mailboxes);

  /// The command's keys with slot and hash. Valid until the next call. The arity must fit.
  [[nodiscard]] std::span<const storage::Key> Resolve(const Command& command,
                                                      std::span<const std::string_view> args);

  /// A pipeline's next requests are at the front of `unread`: begins to bring what they will look for in this
  /// core's shard into the processor's caches. A hint; reads no object. Returns for how many requests.
  size_t PrefetchFor(std::string_view unread, int database);

  /// Which shards `command` with these keys needs.
  struct Target {
    enum class Kind : uint8_t { kLocal, kRemote, kSpanning };
    Kind kind = Kind::kLocal;
    uint32_t shard = 0;  // of kLocal and kRemote
  };
  [[nodiscard]] Target TargetOf(const Command& command, std::span<const storage::Key> keys) const;

  /// Adds an operation to the message for another shard. `tracker`: the client's, or null.
  void Enqueue(uint32_t shard, Requester* requester, const OperationBatch::Item& item,
               std::span<const std::string_view> args, std::span<const storage::Key> keys,
               ClientTracker* tracker);
  /// Sends what was gathered.
  void SendBatches();
  /// The requester's batch that halted on that shard shall go on.
  void LetGoOn(uint32_t shard, Requester* requester);
  /// Sends what was gathered, then the spanning operation on its way. `behind_own`: operations of the
  /// requester are on their way to this core's own shard.
  void StartSpanning(Requester* requester, const Request& request, uint64_t place, bool suppressed,
                     bool behind_own);
  /// The same for a transaction; its requests are sealed here. `request` has what they have in common.
  void StartTransaction(Requester* requester, const Request& request,
                        std::shared_ptr<RequestList> requests,
                        std::unique_ptr<TransactionRun> transaction, uint64_t place,
                        bool behind_own);
  /// A new client's watch, of no key yet.
  [[nodiscard]] std::shared_ptr<Watch> NewWatch() const {
    return std::make_shared<Watch>(mailboxes_, shards_, shard_map_);
  }

  [[nodiscard]] Shard& local() { return *local_; }
  [[nodiscard]] Mailboxes& mailboxes() { return *mailboxes_; }
  [[nodiscard]] uint32_t core() const { return core_; }

 private:
  /// Requests that PrefetchFor looks at in one go: their objects fit into the first-level cache.
  static constexpr size_t kRequestsAhead = 16;

  void Start(Requester* requester, const Request& request, std::shared_ptr<RequestList> requests,
             std::unique_ptr<TransactionRun> transaction, uint64_t place, bool suppressed,
             bool behind_own);

  const uint32_t core_;
  const ShardMap* const shard_map_;
  const storage::HashSeed seed_;
  const std::vector<Shard*>* const shards_;
  Mailboxes* const mailboxes_;
  Shard* const local_;
  std::vector<storage::Key> keys_;
  std::vector<storage::Key> keys_ahead_;
  std::vector<std::unique_ptr<OperationBatch>> batches_;  // by shard
  bool has_batches_ = false;
};

}  // namespace tally::server
