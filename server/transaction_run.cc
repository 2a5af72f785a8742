#include "server/transaction_run.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/errors.h"
#include "protocol/reply.h"
#include "server/cycle_clock.h"
#include "server/held_walk.h"
#include "server/subscriptions.h"
#include "server/tracking.h"
#include "server/transaction.h"
#include "storage/invariant.h"

namespace tally::server {

TransactionRun::TransactionRun(const Command* exec, std::string_view name,
                               const Requester* requester, const ClientState& client,
                               std::shared_ptr<Watch> watch)
    : exec_(exec),
      name_(name),
      client_(std::make_shared<ClientState>(client)),
      watch_(std::move(watch)),
      parts_(std::make_shared<ReplyParts>(requester)) {
  client_->watch = nullptr;  // EXEC ends it, and none of the requests shall
  if (client_->subscriptions != nullptr) {
    client_->subscriptions = std::make_shared<Subscriptions>(*client_->subscriptions);
  }
}

// Redis drops each reply by the mode of its moment, the array's own header likewise. (SKIP is over by
// EXEC: what it silences is MULTI, or what is behind EXEC.)
bool TransactionRun::IsSilent() const {
  return client_->reply_mode == ClientState::ReplyMode::kOff;
}

Outcome TransactionRun::Run(Request request, storage::Keyspace* const* keyspaces,
                            const ShardMap* shard_map, Shard* shard, std::string* reply) {
  const uint64_t start = CycleClock::Now();
  Outcome outcome;
  if (watch_ != nullptr && watch_->End(request.now_ms, keyspaces)) {
    if (!IsSilent()) protocol::ReplyWriter(reply, client_->resp).NullArray();
    // The change has its ticket, since its turn was closed; that there was one shall not be taken back.
    outcome.depends_on = shard->log().appended();
  } else {
    const auto factory = request.deferred_factory;
    void* const session = request.deferred_context;
    const int resp = client_->resp;
    outcome.depends_on = RunRequests(&request, keyspaces, shard_map, shard, reply);
    shard->executor().invalidations().WriteOwn(client_->resp, reply);
    outcome.deferred = !parts_->Join(reply);
    if (outcome.deferred) parts_->SendTo(factory(session, resp), std::move(*reply));
  }
  client_->transaction = nullptr;
  shard->executor().CountCall(*exec_, CycleClock::Now() - start);
  Show(*exec_, std::array<std::string_view, 1>{name_}, shard);
  return outcome;
}

storage::Ticket TransactionRun::RunRequests(Request* request, storage::Keyspace* const* keyspaces,
                                            const ShardMap* shard_map, Shard* shard,
                                            std::string* reply) {
  const RequestList& requests = client_->transaction->requests();
  HeldWalk walk(keyspaces, shard_map, shard->database(), request->now_ms);
  request->client = client_.get();
  request->walker = &walk;
  request->deferred_factory = &TransactionRun::MakePart;
  request->deferred_context = this;
  reply_ = reply;
  if (!IsSilent()) protocol::ReplyWriter(reply, client_->resp).Array(requests.size());
  storage::Ticket depends_on = storage::kNoTicket;
  size_t published = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    TALLY_ASSERT(client_->database == requests.database(i), "its objects were brought in");
    request->command = &requests.command(i);
    request->args = requests.args(i);
    request->keys = requests.keys(i);
    request->database = client_->database;
    request->resp = client_->resp;
    request->TrackFor(*client_);
    const size_t begin = reply->size();
    const Outcome outcome = RunIfAllowed(*request, keyspaces, shard, reply);
    depends_on = std::max(depends_on, outcome.depends_on);
    Show(requests.command(i), requests.args(i), shard);
    const bool silent = IsSilent() && !request->command->replies_are_pushes;
    if (client_->publications != nullptr && client_->publications->size() > published) {
      published = client_->publications->size();
      AwaitReceivers(reply->size(), silent);
    }
    if (!silent) continue;
    reply->resize(begin);
    if (outcome.deferred) parts_->DropLast();
  }
  return std::max(depends_on, walk.depends_on());
}

// What was allowed when it was queued may not be so any more.
Outcome TransactionRun::RunIfAllowed(const Request& request, storage::Keyspace* const* keyspaces,
                                     Shard* shard, std::string* reply) {
  Executor& executor = shard->executor();
  const AclDenial denial = executor.rights().Check(client_.get(), *request.command, request.args);
  if (!denial) return executor.Run(request, keyspaces, reply);
  executor.Refuse(request.command, LateRefusalText(denial), request.resp, reply);
  return {};
}

void TransactionRun::Show(const Command& command, std::span<const std::string_view> args,
                          Shard* shard) const {
  Monitors& monitors = shard->executor().monitors();
  if (monitors.any()) monitors.Show(command, args, *client_);
}

// PUBLISH's reply stands at `offset` once the message was sent, unless parts that come later move it.
void TransactionRun::AwaitReceivers(size_t offset, bool silent) {
  const std::shared_ptr<Publications> publications = client_->publications;
  publications->back().answered = !silent;
  publications->back().reply_offset = offset;
  parts_->Mark(offset, [publications, index = publications->size() - 1](size_t moved) {
    (*publications)[index].reply_offset = moved;
  });
}

void TransactionRun::Refuse(std::string_view error, int64_t now_ms,
                            storage::Keyspace* const* keyspaces, Shard* shard, std::string* reply) {
  if (watch_ != nullptr) static_cast<void>(watch_->End(now_ms, keyspaces));
  shard->executor().Refuse(exec_, protocol::errors::ExecAborted(error), client_->resp, reply);
  if (IsSilent()) reply->clear();
  client_->transaction = nullptr;
}

std::shared_ptr<DeferredReply> TransactionRun::MakePart(void* run, int resp) {
  auto* const self = static_cast<TransactionRun*>(run);
  return self->parts_->Add(self->reply_->size(), resp);
}

}  // namespace tally::server
