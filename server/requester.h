#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace tally::server {

class Broadcast;
class OperationBatch;
class ReplyHold;
class SpanningOperation;
struct ClientState;

/// Who sent operations away and gets their replies back: a session, as those see it who carry them.
///
/// Thread: everything is called on the requester's own core. It lives until all that it has in flight
/// is back.
class Requester {
 public:
  virtual void OnBatchReplies(const OperationBatch& batch) = 0;
  /// The spanning operation has run; its reply follows (later, if `deferred`, as a deferred one).
  /// `client`: after a transaction, the state that its commands left; else null.
  virtual void OnSpanningExecuted(bool deferred, const ClientState* client) = 0;
  virtual void OnSpanningReply(const SpanningOperation& operation) = 0;
  /// `bytes` is one encoded reply; `hold` (or null) ends when the client has taken it.
  virtual void OnDeferredReply(std::string bytes, std::shared_ptr<ReplyHold> hold) = 0;
  /// What this core's own shard had replied into `place` is durable.
  virtual void OnLocalRelease(uint64_t place) = 0;
  /// What it had sent has been to all cores.
  virtual void OnPublished(const Broadcast& broadcast) = 0;
  /// Any thread, while something is in flight: the client says nothing more, or is gone. Nothing shall
  /// wait for ever on its behalf.
  [[nodiscard]] virtual bool has_left() const { return false; }
  /// Likewise: the connection is closed.
  [[nodiscard]] virtual bool is_gone() const { return false; }

 protected:
  ~Requester() = default;
};

}  // namespace tally::server
