#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/input_gate.h"
#include "server/mailbox.h"
#include "server/operation.h"
#include "server/reply_gate.h"
#include "server/request_list.h"
#include "server/requester.h"
#include "server/shard.h"
#include "server/transaction_run.h"
#include "storage/key.h"

namespace tally::server {

/// One command whose keys lie on more than one shard, or that needs them all; or a transaction, EXEC with
/// all that it runs (transaction_run.h), be it on one shard.
///
/// It travels from shard to shard in ascending order (so two of them never wait for each other) and
/// enters each; a shard that it is inside runs nothing else. On the last one it runs the handler, which
/// sees all these keyspaces; *one* change set with the changes on all of them is appended, and only then
/// the shards are left. So it is atomic for every reader, and recovered whole or not at all.
///
/// Where something may be cold it first makes a round without entering: at each shard it waits until its
/// keys there are in memory, and pins them. So no shard stands still while another one reads from the
/// disk. It never waits at an input gate while it is inside a shard: what it would wait for may need just
/// that shard (room for writes needs a checkpoint, and that every shard). If it finds that it has to,
/// it leaves what it has entered, where nothing has changed yet, and makes the round.
///
/// The order with its own connection's earlier operations comes from the mailboxes: those were pushed
/// before it set out. Later ones wait in the session until it has run.
///
/// Thread: one core at a time. The session outlives it, and is stalled until it has run.
class SpanningOperation final : public Message, public HeldReply {
 public:
  /// Who asks, its core, and what stands on every core.
  struct Route {
    Requester* requester;
    uint32_t origin;
    Mailboxes* mailboxes;
    const std::vector<Shard*>* shards;
    const ShardMap* shard_map;
  };

  /// `requests` is sealed, and one request where there is no `transaction`; `request` has what they have in
  /// common. `visits` are the shards, ascending.
  SpanningOperation(const Route& route, const Request& request,
                    std::shared_ptr<const RequestList> requests,
                    std::unique_ptr<TransactionRun> transaction, uint64_t place, bool suppressed,
                    std::vector<uint32_t> visits);

  /// Sends it to its first shard; from then on it is the receiver's. By mail even to this core's own, if
  /// operations that were sent there before have to be in front.
  static void Start(std::unique_ptr<SpanningOperation> operation, bool behind_mail);

  void Deliver(std::unique_ptr<Message> self) override;
  /// The gate lets the reply go.
  void Release() override;

  // Back on the session's core.
  [[nodiscard]] uint64_t place() const { return place_; }
  [[nodiscard]] bool suppressed() const { return suppressed_; }
  /// The reply came with the news that it has run (else OnSpanningExecuted came before).
  [[nodiscard]] bool told_at_once() const { return told_at_once_; }
  [[nodiscard]] const std::string& reply() const { return reply_; }
  /// What a transaction made of the client's state; else null.
  [[nodiscard]] const ClientState* client() const {
    return transaction_ == nullptr ? nullptr : transaction_->client().get();
  }

 private:
  [[nodiscard]] std::vector<NeededKey> KeysOn(Shard* shard) const;
  [[nodiscard]] bool HasToWait(Shard* shard, std::unique_ptr<Message>* self);
  void BackOff(std::unique_ptr<Message> self);
  void PinOn(Shard* shard);
  void Run(Shard* last);
  void RunHandlers(Shard* last);
  void Tell(Shard* last, std::unique_ptr<Message> self);
  void LeaveOther(Shard* shard, bool entered);
  static void Unpin(const std::vector<NeededKey>& keys, Shard* shard);
  void TellExecuted(const Shard& last);

  Route route_;
  Request request_;
  std::shared_ptr<const RequestList> requests_;
  std::unique_ptr<TransactionRun> transaction_;
  uint64_t place_;
  bool suppressed_;
  std::vector<uint32_t> visits_;
  size_t next_visit_ = 0;
  bool gathers_ = false;                      // the round before entering
  std::vector<std::vector<NeededKey>> pins_;  // what that round has pinned, by shard
  bool unreadable_ = false;
  bool has_room_ = false;                      // it was let in to write
  std::shared_ptr<ClientTracker> tracker_;     // of the request
  std::vector<storage::Keyspace*> keyspaces_;  // by shard; null where not entered
  Outcome outcome_;
  bool executed_ = false;
  bool told_at_once_ = false;
  std::string reply_;
};

}  // namespace tally::server
