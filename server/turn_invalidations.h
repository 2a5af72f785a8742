#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/tracking.h"
#include "server/tracking_registry.h"
#include "storage/durable_notice.h"
#include "storage/tracking_table.h"

namespace tally::server {

/// What trackers are to be told of one core's turn. Its shard's tracking table adds (while a spanning operation is
/// inside, those of all its shards add to that of the last one); when the turn is closed, all of it goes to the
/// commit log with the change set, or, where nothing has changed, is told at once.
///
/// What a client itself has changed it is told behind the reply to its request, as in Redis: whoever ran the request
/// takes that (`WriteOwn`), and it waits where the reply waits.
///
/// Thread: the core's, or that of the spanning operation. Limits: those of the turn's changes.
class TurnInvalidations final : public storage::ChangeListener {
 public:
  explicit TurnInvalidations(TrackingRegistry* registry) : registry_(registry) {}

  [[nodiscard]] TrackingRegistry& registry() { return *registry_; }

  /// A request of this tracker's client runs, until End.
  void Begin(ClientTracker* current) { current_ = current; }
  void End() { current_ = nullptr; }
  /// What requests of a client have changed of its own copies, and were not asked for yet, as pushes; nothing for
  /// RESP2, which has none.
  void WriteOwn(int resp, std::string* out);
  /// The same for `tracker`'s client, be it that the reply is `silent` or comes later: then there is none to put it
  /// behind, and it is told like all the rest.
  void TellOwn(ClientTracker* tracker, bool silent, int resp, std::string* out);

  [[nodiscard]] bool empty() const { return changes_.empty(); }
  /// What there is, to be told when its change set is durable; null: nothing.
  [[nodiscard]] std::unique_ptr<storage::DurableNotice> Take();
  /// Tells what there is; where no change set comes that it could wait for.
  void TellNow();

  bool OnChange(std::string_view name, storage::Trackers trackers, bool expired) override;
  void OnForgotten(std::string_view name, storage::Trackers trackers) override;
  void OnFlush() override;

 private:
  void TellOwnLikeOthers(ClientTracker* tracker);
  bool Note(std::string_view name, storage::Trackers trackers, bool spares_own);
  [[nodiscard]] bool IsOwn(const ClientTracker* tracker) const {
    return tracker == current_ && tracker->redirect() == 0;
  }

  TrackingRegistry* const registry_;
  ClientTracker* current_ = nullptr;
  TrackedChanges changes_;
  std::vector<std::optional<std::string>> own_;  // keys; nullopt: all of them
};

}  // namespace tally::server
