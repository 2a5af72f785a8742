#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "storage/thread_annotations.h"

namespace tally::server {

struct Invalidation;

/// A client to whom others may have something told: a session. Thread: its core's.
class InvalidationReceiver {
 public:
  virtual void OnInvalidation(const Invalidation& invalidation) = 0;

 protected:
  ~InvalidationReceiver() = default;
};

/// Which clients there are, by id, and on which core. Thread: any, unless it says otherwise.
class ClientDirectory {
 public:
  void Add(uint64_t id, uint32_t core, InvalidationReceiver* receiver) EXCLUDES(mutex_) {
    const storage::MutexLock lock(mutex_);
    clients_[id] = {core, receiver};
  }
  /// On the client's core; from then on it is not found.
  void Remove(uint64_t id, const InvalidationReceiver* receiver) EXCLUDES(mutex_) {
    const storage::MutexLock lock(mutex_);
    const auto found = clients_.find(id);
    if (found != clients_.end() && found->second.receiver == receiver) clients_.erase(found);
  }
  /// nullopt: there is no such client.
  [[nodiscard]] std::optional<uint32_t> CoreOf(uint64_t id) const EXCLUDES(mutex_) {
    const storage::MutexLock lock(mutex_);
    const auto found = clients_.find(id);
    if (found == clients_.end()) return std::nullopt;
    return found->second.core;
  }
  /// On that core's thread; null: it has no such client (any more).
  [[nodiscard]] InvalidationReceiver* Find(uint64_t id, uint32_t core) const EXCLUDES(mutex_) {
    const storage::MutexLock lock(mutex_);
    const auto found = clients_.find(id);
    return found != clients_.end() && found->second.core == core ? found->second.receiver : nullptr;
  }

 private:
  struct Client {
    uint32_t core;
    InvalidationReceiver* receiver;
  };

  mutable storage::Mutex mutex_;
  std::unordered_map<uint64_t, Client> clients_ GUARDED_BY(mutex_);
};

}  // namespace tally::server
