#include "server/spanning_operation.h"

#include <algorithm>
#include <utility>

#include "protocol/errors.h"
#include "server/shard_visit.h"
#include "server/wall_clock.h"

namespace tally::server {

SpanningOperation::SpanningOperation(const Route& route, const Request& request,
                                     std::shared_ptr<const RequestList> requests,
                                     std::unique_ptr<TransactionRun> transaction, uint64_t place,
                                     bool suppressed, std::vector<uint32_t> visits)
    : route_(route),
      request_(request),
      requests_(std::move(requests)),
      transaction_(std::move(transaction)),
      place_(place),
      suppressed_(suppressed),
      visits_(std::move(visits)),
      pins_(route.shards->size()),
      tracker_(request.tracker == nullptr ? nullptr : request.tracker->shared_from_this()),
      keyspaces_(route.shards->size(), nullptr) {}

void SpanningOperation::Start(std::unique_ptr<SpanningOperation> operation, bool behind_mail) {
  SpanningOperation* const raw = operation.get();
  raw->gathers_ = !raw->requests_->needed().empty() &&
                  std::any_of(raw->visits_.begin(), raw->visits_.end(), [raw](uint32_t visit) {
                    return (*raw->route_.shards)[visit]->may_be_cold();
                  });
  const uint32_t first = raw->visits_.front();
  if (first == raw->route_.origin && !behind_mail) {
    raw->Deliver(std::move(operation));
  } else {
    raw->route_.mailboxes->Send(first, std::move(operation));
  }
}

void SpanningOperation::Deliver(std::unique_ptr<Message> self) {
  if (executed_) {
    route_.requester->OnSpanningReply(*this);
    return;
  }
  Shard* const shard = (*route_.shards)[visits_[next_visit_]];
  if (shard->occupied()) {
    shard->Park(std::move(self));
    return;
  }
  if (HasToWait(shard, &self)) return;
  if (gathers_) {
    PinOn(shard);
    if (next_visit_ + 1 == visits_.size()) {
      gathers_ = false;
      next_visit_ = 0;
      route_.mailboxes->Send(visits_.front(), std::move(self));
      return;
    }
  } else {
    keyspaces_[shard->number()] = shard->Enter();
  }
  if (++next_visit_ < visits_.size()) {
    const uint32_t next = visits_[next_visit_];
    route_.mailboxes->Send(next, std::move(self));
    return;
  }
  Run(shard);
  Unpin(pins_[shard->number()], shard);
  Tell(shard, std::move(self));
  shard->Leave();
}

void SpanningOperation::Tell(Shard* last, std::unique_ptr<Message> self) {
  if (!last->IsDurable(outcome_.depends_on)) {
    // The session goes on with its next request; the reply follows, when the gate lets it go.
    TellExecuted(*last);
    [[maybe_unused]] Message* const held = self.release();
    last->gate().Hold(outcome_.depends_on, this);
  } else if (outcome_.deferred) {
    TellExecuted(*last);
    if (transaction_ != nullptr) transaction_->Told();
  } else {
    told_at_once_ = true;
    if (route_.origin == last->number()) {
      route_.requester->OnSpanningReply(*this);
    } else {
      route_.mailboxes->Send(route_.origin, std::move(self));
    }
  }
}

// As they are stored now: that may be another database when the shard is visited again.
std::vector<NeededKey> SpanningOperation::KeysOn(Shard* shard) const {
  std::vector<NeededKey> needed;
  for (const NamedKey& named : requests_->needed()) {
    if (route_.shard_map->ShardOf(named.key.slot) != shard->number()) continue;
    needed.push_back({shard->keyspace().map().StoredOf(named.database), named.key});
  }
  return needed;
}

// True: *self waits at the shard's input gate, and is delivered again.
bool SpanningOperation::HasToWait(Shard* shard, std::unique_ptr<Message>* self) {
  InputGate& input_gate = shard->input_gate();
  const bool is_inside_others = !gathers_ && next_visit_ > 0;
  if (input_gate.MustQueue(route_.requester)) {
    if (is_inside_others) {
      BackOff(std::move(*self));
    } else {
      input_gate.Wait(route_.requester, std::move(*self), {});
    }
    return true;
  }
  // Before it holds up anybody.
  if (!has_room_ && !shard->HasRoomFor(requests_->flags())) {
    has_room_ = true;  // when it comes back
    input_gate.WaitForRoom(route_.requester, std::move(*self));
    return true;
  }
  has_room_ = true;  // asked once, on the first shard
  if (shard->keyspace().is_complete()) return false;
  const std::vector<NeededKey> needed = KeysOn(shard);
  bool is_cold = false;
  for (const NeededKey& key : needed) {
    if (shard->keyspace().Knows(key.database, key.key)) continue;
    if (input_gate.IsUnreadable(key.database, key.key)) unreadable_ = true;
    is_cold = true;
  }
  if (!is_cold || unreadable_) return false;
  if (is_inside_others) {
    BackOff(std::move(*self));
  } else {
    input_gate.Wait(route_.requester, std::move(*self), needed);
  }
  return true;
}

void SpanningOperation::BackOff(std::unique_ptr<Message> self) {
  for (size_t i = 0; i < visits_.size(); ++i) {
    Shard* const shard = (*route_.shards)[visits_[i]];
    keyspaces_[visits_[i]] = nullptr;
    LeaveOther(shard, /*entered=*/i < next_visit_);
  }
  gathers_ = true;
  next_visit_ = 0;
  route_.mailboxes->Send(visits_.front(), std::move(self));
}

void SpanningOperation::PinOn(Shard* shard) {
  std::vector<NeededKey>& pins = pins_[shard->number()];
  pins = KeysOn(shard);
  for (NeededKey& key : pins) {
    shard->keyspace().pins().PinKey(key.database, key.key);
    key.key.name = {};  // this may be gone when it is unpinned
  }
}

void SpanningOperation::LeaveOther(Shard* shard, bool entered) {
  std::vector<NeededKey> pinned = std::exchange(pins_[shard->number()], {});
  if (entered) {
    route_.mailboxes->Call(shard->number(), [shard, pinned = std::move(pinned)] {
      Unpin(pinned, shard);
      shard->Leave();
    });
  } else if (!pinned.empty()) {
    route_.mailboxes->Send(
        shard->number(),
        std::make_unique<ShardVisit>(shard, [shard, pinned = std::move(pinned)](
                                                storage::Keyspace&) { Unpin(pinned, shard); }));
  }
}

void SpanningOperation::Unpin(const std::vector<NeededKey>& keys, Shard* shard) {
  for (const NeededKey& key : keys) {
    shard->keyspace().pins().UnpinKey(key.database, key.key);
  }
}

// Without mail where the session is at home: a pipeline's transactions then share a turn.
void SpanningOperation::TellExecuted(const Shard& last) {
  if (route_.origin == last.number()) {
    route_.requester->OnSpanningExecuted(outcome_.deferred, client());
    return;
  }
  std::shared_ptr<const ClientState> client;
  if (transaction_ != nullptr) client = transaction_->client();
  route_.mailboxes->Call(route_.origin,
                         [requester = route_.requester, deferred = outcome_.deferred, client] {
                           requester->OnSpanningExecuted(deferred, client.get());
                         });
}

void SpanningOperation::RunHandlers(Shard* last) {
  request_.now_ms = WallClock::NowMs();
  if (transaction_ != nullptr) {
    if (unreadable_) {
      transaction_->Refuse(protocol::errors::kUnreadable, request_.now_ms, keyspaces_.data(), last,
                           &reply_);
    } else {
      outcome_ = transaction_->Run(request_, keyspaces_.data(), route_.shard_map, last, &reply_);
    }
    return;
  }
  request_.command = &requests_->command(0);
  request_.args = requests_->args(0);
  request_.keys = requests_->keys(0);
  if (unreadable_) {
    last->executor().Refuse(request_.command, protocol::errors::kUnreadable, request_.resp,
                            &reply_);
  } else {
    outcome_ = last->executor().Run(request_, keyspaces_.data(), &reply_);
    if (tracker_ != nullptr) {
      last->executor().invalidations().TellOwn(tracker_.get(), suppressed_ || outcome_.deferred,
                                               request_.resp, &reply_);
    }
  }
}

void SpanningOperation::Run(Shard* last) {
  // One order for all that happens, on whichever of them.
  for (const uint32_t visit : visits_) {
    keyspaces_[visit]->set_expiry_listener(&last->executor().key_events());
    keyspaces_[visit]->tracking().set_listener(&last->executor().invalidations());
  }
  RunHandlers(last);
  executed_ = true;

  std::string change_set;
  bool changed = false;
  storage::Ticket ticket = storage::kNoTicket;
  for (const uint32_t visit : visits_) {
    storage::Keyspace& keyspace = *keyspaces_[visit];
    if (!keyspace.has_changes()) continue;
    // What becomes of whole databases is the same on every shard: written once, before any object.
    if (!changed) keyspace.EncodeDatabases(&change_set);
    changed = true;
  }
  if (changed) {
    for (const uint32_t visit : visits_) keyspaces_[visit]->EncodeObjects(&change_set);
    for (const uint32_t visit : visits_) keyspaces_[visit]->EncodeCounts(&change_set);
    ticket = last->log().Append(change_set, last->executor().invalidations().Take());
    for (const uint32_t visit : visits_) {
      if (keyspaces_[visit]->has_changes()) keyspaces_[visit]->Stamp(ticket);
    }
    if (outcome_.depends_on == storage::kOpenTicket) outcome_.depends_on = ticket;
  } else {
    last->executor().invalidations().TellNow();
  }
  last->Announce(ticket);
  for (const uint32_t visit : visits_) {
    Shard* const shard = (*route_.shards)[visit];
    keyspaces_[visit]->set_expiry_listener(&shard->executor().key_events());
    keyspaces_[visit]->tracking().set_listener(&shard->executor().invalidations());
    if (visit == last->number()) continue;
    LeaveOther(shard, /*entered=*/true);
  }
}

void SpanningOperation::Release() {
  if (outcome_.deferred) {
    const std::unique_ptr<SpanningOperation> self(this);
    if (transaction_ != nullptr) transaction_->Told();
    return;
  }
  route_.mailboxes->Send(route_.origin, std::unique_ptr<Message>(this));
}

}  // namespace tally::server
