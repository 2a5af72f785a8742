#include "server/turn_invalidations.h"

#include <algorithm>

#include "protocol/reply.h"

namespace tally::server {

namespace {

class InvalidationNotice final : public storage::DurableNotice {
 public:
  InvalidationNotice(TrackingRegistry* registry, TrackedChanges changes)
      : registry_(registry), changes_(std::move(changes)) {}
  void Tell() override { registry_->Tell(changes_); }

 private:
  TrackingRegistry* const registry_;
  const TrackedChanges changes_;
};

}  // namespace

void TurnInvalidations::WriteOwn(int resp, std::string* out) {
  if (own_.empty()) return;
  if (resp > 2) {
    protocol::ReplyWriter reply(out, resp);
    for (const std::optional<std::string>& key : own_) {
      WriteInvalidationHead(&reply);
      if (!key) {
        reply.Null();
        continue;
      }
      reply.Array(1);
      reply.Bulk(*key);
    }
  }
  own_.clear();
}

void TurnInvalidations::TellOwnLikeOthers(ClientTracker* tracker) {
  for (std::optional<std::string>& key : std::exchange(own_, {})) {
    TrackedChange change;
    change.trackers.push_back(tracker->shared_from_this());
    change.is_for_all_keys = !key;
    if (key) change.key = *std::move(key);
    changes_.changes.push_back(std::move(change));
  }
}

void TurnInvalidations::TellOwn(ClientTracker* tracker, bool silent, int resp, std::string* out) {
  if (silent) {
    TellOwnLikeOthers(tracker);
  } else {
    WriteOwn(resp, out);
  }
}

std::unique_ptr<storage::DurableNotice> TurnInvalidations::Take() {
  if (changes_.empty()) return nullptr;
  return std::make_unique<InvalidationNotice>(registry_, std::exchange(changes_, {}));
}

void TurnInvalidations::TellNow() {
  if (changes_.empty()) return;
  registry_->Tell(std::exchange(changes_, {}));
}

bool TurnInvalidations::Note(std::string_view name, storage::Trackers trackers, bool spares_own) {
  bool is_told = false;
  TrackedChange change;
  for (std::shared_ptr<storage::Tracker>& one : trackers) {
    auto tracker = std::static_pointer_cast<ClientTracker>(std::move(one));
    if (tracker->ended()) continue;
    if (spares_own && tracker.get() == current_ && tracker->no_loop()) continue;
    is_told = true;
    if (IsOwn(tracker.get())) {
      own_.emplace_back(name);
    } else {
      change.trackers.push_back(std::move(tracker));
    }
  }
  if (change.trackers.empty()) return is_told;
  change.key = name;
  changes_.changes.push_back(std::move(change));
  return true;
}

bool TurnInvalidations::OnChange(std::string_view name, storage::Trackers trackers, bool expired) {
  bool is_told = !trackers.empty() && Note(name, std::move(trackers), /*spares_own=*/true);
  if (registry_->prefixes() == 0) return is_told;
  std::shared_ptr<const ClientTracker> by;
  if (!expired && current_ != nullptr) by = current_->shared_from_this();
  changes_.broadcast[std::string(name)] = std::move(by);
  return true;
}

// Redis spares the client that reads what there is no room for if it has said NOLOOP, which then keeps a copy
// that nobody watches over.
void TurnInvalidations::OnForgotten(std::string_view name, storage::Trackers trackers) {
  static_cast<void>(Note(name, std::move(trackers), /*spares_own=*/false));
}

void TurnInvalidations::OnFlush() {
  TrackedChange change;
  change.is_flush = true;
  if (current_ != nullptr && IsOwn(current_)) {
    change.but = current_->shared_from_this();
    own_.emplace_back(std::nullopt);
  }
  changes_.changes.push_back(std::move(change));
}

}  // namespace tally::server
