#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "storage/name_hash.h"

namespace tally::storage {

/// Learns that something which it watches has changed. Shards' threads set it, any thread asks.
class Watcher {
 public:
  void OnChange() { changed_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool changed() const { return changed_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> changed_{false};
};

/// Which keys of one shard somebody watches (WATCH).
///
/// A change is a write by anybody, be it of the value that was there before, a deletion, the removal of what
/// has expired, and the emptying of a database in which the object was. What leaves memory and comes back
/// has not changed. A watcher is told once of a key, and its watch of that key is over then.
///
/// Keys are told apart by their hash: two with the same one count as one, so that a watcher may learn of
/// a change that was none of its business; it then tries again. One thread at a time: the keyspace's. Limits:
/// whoever adds bounds what one watcher has.
class WatchTable {
 public:
  /// All that writers look at as long as nobody watches.
  [[nodiscard]] bool empty() const { return watches_.empty(); }
  [[nodiscard]] size_t size() const { return watches_.size(); }

  /// `exists`, `expires_at_ms`: what the watcher found. A second watch of the same key changes nothing.
  void Add(int database, uint32_t slot, uint64_t hash, std::shared_ptr<Watcher> watcher,
           bool exists, int64_t expires_at_ms);
  /// The object was written or removed.
  void OnChange(int database, uint64_t hash);
  /// The database was emptied. Where there was no object, and there is none now, nothing has changed.
  void OnFlush(int database);
  /// Two databases were exchanged: who watches a key of the one watches that of the other now. Nothing has
  /// changed where there was no object, and none may be in the other database; all others are told.
  void OnSwap(int a, int b,
              const std::function<bool(int database, uint32_t slot, uint64_t hash)>& may_exist);
  /// Ends a watch, if it is not over. True: the object that was there has expired, at `now_ms`.
  bool End(int database, uint64_t hash, const Watcher* watcher, int64_t now_ms);

 private:
  struct Watch {
    std::shared_ptr<Watcher> watcher;
    uint32_t slot;
    bool exists;
    int64_t expires_at_ms;
  };
  using Place = std::pair<uint64_t, const Watcher*>;  // database and hash; who watches
  using Watches = std::map<Place, Watch>;
  static uint64_t IdOf(int database, uint64_t hash) {
    return static_cast<uint64_t>(database) << kNameHashBits | hash;
  }

  Watches TakeAll(int database);

  Watches watches_;
};

}  // namespace tally::storage
