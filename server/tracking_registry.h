#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/client_directory.h"
#include "server/invalidation.h"
#include "server/mailbox.h"
#include "server/tracking.h"
#include "storage/thread_annotations.h"
#include "storage/tracking_table.h"

namespace tally::server {

/// What has happened that trackers are to be told of, in order.
struct TrackedChange {
  std::string key;
  std::vector<std::shared_ptr<ClientTracker>> trackers;
  bool is_for_all_keys = false;  ///< these trackers are told that nothing is true
  bool is_flush = false;         ///< everybody is told that nothing is true, …
  /// … but this one, who is told otherwise; null: really everybody.
  std::shared_ptr<const ClientTracker> but = nullptr;
};
struct TrackedChanges {
  std::vector<TrackedChange> changes;
  /// Keys that may have prefixes which somebody wants to hear of, and who has changed them last (null: nobody, or
  /// time has).
  std::map<std::string, std::shared_ptr<const ClientTracker>> broadcast;

  [[nodiscard]] bool empty() const { return changes.empty() && broadcast.empty(); }
};

/// All clients of the server that keep copies (CLIENT TRACKING), and the way on which they are told.
///
/// `Tell` puts everything into the inboxes of those cores where it belongs, before it returns. Called in a commit,
/// by its DurableNotice, that is before anybody sees what the commit has made durable.
///
/// Thread: any.
class TrackingRegistry {
 public:
  explicit TrackingRegistry(Mailboxes* mailboxes);

  [[nodiscard]] ClientDirectory& clients() { return clients_; }
  [[nodiscard]] const ClientDirectory& clients() const { return clients_; }
  [[nodiscard]] storage::TrackingTotals& totals() { return totals_; }
  [[nodiscard]] const storage::TrackingTotals& totals() const { return totals_; }
  [[nodiscard]] InvalidationInbox& inbox(uint32_t core) { return *inboxes_[core]; }

  /// A client begins to keep copies. `core`: that of its connection.
  [[nodiscard]] std::shared_ptr<TrackingLease> Begin(uint64_t client_id, uint32_t core);
  /// It wants to hear of all keys with this prefix, too.
  void AddPrefix(const std::shared_ptr<ClientTracker>& tracker, const std::string& prefix)
      EXCLUDES(mutex_);
  /// Prefixes of which somebody wants to hear, each once.
  [[nodiscard]] size_t prefixes() const { return prefix_count_.load(std::memory_order_relaxed); }

  void Tell(const TrackedChanges& changes) EXCLUDES(mutex_);
  /// On the core's thread: hands what is in its inbox to its clients. False: there was nothing.
  bool Deliver(uint32_t core) {
    if (inboxes_[core]->empty()) [[likely]]
      return false;
    DeliverAll(core);
    return true;
  }

 private:
  friend class TrackingLease;
  using TrackerPtr = std::shared_ptr<ClientTracker>;
  using News = std::vector<std::vector<Invalidation>>;  // by core
  using Broadcast = std::map<std::string, std::shared_ptr<const ClientTracker>>;

  void Add(const TrackerPtr& tracker) EXCLUDES(mutex_);
  void Remove(const TrackerPtr& tracker) EXCLUDES(mutex_);
  void Route(Invalidation invalidation, News* news) const;
  void RouteBroadcast(const Broadcast& changed, News* news) REQUIRES(mutex_);
  void DeliverAll(uint32_t core);
  void Report(const TrackerPtr& tracker);

  ClientDirectory clients_;
  storage::TrackingTotals totals_;
  std::vector<std::unique_ptr<InvalidationInbox>> inboxes_;
  std::atomic<size_t> prefix_count_{0};
  storage::Mutex mutex_;
  std::set<TrackerPtr> trackers_ GUARDED_BY(mutex_);
  std::map<std::string, std::vector<TrackerPtr>> prefixes_ GUARDED_BY(mutex_);
};

}  // namespace tally::server
