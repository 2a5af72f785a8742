#include "server/tracking_registry.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace tally::server {

TrackingLease::TrackingLease(TrackingRegistry* registry, std::shared_ptr<ClientTracker> tracker)
    : registry_(registry), tracker_(std::move(tracker)) {
  registry_->Add(tracker_);
}

TrackingLease::~TrackingLease() { registry_->Remove(tracker_); }

TrackingRegistry::TrackingRegistry(Mailboxes* mailboxes) {
  for (uint32_t core = 0; core < mailboxes->size(); ++core) {
    inboxes_.push_back(std::make_unique<InvalidationInbox>(&mailboxes->of(core)));
  }
}

std::shared_ptr<TrackingLease> TrackingRegistry::Begin(uint64_t client_id, uint32_t core) {
  return std::make_shared<TrackingLease>(this, std::make_shared<ClientTracker>(client_id, core));
}

void TrackingRegistry::Add(const TrackerPtr& tracker) {
  const storage::MutexLock lock(mutex_);
  trackers_.insert(tracker);
  totals_.trackers.store(trackers_.size(), std::memory_order_seq_cst);
}

void TrackingRegistry::Remove(const TrackerPtr& tracker) {
  tracker->End();
  const storage::MutexLock lock(mutex_);
  trackers_.erase(tracker);
  for (auto prefix = prefixes_.begin(); prefix != prefixes_.end();) {
    std::erase(prefix->second, tracker);
    prefix = prefix->second.empty() ? prefixes_.erase(prefix) : std::next(prefix);
  }
  prefix_count_.store(prefixes_.size(), std::memory_order_seq_cst);
  totals_.trackers.store(trackers_.size(), std::memory_order_seq_cst);
  totals_.ended.fetch_add(1, std::memory_order_release);
}

void TrackingRegistry::AddPrefix(const TrackerPtr& tracker, const std::string& prefix) {
  const storage::MutexLock lock(mutex_);
  std::vector<TrackerPtr>& trackers = prefixes_[prefix];
  if (std::ranges::find(trackers, tracker) == trackers.end()) trackers.push_back(tracker);
  prefix_count_.store(prefixes_.size(), std::memory_order_seq_cst);
}

void TrackingRegistry::Route(Invalidation invalidation, News* news) const {
  ClientTracker& tracker = *invalidation.tracker;
  if (tracker.ended()) return;
  uint32_t core = tracker.core();
  invalidation.redirect = tracker.redirect();
  if (invalidation.redirect != 0) {
    if (const std::optional<uint32_t> found = clients_.CoreOf(invalidation.redirect)) {
      core = *found;
    } else {
      tracker.set_broken();
      invalidation.kind = Invalidation::Kind::kBroken;
    }
  }
  (*news)[core].push_back(std::move(invalidation));
}

// One message for each prefix, as in Redis, with the keys in their order.
void TrackingRegistry::RouteBroadcast(const Broadcast& changed, News* news) {
  using Keys = std::vector<std::string>;
  for (const auto& [prefix, trackers] : prefixes_) {
    const auto begin = changed.lower_bound(prefix);
    const auto end = std::find_if_not(begin, changed.end(),
                                      [start = std::string_view(prefix)](const auto& change) {
                                        return change.first.starts_with(start);
                                      });
    if (begin == end) continue;
    const auto all = std::make_shared<Keys>();
    for (auto change = begin; change != end; ++change) all->push_back(change->first);
    for (const TrackerPtr& tracker : trackers) {
      std::shared_ptr<const Keys> keys = all;
      if (tracker->no_loop()) {
        const auto others = std::make_shared<Keys>();
        for (auto change = begin; change != end; ++change) {
          if (change->second != tracker) others->push_back(change->first);
        }
        if (others->empty()) continue;
        keys = others;
      }
      Route({.kind = Invalidation::Kind::kKeys, .keys = keys, .tracker = tracker}, news);
    }
  }
}

void TrackingRegistry::Tell(const TrackedChanges& changes) {
  News news(inboxes_.size());
  {
    const storage::MutexLock lock(mutex_);
    for (const TrackedChange& change : changes.changes) {
      if (change.is_flush) {
        for (const TrackerPtr& tracker : trackers_) {
          if (tracker == change.but) continue;
          Route({.kind = Invalidation::Kind::kAll, .keys = nullptr, .tracker = tracker}, &news);
        }
        continue;
      }
      const auto kind =
          change.is_for_all_keys ? Invalidation::Kind::kAll : Invalidation::Kind::kKeys;
      const auto keys = std::make_shared<const std::vector<std::string>>(1, change.key);
      for (const TrackerPtr& tracker : change.trackers) {
        Route({.kind = kind, .keys = keys, .tracker = tracker}, &news);
      }
    }
    if (!changes.broadcast.empty()) RouteBroadcast(changes.broadcast, &news);
  }
  for (size_t core = 0; core < news.size(); ++core) {
    if (!news[core].empty()) inboxes_[core]->Push(std::move(news[core]));
  }
}

void TrackingRegistry::DeliverAll(uint32_t core) {
  for (const Invalidation& invalidation : inboxes_[core]->Take()) {
    const bool redirected =
        invalidation.redirect != 0 && invalidation.kind != Invalidation::Kind::kBroken;
    const uint64_t id = redirected ? invalidation.redirect : invalidation.tracker->client_id();
    InvalidationReceiver* const receiver = clients_.Find(id, core);
    if (receiver != nullptr) {
      receiver->OnInvalidation(invalidation);
    } else if (redirected) {
      Report(invalidation.tracker);  // it has left in the meantime
    }
  }
}

void TrackingRegistry::Report(const TrackerPtr& tracker) {
  if (tracker->ended()) return;
  tracker->set_broken();
  inboxes_[tracker->core()]->Push({Invalidation{.kind = Invalidation::Kind::kBroken,
                                                .keys = nullptr,
                                                .tracker = tracker,
                                                .redirect = tracker->redirect()}});
}

}  // namespace tally::server
