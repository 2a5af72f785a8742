#include "server/spanning_operation.h"

#include <utility>

#include "server/wall_clock.h"

namespace tally::server {

SpanningOperation::SpanningOperation(const Route& route, const Request& request, uint64_t place,
                                     bool suppressed, std::vector<uint32_t> visits)
    : route_(route),
      request_(request),
      place_(place),
      suppressed_(suppressed),
      visits_(std::move(visits)),
      keyspaces_(route.shards->size(), nullptr) {
  size_t size = 0;
  for (const std::string_view argument : request.args) size += argument.size();
  bytes_.reserve(size);  // never moves again: the views below stay good
  args_.reserve(request.args.size());
  for (const std::string_view argument : request.args) {
    const size_t begin = bytes_.size();
    bytes_.append(argument);
    args_.push_back(std::string_view(bytes_).substr(begin));
  }
  keys_.reserve(request.keys.size());
  for (size_t i = 0; i < request.keys.size(); ++i) {
    const std::string_view name = args_[KeyArgument(request.command->keys, i)];
    keys_.push_back({name, request.keys[i].slot, request.keys[i].hash});
  }
  request_.args = args_;
  request_.keys = keys_;
}

void SpanningOperation::Start(std::unique_ptr<SpanningOperation> operation) {
  SpanningOperation* const raw = operation.get();
  const uint32_t first = raw->visits_.front();
  if (first == raw->route_.origin) {
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
  keyspaces_[shard->number()] = shard->Enter();
  if (++next_visit_ < visits_.size()) {
    const uint32_t next = visits_[next_visit_];
    route_.mailboxes->Send(next, std::move(self));
    return;
  }
  Run(shard);
  if (outcome_.deferred) {
    TellExecuted();
  } else if (shard->IsDurable(outcome_.depends_on)) {
    told_at_once_ = true;
    route_.mailboxes->Send(route_.origin, std::move(self));
  } else {
    // The session goes on with its next request; the reply follows, when the gate lets it go.
    TellExecuted();
    [[maybe_unused]] Message* const held = self.release();
    shard->gate().Hold(outcome_.depends_on, this);
  }
  shard->Leave();
}

void SpanningOperation::TellExecuted() {
  route_.mailboxes->Call(route_.origin,
                         [requester = route_.requester, deferred = outcome_.deferred] {
                           requester->OnSpanningExecuted(deferred);
                         });
}

void SpanningOperation::Run(Shard* last) {
  request_.now_ms = WallClock::NowMs();
  outcome_ = last->executor().Run(request_, keyspaces_.data(), &reply_);
  executed_ = true;

  std::string change_set;
  bool changed = false;
  for (const uint32_t visit : visits_) {
    storage::Keyspace& keyspace = *keyspaces_[visit];
    if (!keyspace.has_changes()) continue;
    // A flush empties the same databases on every shard: written once, before any object.
    if (!changed) keyspace.EncodeFlushes(&change_set);
    changed = true;
  }
  if (changed) {
    for (const uint32_t visit : visits_) keyspaces_[visit]->EncodeObjects(&change_set);
    const storage::Ticket ticket = last->log().Append(change_set);
    for (const uint32_t visit : visits_) {
      if (keyspaces_[visit]->has_changes()) keyspaces_[visit]->Stamp(ticket);
    }
    if (outcome_.depends_on == storage::kOpenTicket) outcome_.depends_on = ticket;
  }
  for (const uint32_t visit : visits_) {
    if (visit == last->number()) continue;
    Shard* const shard = (*route_.shards)[visit];
    route_.mailboxes->Call(visit, [shard] { shard->Leave(); });
  }
}

void SpanningOperation::Release() {
  route_.mailboxes->Send(route_.origin, std::unique_ptr<Message>(this));
}

}  // namespace tally::server
