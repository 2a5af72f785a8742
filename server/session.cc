#include "server/session.h"

#include <algorithm>
#include <utility>

#include "protocol/errors.h"
#include "server/debug_permission.h"
#include "server/wall_clock.h"
#include "storage/invariant.h"

namespace tally::server {

namespace {

namespace errors = protocol::errors;

// Delivers a session's input again once its shard is free.
class ResumeMessage final : public Message {
 public:
  explicit ResumeMessage(boost::intrusive_ptr<Session> session) : session_(std::move(session)) {}
  void Deliver(std::unique_ptr<Message> /*self*/) override { session_->Resume(); }

 private:
  boost::intrusive_ptr<Session> session_;
};

}  // namespace

Session::Session(const SessionContext& context, SessionHost* host, ClientState client)
    : context_(context), host_(host), client_(std::move(client)), owed_(context.reply_budget) {
  parser_.set_authenticated(client_.authenticated);
  context_.tracking->clients().Add(client_.id, context_.router->core(), this);
}

Session::~Session() {
  context_.tracking->clients().Remove(client_.id, this);
  StopMonitoring();
}

void Session::Detach() {
  host_ = nullptr;
  context_.tracking->clients().Remove(client_.id, this);
  client_.tracking = nullptr;
  StopMonitoring();
  OnEndOfInput();
  gone_ = true;
  hold_ = nullptr;
  client_.close_after_replies = true;
  client_.subscriptions = nullptr;
  replies_.DropBytes();
  owed_.Clear();
  unwritten_bytes_ = 0;
  LetBatchesGoOn();
}

bool Session::AcceptsInput() const {
  return stall_ == Stall::kNone && !client_.close_after_replies &&
         replies_.places() < kMaxOperationsInFlight && in_flight_ < kMaxOperationsInFlight &&
         request_bytes_in_flight_ < kMaxRequestBytesInFlight &&
         (client_.authenticated ? owed_.has_room() : owed_.bytes() < kMaxReplyBytesBeforeLogin);
}

void Session::OnInput(protocol::ReadBuffer* in) {
  using Result = protocol::RequestParser::Result;
  // Whoever has seen a change and asks here now is told of it first.
  context_.tracking->Deliver(context_.router->core());
  now_ms_ = WallClock::NowMs();
  client_.last_interaction_ms = now_ms_;
  parser_.set_max_bulk_bytes(context_.config->proto_max_bulk_bytes.load(std::memory_order_relaxed));
  size_t ahead = 0;  // requests whose objects are on their way into the caches
  while (AcceptsInput()) {
    if (ahead == 0) ahead = context_.router->PrefetchFor(in->unread(), client_.database);
    const Result result = parser_.Parse(in->unread());
    if (result == Result::kIncomplete) break;
    if (result == Result::kError) {
      RefuseHere(nullptr, parser_.error());
      client_.close_after_replies = true;
      in->Consume(in->unread().size());
      break;
    }
    if (!Take(parser_.args())) break;
    in->Consume(parser_.consumed());
    if (ahead > 0) --ahead;
  }
  CloseLocalPlace();
  context_.router->SendBatches();
  if (host_ != nullptr && (has_output() || finished())) host_->OnOutput();
}

// The error for a request that may not run; empty when it may.
std::string_view Session::Refusal(const Command* command, std::span<const std::string_view> args) {
  if (!ArityFits(*command, args.size())) {
    refusal_ = errors::WrongArgumentCount(FullName(*command));
    return refusal_;
  }
  if ((command->flags & kProtected) != 0) {
    const auto refusal = ProtectedRefusal(*command, *context_.config, client_.address);
    if (!refusal.empty()) return refusal;
  }
  if (!client_.authenticated && context_.config->users().asks_for_login() &&
      (command->flags & kNoAuth) == 0) {
    return errors::kNoAuth;
  }
  constexpr uint32_t kTouchesKeys = kWrite | kReadonly | kMayReplicate;
  if (client_.monitoring && (FlagsOf(*command) & kTouchesKeys) != 0) return errors::kMonitorsOnly;
  if (client_.transaction != nullptr && (command->flags & kNoMulti) != 0) {
    return errors::kNotInTransaction;
  }
  if (const AclDenial denial = context_.executor->rights().Check(&client_, *command, args)) {
    refusal_ = RefusalText(denial, *command);
    return refusal_;
  }
  if ((FlagsOf(*command) & kWrite) != 0 &&
      context_.writes_refused->load(std::memory_order_relaxed)) {
    return errors::kLowDisk;
  }
  if (MayNotSubscribed(*command)) {
    refusal_ = errors::NotForSubscribers(FullName(*command));
    return refusal_;
  }
  return {};
}

bool Session::PausedNow(const Command& command) {
  if (!context_.pause->IsActive()) return false;
  return !context_.pause->writes_only.load(std::memory_order_relaxed) ||
         (FlagsOf(command) & (kWrite | kMayReplicate)) != 0;
}

// CLIENT REPLY SKIP silences the request behind it, whatever becomes of that, and be it empty.
bool Session::Take(std::span<const std::string_view> args) {
  using Mode = ClientState::ReplyMode;
  if (client_.reply_mode == Mode::kSkipNext) client_.reply_mode = Mode::kSkipping;
  const bool skipping = client_.reply_mode == Mode::kSkipping;
  if (!args.empty() && !Dispatch(args)) return false;
  if (client_.caching) [[unlikely]]
    ForgetCaching(args);
  if (skipping && client_.reply_mode == Mode::kSkipping) client_.reply_mode = Mode::kOn;
  return true;
}

bool Session::Dispatch(std::span<const std::string_view> args) {
  const Command* const command = Lookup(args);
  if (command == nullptr) {
    if (!refusal_.empty()) RefuseToQueue(nullptr, refusal_);
    return true;
  }
  if (const std::string_view refusal = Refusal(command, args); !refusal.empty()) {
    RefuseToQueue(command, refusal);
    return true;
  }
  if (PausedNow(*command)) {
    stall_ = Stall::kPaused;
    client_.paused = true;
    client_.last_command = command;
    context_.paused->emplace_back(this);
    return false;
  }
  if (client_.transaction != nullptr && !command->never_queued) {
    Queue(*command, args);
    return true;
  }

  Request request;
  request.command = command;
  request.args = args;
  request.keys = context_.router->Resolve(*command, args);
  request.database = client_.database;
  request.resp = client_.resp;
  request.now_ms = now_ms_;
  request.client = &client_;
  request.deferred_factory = &Session::MakeDeferred;
  request.deferred_context = this;
  if (client_.tracking != nullptr) [[unlikely]]
    request.TrackFor(client_);
  return DispatchTo(context_.router->TargetOf(*command, request.keys), request);
}

bool Session::DispatchTo(const Router::Target& target, const Request& request) {
  using Kind = Router::Target::Kind;
  const bool on_shard =
      request.command->scope == Scope::kKeys || request.command->scope == Scope::kAllShards;
  Shard& local = context_.router->local();
  if (HasToWaitForEarlier(target, request)) {
    stall_ = Stall::kOrder;
    return false;
  }
  if (on_shard && target.kind == Kind::kLocal && local.occupied()) {
    stall_ = Stall::kRetry;
    local.Park(std::make_unique<ResumeMessage>(boost::intrusive_ptr<Session>(this)));
    return false;
  }
  client_.last_command = request.command;
  ++client_.commands;
  if (RunsTransaction(*request.command)) {
    RunTransaction(request);
    return true;
  }
  switch (target.kind) {
    case Kind::kLocal:
      if (!on_shard || MayRunHere(request)) {
        RunHere(request, on_shard);
      } else {
        SendAway(context_.router->core(), request);
      }
      break;
    case Kind::kRemote:
      SendAway(target.shard, request);
      break;
    case Kind::kSpanning:
      RunSpanning(request);
      break;
  }
  if (context_.executor->monitors().any() || client_.monitoring) [[unlikely]]
    AfterRun(request);
  return true;
}

// Whether an operation of this core's shard need not wait, neither for objects nor for room, nor for those
// that do.
bool Session::MayRunHere(const Request& request) {
  const Shard& shard = context_.router->local();
  return own_in_flight_ == 0 && shard.HasRoomFor(*request.command) &&
         shard.Knows(request.database, request.keys);
}

bool Session::HasToWaitForEarlier(const Router::Target& target, const Request& request) const {
  if (request.command->scope == Scope::kWalk) return in_flight_ != 0;
  if (HasToWaitForMessages(*request.command)) return true;
  return request.command->scope == Scope::kAllShards &&
         target.kind == Router::Target::Kind::kLocal && own_in_flight_ != 0;
}

bool Session::RepliesSuppressed() const {
  return client_.reply_mode == ClientState::ReplyMode::kOff ||
         client_.reply_mode == ClientState::ReplyMode::kSkipping;
}

void Session::RunHere(const Request& request, bool on_shard) {
  Shard& shard = context_.router->local();
  if (request.command->scope == Scope::kAllShards) {
    // What such a command asks about tickets shall cover this turn's changes, too. The replies that
    // wait for these have to be at the gate by then: later ones would wait for the next change set.
    CloseLocalPlace();
    shard.CloseTurn();
  }
  OpenLocalPlace();
  std::string& bytes = replies_.bytes(local_place_);
  const size_t begin = bytes.size();
  const Outcome outcome =
      on_shard ? shard.Run(request, &bytes) : context_.executor->Run(request, nullptr, &bytes);
  parser_.set_authenticated(client_.authenticated);
  if (outcome.deferred) {
    CloseLocalPlace();
    deferred_suppressed_ = RepliesSuppressed();
    deferred_place_ = replies_.Open();
    stall_ = Stall::kDeferred;
    AddInFlight(1);
    return;
  }
  if (RepliesSuppressed() && !request.command->replies_are_pushes) bytes.resize(begin);
  if (request.tracker != nullptr) [[unlikely]]
    context_.executor->invalidations().WriteOwn(client_.resp, &bytes);
  Owe(bytes.size() - begin);
  // Even if nothing is told: what is published later waits for it.
  if (!shard.IsDurable(outcome.depends_on)) LetWait(begin, outcome.depends_on);
  if ((request.command->flags & kPubSub) != 0) AfterMessageCommand();
  // An operation that was not on the shard may have run beside a spanning one, whose thread has the
  // keyspace.
  if (on_shard && shard.TurnIsFull()) {
    CloseLocalPlace();
    shard.CloseTurn();
  }
}

void Session::RefuseHere(const Command* command, std::string_view error) {
  std::string reply;
  context_.executor->Refuse(command, error, client_.resp, &reply);
  ReplyHere(reply);
}

void Session::ReplyHere(std::string_view reply) {
  OpenLocalPlace();
  std::string& bytes = replies_.bytes(local_place_);
  const size_t begin = bytes.size();
  bytes.append(reply);
  if (RepliesSuppressed()) bytes.resize(begin);
  Owe(bytes.size() - begin);
}

void Session::SendAway(uint32_t shard, const Request& request) {
  CloseLocalPlace();
  OperationBatch::Item item{};
  item.command = request.command;
  item.argument_count = static_cast<uint32_t>(request.args.size());
  item.key_count = static_cast<uint32_t>(request.keys.size());
  item.database = request.database;
  item.resp = request.resp;
  item.suppressed = RepliesSuppressed();
  item.remembers = request.remembers;
  item.place = replies_.Open();
  for (const std::string_view argument : request.args) item.request_bytes += argument.size();
  request_bytes_in_flight_ += item.request_bytes;
  AddInFlight(1);
  if (shard == context_.router->core()) ++own_in_flight_;
  context_.router->Enqueue(shard, this, item, request.args, request.keys, request.tracker);
}

void Session::OnBatchReplies(const OperationBatch& batch) {
  for (const OperationBatch::Item& item : batch.items()) {
    Finish(item.place, item.suppressed ? std::string_view() : batch.ReplyOf(item));
    request_bytes_in_flight_ -= item.request_bytes;
  }
  for (const SlowRequest& slow : batch.slow_requests()) context_.executor->NoteSlow(slow, client_);
  if (batch.target() == context_.router->core()) own_in_flight_ -= batch.items().size();
  if (batch.has_more()) {
    halted_batches_.push_back({batch.target(), batch.next_place()});
    LetBatchesGoOn();
  }
  if (host_ != nullptr) host_->OnOutput();
  RemoveInFlight(batch.items().size());
}

void Session::Resume() {
  if (stall_ == Stall::kRetry || stall_ == Stall::kPaused) EndStall();
}

void Session::EndStall() {
  stall_ = Stall::kNone;
  client_.paused = false;
  if (host_ != nullptr) host_->OnReadyForInput();
}

void Session::AddInFlight(uint64_t count) {
  if (in_flight_ == 0) {
    intrusive_ptr_add_ref(this);
    ++*context_.sessions_at_work;
  }
  in_flight_ += count;
}

void Session::RemoveInFlight(uint64_t count) {
  TALLY_ASSERT(in_flight_ >= count, "what comes back had been sent");
  in_flight_ -= count;
  if (in_flight_ != 0) return;
  --*context_.sessions_at_work;
  if (stall_ == Stall::kOrder) EndStall();
  intrusive_ptr_release(this);  // perhaps the last reference
}

}  // namespace tally::server
