#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "server/mailbox.h"
#include "server/operation.h"
#include "server/shard.h"
#include "storage/key.h"
#include "storage/keyspace.h"
#include "storage/watch_table.h"

namespace tally::server {

/// The keys that one client watches, from its first WATCH to EXEC, DISCARD, UNWATCH or its end. The shards'
/// watch tables tell it of changes.
///
/// `Add` and `End` run with the shards entered, so nothing can change between the check of EXEC and what EXEC
/// does. Destroyed before `End`, it has the shards forget it, by mail.
///
/// Thread: the client's core, or the thread of its spanning operation. Limits: kMaxKeys.
class Watch {
 public:
  static constexpr size_t kMaxKeys = size_t{1} << 20;

  Watch(Mailboxes* mailboxes, const std::vector<Shard*>* shards, const ShardMap* shard_map)
      : mailboxes_(mailboxes), shards_(shards), shard_map_(shard_map) {}
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Watches one of the operation's keys, too. False: too many.
  [[nodiscard]] bool Add(Operation* operation, size_t key_index);
  /// Ends the watch, with all its shards entered. True: something has changed, or expired.
  [[nodiscard]] bool End(int64_t now_ms, storage::Keyspace* const* keyspaces);

  /// Any thread: whether something is known to have changed. (Not yet, perhaps, that it has expired.)
  [[nodiscard]] bool changed() const { return watcher_->changed(); }
  [[nodiscard]] size_t size() const { return keys_.size(); }
  /// Adds the numbers of its shards, each at least once.
  void AppendShards(std::vector<uint32_t>* numbers) const;

 private:
  struct WatchedKey {
    int database;
    uint16_t slot;
    uint64_t hash;
  };
  class ForgetMessage;

  Mailboxes* const mailboxes_;
  const std::vector<Shard*>* const shards_;
  const ShardMap* const shard_map_;
  const std::shared_ptr<storage::Watcher> watcher_ = std::make_shared<storage::Watcher>();
  std::unordered_map<uint64_t, WatchedKey> keys_;  // by database and hash
};

}  // namespace tally::server
