#include "server/watch.h"

#include <utility>

namespace tally::server {

/// Has one shard forget the keys that a client no longer watches.
class Watch::ForgetMessage final : public Message {
 public:
  ForgetMessage(Shard* shard, std::shared_ptr<storage::Watcher> watcher)
      : shard_(shard), watcher_(std::move(watcher)) {}

  void Add(const WatchedKey& key) { keys_.push_back(key); }
  void Deliver(std::unique_ptr<Message> self) override {
    if (shard_->occupied()) {
      shard_->Park(std::move(self));
      return;
    }
    storage::Keyspace& keyspace = shard_->keyspace();
    for (const WatchedKey& key : keys_) {
      const int stored = keyspace.map().StoredOf(key.database);
      keyspace.watches().End(stored, key.hash, watcher_.get(), 0);
    }
  }

 private:
  Shard* const shard_;
  const std::shared_ptr<storage::Watcher> watcher_;
  std::vector<WatchedKey> keys_;
};

Watch::~Watch() {
  if (keys_.empty()) return;
  std::vector<std::unique_ptr<ForgetMessage>> messages(shards_->size());
  for (const auto& [id, key] : keys_) {
    const uint32_t shard = shard_map_->ShardOf(key.slot);
    if (messages[shard] == nullptr) {
      messages[shard] = std::make_unique<ForgetMessage>((*shards_)[shard], watcher_);
    }
    messages[shard]->Add(key);
  }
  for (uint32_t shard = 0; shard < messages.size(); ++shard) {
    if (messages[shard] != nullptr) mailboxes_->Send(shard, std::move(messages[shard]));
  }
}

bool Watch::Add(Operation* operation, size_t key_index) {
  const storage::Key& key = operation->key(key_index);
  const int database = operation->database();
  const uint64_t id = static_cast<uint64_t>(database) << storage::kNameHashBits | key.hash;
  if (keys_.contains(id)) return true;
  if (keys_.size() == kMaxKeys) return false;
  operation->Watch(key_index, watcher_);
  keys_.emplace(id, WatchedKey{database, key.slot, key.hash});
  return true;
}

bool Watch::End(int64_t now_ms, storage::Keyspace* const* keyspaces) {
  bool has_changed = watcher_->changed();
  for (const auto& [id, key] : keys_) {
    storage::Keyspace& keyspace = *keyspaces[shard_map_->ShardOf(key.slot)];
    const int stored = keyspace.map().StoredOf(key.database);
    has_changed |= keyspace.watches().End(stored, key.hash, watcher_.get(), now_ms);
  }
  keys_.clear();
  return has_changed;
}

void Watch::AppendShards(std::vector<uint32_t>* numbers) const {
  std::vector<bool> seen(shards_->size());
  for (const auto& [id, key] : keys_) {
    const uint32_t shard = shard_map_->ShardOf(key.slot);
    if (seen[shard]) continue;
    seen[shard] = true;
    numbers->push_back(shard);
  }
}

}  // namespace tally::server
