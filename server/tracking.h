#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "storage/tracking_table.h"

namespace tally::server {

class TrackingRegistry;

/// What CLIENT TRACKING ON asks for.
struct TrackingOptions {
  bool broadcast = false;  ///< told of all keys with its prefixes, not of those that it has read
  bool opt_in = false;     ///< reads behind CLIENT CACHING YES only
  bool opt_out = false;    ///< all reads but those behind CLIENT CACHING NO
  bool no_loop = false;    ///< not of its own changes
  uint64_t redirect = 0;   ///< the client that is told instead; 0: itself
  std::set<std::string, std::less<>> prefixes = {};  ///< with `broadcast`; "" is all
};

/// A client that keeps copies, as shards' tables and commits see it. Thread: any.
class ClientTracker final : public storage::Tracker,
                            public std::enable_shared_from_this<ClientTracker> {
 public:
  ClientTracker(uint64_t client_id, uint32_t core) : client_id_(client_id), core_(core) {}

  [[nodiscard]] uint64_t client_id() const { return client_id_; }
  /// Where the client's connection is.
  [[nodiscard]] uint32_t core() const { return core_; }
  [[nodiscard]] uint64_t redirect() const { return redirect_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool broadcast() const { return broadcast_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool no_loop() const { return no_loop_.load(std::memory_order_relaxed); }
  /// Somebody was to be told by way of `redirect()`, who is gone.
  [[nodiscard]] bool broken() const { return broken_.load(std::memory_order_relaxed); }
  void set_broken() { broken_.store(true, std::memory_order_relaxed); }

  void Configure(const TrackingOptions& options) {
    redirect_.store(options.redirect, std::memory_order_relaxed);
    broadcast_.store(options.broadcast, std::memory_order_relaxed);
    no_loop_.store(options.no_loop, std::memory_order_relaxed);
    broken_.store(false, std::memory_order_relaxed);
  }

 private:
  const uint64_t client_id_;
  const uint32_t core_;
  std::atomic<uint64_t> redirect_{0};
  std::atomic<bool> broadcast_{false};
  std::atomic<bool> no_loop_{false};
  std::atomic<bool> broken_{false};
};

/// As long as this lives its tracker is told of changes.
class TrackingLease {
 public:
  TrackingLease(TrackingRegistry* registry, std::shared_ptr<ClientTracker> tracker);
  ~TrackingLease();
  TrackingLease(const TrackingLease&) = delete;
  TrackingLease& operator=(const TrackingLease&) = delete;
  [[nodiscard]] ClientTracker& tracker() const { return *tracker_; }

 private:
  TrackingRegistry* const registry_;
  const std::shared_ptr<ClientTracker> tracker_;
};

/// A client's tracking, as of its last CLIENT TRACKING ON. Does not change, so copies of the client's state share
/// it; each CLIENT TRACKING ON makes another one with the same lease.
struct Tracking {
  TrackingOptions options;
  std::shared_ptr<TrackingLease> lease;

  [[nodiscard]] ClientTracker& tracker() const { return lease->tracker(); }
  /// Whether keys that are read now are to be remembered. `caching`: CLIENT CACHING has said so.
  [[nodiscard]] bool Remembers(bool caching) const {
    if (options.broadcast) return false;
    if (options.opt_in) return caching;
    return !(options.opt_out && caching);
  }
};

}  // namespace tally::server
