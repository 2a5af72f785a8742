#pragma once

#include <cstdint>
#include <deque>

#include "server/exchange.h"
#include "server/mailbox.h"
#include "server/publication.h"
#include "server/reply_gate.h"
#include "storage/commit_log.h"
#include "storage/ticket.h"

namespace tally::server {

/// Publishes what happened to keys (KeyEvents) once it is durable: nobody hears of a change that a crash could
/// take back.
///
/// Order: everything goes to one core, the first, by mail from others, and leaves there in the order in which
/// it came, each turn's or spanning operation's events together. Shards announce when they close their change
/// set, and a spanning operation before it leaves its shards. So what happened to one key is told in its order,
/// however many shards took part, and all subscribers hear everything in the same order.
///
/// Thread: `Announce` any core's; the rest is the first core's. Limits: what waits here has not been
/// committed yet, which the commit log bounds.
class Announcer final : private HeldReply {
 public:
  /// `home` is the first core's gate. All outlive its use.
  Announcer(Mailboxes* mailboxes, Exchange* exchange, ReplyGate* home,
            const storage::CommitLog* log)
      : mailboxes_(mailboxes), exchange_(exchange), home_(home), log_(log) {}

  /// On the thread of `core`: publishes once `ticket`, which has been given, is durable; never within the call.
  void Announce(uint32_t core, storage::Ticket ticket, Publications publications);

 private:
  struct Waiting {
    storage::Ticket ticket;
    Publications publications;
  };

  // The gate's: the first that waits is durable.
  void Release() override;
  void SendDue();
  void Hold();

  Mailboxes* const mailboxes_;
  Exchange* const exchange_;
  ReplyGate* const home_;
  const storage::CommitLog* const log_;
  std::deque<Waiting> waiting_;
  bool is_held_ = false;  // at the gate
};

}  // namespace tally::server
