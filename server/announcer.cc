#include "server/announcer.h"

#include <memory>
#include <utility>

namespace tally::server {

namespace {
constexpr uint32_t kHomeCore = 0;
constexpr uint64_t kNoPlace = 0;  // nobody waits for the number of receivers
}  // namespace

// At home it goes through the gate even if it is durable: some session may be in the middle of something now.
// The turn's end, which releases it, is before anything that a client sends when it has seen this turn's
// replies: a PUBLISH, say.
void Announcer::Announce(uint32_t core, storage::Ticket ticket, Publications publications) {
  if (core == kHomeCore) {
    waiting_.push_back({ticket, std::move(publications)});
    if (!is_held_) Hold();
    return;
  }
  mailboxes_->Call(kHomeCore, [this, ticket, publications = std::move(publications)]() mutable {
    waiting_.push_back({ticket, std::move(publications)});
    if (!is_held_) SendDue();
  });
}

void Announcer::Release() {
  is_held_ = false;
  SendDue();
}

void Announcer::SendDue() {
  const storage::Ticket durable = log_->durable();
  while (!waiting_.empty() && waiting_.front().ticket <= durable) {
    const auto broadcast =
        std::make_shared<Broadcast>(std::move(waiting_.front().publications), kNoPlace);
    waiting_.pop_front();
    exchange_->Send(kHomeCore, broadcast, /*sender=*/nullptr);
  }
  if (!waiting_.empty()) Hold();
}

void Announcer::Hold() {
  is_held_ = true;
  home_->Hold(waiting_.front().ticket, this);
}

}  // namespace tally::server
