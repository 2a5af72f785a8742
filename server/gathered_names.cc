#include "server/gathered_names.h"

#include "protocol/errors.h"
#include "protocol/reply.h"
#include "server/deferred_reply.h"

namespace tally::server {

using protocol::ReplyWriter;

void GatheredNames::Add(std::string_view name) {
  ReplyWriter(&bytes_, token_->resp()).Bulk(name);
  ++count_;
}

bool GatheredNames::IsWanted() const {
  if (token_->gone()) return false;
  const bool told_enough = bytes_.size() > kToldToWhoeverLeftBytes;
  return !told_enough || place_ == nullptr || !token_->abandoned() || !place_->others_wait();
}

void GatheredNames::Send(std::string head) {
  ReplyWriter(&head, token_->resp()).Array(count_);
  bytes_.insert(0, head);
  if (place_ != nullptr) {
    place_->OnGathered(bytes_.size());
    token_->KeepUntilRead(std::move(place_));
  }
  token_->Send(std::move(bytes_));
}

void GatheredNames::SendUnreadable() {
  SendReply(*token_, [](ReplyWriter& reply) { reply.Error(protocol::errors::kUnreadable); });
}

}  // namespace tally::server
