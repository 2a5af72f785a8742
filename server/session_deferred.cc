#include <memory>
#include <string>
#include <utility>

#include "server/session.h"
#include "server/session_deferred_reply.h"

namespace tally::server {

void Session::OnDeferredReply(std::string bytes, std::shared_ptr<ReplyHold> hold) {
  if (deferred_suppressed_) bytes.clear();
  if (deferred_publications_ != nullptr) {
    --publishing_transactions_;
    PublishFrom(deferred_place_, bytes, std::move(*std::exchange(deferred_publications_, nullptr)));
  } else {
    Finish(deferred_place_, bytes);
  }
  if (host_ != nullptr && !deferred_suppressed_) hold_ = std::move(hold);
  if (host_ != nullptr) host_->OnOutput();
  EndStall();
  RemoveInFlight(1);
}

std::shared_ptr<DeferredReply> Session::MakeDeferred(void* session, int resp) {
  auto* const self = static_cast<Session*>(session);
  return std::make_shared<SessionDeferredReply>(self, self->context_.router->core(),
                                                &self->context_.router->mailboxes(), resp);
}

}  // namespace tally::server
