// Messages, from the session's side: what its client publishes, and what it has subscribed to.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "protocol/reply.h"
#include "server/session.h"
#include "server/subscriptions.h"
#include "server/transaction.h"
#include "server/wall_clock.h"

namespace tally::server {

// What it publishes has to meet the subscriptions of that moment, and its own are among them.
bool Session::HasToWaitForMessages(const Command& command) const {
  if (!outbox_.has_waiting() && publishing_transactions_ == 0) return false;
  return command.for_subscribers ||
         (RunsTransaction(command) && client_.transaction->requests().subscribes());
}

bool Session::MayNotSubscribed(const Command& command) const {
  return client_.resp == 2 && !command.for_subscribers && IsSubscriber(client_);
}

// A command of this family has run here, and its reply is in the local place.
void Session::AfterMessageCommand() {
  if (client_.subscriptions != nullptr) {
    if (client_.subscriptions->empty()) {
      client_.subscriptions = nullptr;
    } else if (!client_.subscriptions->attached()) {
      client_.subscriptions->Attach(&context_.exchange->table(context_.router->core()), this);
    }
  }
  if (client_.publications != nullptr) PublishHere();
}

// PUBLISH has run, and there is nothing in its place yet.
void Session::PublishHere() {
  const std::shared_ptr<Publications> publications = std::exchange(client_.publications, nullptr);
  Publication& publication = publications->front();
  publication.answered = !RepliesSuppressed();
  const uint32_t core = context_.router->core();
  if (!local_pending_ && replies_.IsClearBefore(local_place_) &&
      !context_.exchange->HasOthers(core)) {
    // Nothing to wait for, nobody elsewhere. Its own subscriber gets the message in front of the reply.
    const size_t receivers = context_.exchange->table(core).Deliver(publication);
    if (!publication.answered) return;
    std::string& bytes = replies_.bytes(local_place_);
    const size_t before = bytes.size();
    protocol::ReplyWriter(&bytes, client_.resp).Integer(static_cast<int64_t>(receivers));
    Owe(bytes.size() - before);
    return;
  }
  CloseLocalPlace();
  PublishFrom(replies_.Open(), {}, std::move(*publications));
}

// `reply` is what goes to the open `place`, but for the numbers of receivers.
void Session::PublishFrom(uint64_t place, std::string_view reply, Publications publications) {
  Outbox::Entry entry{.publications = std::move(publications), .reply = std::string(reply)};
  for (const Publication& publication : entry.publications) {
    entry.bytes += publication.channel.size() + publication.payload.size();
  }
  request_bytes_in_flight_ += entry.bytes;
  outbox_.Add(place, std::move(entry));
  SendDue();
}

void Session::SendDue() {
  while (outbox_.has_waiting() && sending_place_ == kNoPlace) {
    const uint64_t place = outbox_.first_place();
    if (!replies_.IsClearBefore(place)) return;
    replies_.Clear(place);
    AddInFlight(1);
    sending_place_ = place;
    auto broadcast = std::make_shared<Broadcast>(outbox_.SendFirst(), place);
    context_.exchange->Send(context_.router->core(), broadcast, this);
    sending_place_ = kNoPlace;
  }
}

void Session::OnPublished(const Broadcast& broadcast) {
  const Outbox::Entry entry = outbox_.Take(broadcast.place());
  request_bytes_in_flight_ -= entry.bytes;
  std::string reply;
  size_t copied = 0;
  for (size_t i = 0; i < broadcast.publications().size(); ++i) {
    const Publication& publication = broadcast.publications()[i];
    if (!publication.answered) continue;
    reply.append(entry.reply, copied, publication.reply_offset - copied);
    copied = publication.reply_offset;
    protocol::ReplyWriter(&reply, client_.resp)
        .Integer(static_cast<int64_t>(broadcast.receivers(i)));
  }
  reply.append(entry.reply, copied);
  Finish(broadcast.place(), reply);
  if (host_ != nullptr) host_->OnOutput();
  RemoveInFlight(1);
}

// Behind all replies of what has run. Its own messages stand in front of the reply that tells how many
// had them.
void Session::OnMessage(EncodedMessage* message) {
  if (host_ == nullptr || client_.close_after_replies || over_limit_) return;
  PutPush(message->For(client_.resp));
}

void Session::PutPush(std::string_view bytes) {
  if (sending_place_ != kNoPlace) {
    replies_.bytes(sending_place_).append(bytes);
  } else if (local_open_) {
    replies_.bytes(local_place_).append(bytes);
  } else if (std::string* const last = replies_.last_filled(); last != nullptr) {
    last->append(bytes);
  } else {
    const uint64_t place = replies_.Open();
    replies_.bytes(place).append(bytes);
    replies_.Fill(place);
  }
  Owe(bytes.size());
  if (MayBeOverLimit()) static_cast<void>(IsOverLimit(WallClock::NowMs()));
  host_->OnOutput();
}

bool Session::IsOverLimit(int64_t now_ms) {
  const bool listens = IsSubscriber(client_) || client_.monitoring;
  // Who keeps copies reads replies like others: only what was told of copies counts.
  const size_t messages = listens ? owed_.bytes() : pushed_bytes_;
  const size_t replies = IsSubscriber(client_) ? 0 : owed_.bytes();
  const OutputBoundsByClass bounds = context_.config->output_bounds();
  over_limit_ |= message_limit_.Exceeds(bounds.pubsub, messages, now_ms);
  over_limit_ |= reply_limit_.Exceeds(bounds.normal, replies, now_ms);
  return over_limit_;
}

void Session::TakeOverSubscriptions(const ClientState& client) {
  if (host_ == nullptr || client.subscriptions == nullptr) return;
  if (client_.subscriptions == nullptr) {
    client_.subscriptions = std::make_shared<Subscriptions>();
  }
  client_.subscriptions->Become(*client.subscriptions);
  AfterMessageCommand();
}

}  // namespace tally::server
