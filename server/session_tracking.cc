// CLIENT TRACKING, from the session's side: which of its reads are remembered, and what it is told of them, or on
// behalf of another client.
#include <string>
#include <string_view>

#include "protocol/reply.h"
#include "server/session.h"
#include "server/subscriptions.h"
#include "server/tracking.h"
#include "server/wall_clock.h"

namespace tally::server {

ClientTracker* Session::tracker() const {
  return client_.tracking == nullptr ? nullptr : &client_.tracking->tracker();
}

// CLIENT CACHING is for the next request; as in Redis those of CLIENT do not count, and a transaction is one.
void Session::ForgetCaching(std::span<const std::string_view> args) {
  if (client_.transaction != nullptr) return;
  bool unknown_subcommand = false;
  const Command* const command = args.empty() ? nullptr : FindCommand(args, &unknown_subcommand);
  if (command == nullptr || command->parent != "client") client_.caching = false;
}

// Behind the replies to all that has run, so behind those to reads of the same keys: their places were opened before
// the keys were remembered.
void Session::OnInvalidation(const Invalidation& invalidation) {
  using Kind = Invalidation::Kind;
  if (host_ == nullptr || client_.close_after_replies || over_limit_) return;
  const bool is_broken = invalidation.kind == Kind::kBroken;
  const bool is_redirected = invalidation.redirect != 0 && !is_broken;
  // Of what was remembered before it said OFF it hears nothing.
  if (is_redirected ? invalidation.tracker->ended() : tracker() != invalidation.tracker.get()) {
    return;
  }
  std::string bytes;
  protocol::ReplyWriter reply(&bytes, client_.resp);
  if (client_.resp > 2 && is_broken) {
    reply.Push(2);
    reply.Bulk("tracking-redir-broken");
    reply.Integer(static_cast<int64_t>(invalidation.redirect));
  } else if (client_.resp > 2) {
    WriteInvalidationHead(&reply);
  } else if (is_redirected && IsSubscriber(client_)) {
    reply.Push(3);
    reply.Bulk("message");
    reply.Bulk(kInvalidationChannel);
  } else {
    return;  // RESP2 has nothing that could come without being asked for
  }
  if (invalidation.kind == Kind::kAll) {
    reply.Null();
  } else if (invalidation.kind == Kind::kKeys) {
    reply.Array(invalidation.keys->size());
    for (const std::string& key : *invalidation.keys) reply.Bulk(key);
  }
  pushed_bytes_ += bytes.size();
  PutPush(bytes);
}

}  // namespace tally::server
