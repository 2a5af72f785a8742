// What spans shards, from the session's side: commands on several shards, and transactions.
#include <memory>
#include <string>
#include <utility>

#include "protocol/errors.h"
#include "server/session.h"
#include "server/transaction.h"
#include "server/transaction_run.h"
#include "server/watch.h"

namespace tally::server {

namespace {

namespace errors = protocol::errors;

bool IsWatch(const Command& command) { return command.never_queued && command.name == "watch"; }

bool IsExec(const Command& command) { return command.never_queued && command.name == "exec"; }

}  // namespace

void Session::RunSpanning(const Request& request) {
  CloseLocalPlace();
  if (IsWatch(*request.command) && client_.watch == nullptr) {
    client_.watch = context_.router->NewWatch();
  }
  const bool suppressed = RepliesSuppressed();
  const uint64_t place = replies_.Open();
  deferred_place_ = place;
  deferred_suppressed_ = suppressed;
  stall_ = Stall::kSpanning;
  AddInFlight(2);  // that it has run, and its reply
  context_.router->StartSpanning(this, request, place, suppressed, own_in_flight_ != 0);
}

void Session::OnSpanningExecuted(bool deferred, const ClientState* client) {
  if (client != nullptr) {
    TakeOver(*client);
    if (client->publications != nullptr) ++publishing_transactions_;
    if (deferred) deferred_publications_ = client->publications;
  }
  if (!deferred) EndStall();
  RemoveInFlight(1);
}

void Session::OnSpanningReply(const SpanningOperation& operation) {
  if (operation.told_at_once()) OnSpanningExecuted(false, operation.client());
  const ClientState* const client = operation.client();
  if (client != nullptr && client->publications != nullptr) {
    --publishing_transactions_;
    PublishFrom(operation.place(), operation.reply(), std::move(*client->publications));
  } else {
    Finish(operation.place(),
           operation.suppressed() ? std::string_view() : std::string_view(operation.reply()));
  }
  if (host_ != nullptr) host_->OnOutput();
  RemoveInFlight(1);
}

// Of EXEC: its own, and those of what it would run.
uint32_t Session::FlagsOf(const Command& command) const {
  if (!RunsTransaction(command)) return command.flags;
  return command.flags | client_.transaction->requests().flags();
}

bool Session::RunsTransaction(const Command& command) const {
  return client_.transaction != nullptr && !client_.transaction->aborted() && IsExec(command);
}

// What is refused behind MULTI aborts the transaction; if it is EXEC, that ends it.
void Session::RefuseToQueue(const Command* command, std::string_view error) {
  if (client_.transaction != nullptr) client_.transaction->Abort();
  if (command == nullptr || !IsExec(*command)) return RefuseHere(command, error);
  client_.transaction = nullptr;
  client_.watch = nullptr;
  RefuseHere(command, errors::ExecAborted(error));
}

void Session::Queue(const Command& command, std::span<const std::string_view> args) {
  // Once something watched has changed, EXEC runs nothing: nothing needs to be kept, as in Redis.
  const bool in_vain = client_.watch != nullptr && client_.watch->changed();
  if (!in_vain && !client_.transaction->Queue(command, args)) {
    return RefuseHere(&command, errors::kTransactionTooLarge);
  }
  client_.last_command = &command;
  ++client_.commands;
  ReplyHere("+QUEUED\r\n");
}

void Session::RunTransaction(const Request& request) {
  CloseLocalPlace();
  // Even where replies are suppressed: CLIENT REPLY ON may stand in the transaction.
  const uint64_t place = replies_.Open();
  deferred_place_ = place;
  deferred_suppressed_ = false;
  stall_ = Stall::kSpanning;
  AddInFlight(2);
  auto run = std::make_unique<TransactionRun>(request.command, request.args.front(), this, client_,
                                              std::move(client_.watch));
  const std::shared_ptr<Transaction> transaction = std::move(client_.transaction);
  context_.router->StartTransaction(
      this, request, std::shared_ptr<RequestList>(transaction, &transaction->requests()),
      std::move(run), place, own_in_flight_ != 0);
}

// What the commands of a transaction may change.
void Session::TakeOver(const ClientState& client) {
  client_.name = client.name;
  client_.library_name = client.library_name;
  client_.library_version = client.library_version;
  client_.resp = client.resp;
  client_.database = client.database;
  client_.authenticated = client.authenticated;
  client_.user = client.user;
  client_.rights = client.rights;
  client_.rights_generation = client.rights_generation;
  client_.trusted_generation = client.trusted_generation;
  client_.no_evict = client.no_evict;
  client_.no_touch = client.no_touch;
  client_.reply_mode = client.reply_mode;
  if (host_ != nullptr) client_.tracking = client.tracking;
  client_.close_after_replies |= client.close_after_replies;
  TakeOverSubscriptions(client);
  parser_.set_authenticated(client_.authenticated);
}

}  // namespace tally::server
