#include "server/exchange.h"

#include <utility>

namespace tally::server {

Exchange::Exchange(Mailboxes* mailboxes) : mailboxes_(mailboxes), tables_(mailboxes->size()) {
  for (auto& table : tables_) table = std::make_unique<SubscriptionTable>(&directory_);
}

bool Exchange::HasOthers(uint32_t core) const {
  for (uint32_t other = 0; other < tables_.size(); ++other) {
    if (other != core && !tables_[other]->empty()) return true;
  }
  return false;
}

void Exchange::DeliverOn(uint32_t core, Broadcast* broadcast) {
  for (size_t i = 0; i < broadcast->publications_.size(); ++i) {
    const size_t receivers = tables_[core]->Deliver(broadcast->publications_[i]);
    broadcast->receivers_[i].fetch_add(receivers, std::memory_order_relaxed);
  }
}

void Exchange::Send(uint32_t core, const std::shared_ptr<Broadcast>& broadcast, Requester* sender) {
  std::vector<uint32_t> others;
  for (uint32_t other = 0; other < tables_.size(); ++other) {
    if (other != core && !tables_[other]->empty()) others.push_back(other);
  }
  broadcast->missing_ = static_cast<uint32_t>(others.size());
  for (const uint32_t other : others) {
    mailboxes_->Call(other, [this, core, other, broadcast, sender] {
      DeliverOn(other, broadcast.get());
      if (broadcast->missing_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      if (sender == nullptr) return;
      mailboxes_->Call(core, [broadcast, sender] { sender->OnPublished(*broadcast); });
    });
  }
  DeliverOn(core, broadcast.get());
  // Those of its own are counted by then at the latest: the news of the others comes by mail.
  if (others.empty() && sender != nullptr) sender->OnPublished(*broadcast);
}

}  // namespace tally::server
