#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/operation.h"
#include "server/walk_line.h"

namespace tally::server {

/// The names that a walk finds for one client, encoded as they come, and their way to it.
///
/// Thread: one at a time. Limits: what the walk finds; how many gather at a time is the line's matter.
class GatheredNames {
 public:
  /// A client that has ended its input may only have finished sending. It is still told so much; more
  /// only if no other client waits for its turn.
  static constexpr size_t kToldToWhoeverLeftBytes = size_t{64} << 10;

  explicit GatheredNames(std::shared_ptr<DeferredReply> token) : token_(std::move(token)) {}

  void set_place(std::shared_ptr<WalkPlace> place) { place_ = std::move(place); }
  void Add(std::string_view name);
  /// False: there is no use in going on, nobody would read it.
  [[nodiscard]] bool IsWanted() const;

  // One of the two, once.
  /// Sends `head` and the array of names.
  void Send(std::string head);
  void SendUnreadable();

 private:
  const std::shared_ptr<DeferredReply> token_;
  std::shared_ptr<WalkPlace> place_;  // null: it has none in the line
  std::string bytes_;
  size_t count_ = 0;
};

}  // namespace tally::server
