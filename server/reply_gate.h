#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/ticket.h"

namespace tally::server {

/// Something that may be told to a client only once a ticket is durable.
class HeldReply {
 public:
  HeldReply() = default;
  HeldReply(const HeldReply&) = delete;
  HeldReply& operator=(const HeldReply&) = delete;
  virtual ~HeldReply() = default;

  /// The ticket is durable. Called once, on the gate's thread; may destroy the object.
  virtual void Release() = 0;

 private:
  friend class ReplyGate;
  HeldReply* next_held_ = nullptr;
};

/// The output gate of a shard: keeps replies until the change sets on which they depend are durable,
/// so that nobody is told what a crash could take back.
///
/// Order: replies that wait for the same ticket leave in the order they came; those of a lower ticket
/// leave first. A reply whose ticket is durable already does not belong here: it is never held.
/// Thread: the shard's. Limits: none of its own; a connection bounds what it has in flight. Replies
/// are linked, not copied, and the gate allocates nothing once warm. What is still held when the gate
/// is destroyed is never released.
class ReplyGate {
 public:
  /// `ticket` is `kOpenTicket` for a change of the turn that is still open, else one already given.
  void Hold(storage::Ticket ticket, HeldReply* reply);
  /// The open turn's change set got this ticket, higher than all before.
  void CloseTurn(storage::Ticket ticket);
  /// Releases everything that depends on tickets up to `durable`. Returns how many.
  size_t Release(storage::Ticket durable);

  /// Whether Release(durable) would release something.
  [[nodiscard]] bool CanRelease(storage::Ticket durable) const {
    return !waiting_.empty() && waiting_.front().ticket <= durable;
  }
  [[nodiscard]] bool empty() const { return waiting_.empty() && open_.first == nullptr; }
  /// Whether replies wait for tickets that have been given (not only for the open turn's).
  [[nodiscard]] bool waits() const { return !waiting_.empty(); }
  /// Whether replies wait for the turn that is still open.
  [[nodiscard]] bool waits_for_open_turn() const { return open_.first != nullptr; }
  /// How many replies were ever held.
  [[nodiscard]] uint64_t held_count() const { return held_count_; }
  /// How long those waited, together, that were released; of a reply to the open turn, since its end.
  [[nodiscard]] uint64_t held_us() const { return held_us_; }

 private:
  struct List {
    HeldReply* first = nullptr;
    HeldReply* last = nullptr;
    uint64_t count = 0;
    uint64_t since_us = 0;  // the sum of the moments at which their waiting began
  };
  struct Waiting {
    storage::Ticket ticket;
    List replies;
  };

  static void Append(List* list, HeldReply* reply);

  List open_;
  std::vector<Waiting> waiting_;  // ascending tickets, none twice; few, since commits take all
  std::vector<Waiting> released_;
  uint64_t held_count_ = 0;
  uint64_t held_us_ = 0;
};

}  // namespace tally::server
