#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/mailbox.h"
#include "server/operation.h"
#include "server/requester.h"
#include "storage/invariant.h"

namespace tally::server {

inline constexpr std::string_view kLostReply = "-ERR internal error: the reply was lost\r\n";

/// Carries a deferred reply home to its requester's core, from whatever thread has it.
class SessionDeferredReply final : public DeferredReply {
 public:
  SessionDeferredReply(Requester* requester, uint32_t core, Mailboxes* mailboxes, int resp)
      : requester_(requester), core_(core), mailboxes_(mailboxes), resp_(resp) {}
  ~SessionDeferredReply() override {
    // Dropped unsent: the client must not wait for ever, and learns that it got no answer.
    if (!sent_) Send(std::string(kLostReply));
  }
  SessionDeferredReply(const SessionDeferredReply&) = delete;
  SessionDeferredReply& operator=(const SessionDeferredReply&) = delete;

  [[nodiscard]] int resp() const override { return resp_; }
  // The requester lives until the reply is back.
  [[nodiscard]] bool abandoned() const override { return requester_->has_left(); }
  [[nodiscard]] bool gone() const override { return requester_->is_gone(); }
  void KeepUntilRead(std::shared_ptr<ReplyHold> hold) override { hold_ = std::move(hold); }
  void Send(std::string bytes) override {
    TALLY_ASSERT(!sent_.exchange(true), "a deferred reply is sent once");
    mailboxes_->Call(core_, [requester = requester_, reply = std::move(bytes),
                             hold = std::move(hold_)]() mutable {
      requester->OnDeferredReply(std::move(reply), std::move(hold));
    });
  }

 private:
  Requester* const requester_;
  const uint32_t core_;
  Mailboxes* const mailboxes_;
  const int resp_;
  std::shared_ptr<ReplyHold> hold_;
  std::atomic<bool> sent_{false};
};

}  // namespace tally::server
