#include "server/subscription_table.h"

#include <algorithm>
#include <utility>

#include "protocol/reply.h"
#include "server/glob.h"
#include "storage/invariant.h"

namespace tally::server {

std::string_view EncodedMessage::For(int resp) {
  std::string& encoded = encoded_[resp == 2 ? 0 : 1];
  if (encoded.empty()) {
    protocol::ReplyWriter reply(&encoded, resp);
    reply.Push(words_.size());
    for (const std::string_view word : words_) reply.Bulk(word);
  }
  return encoded;
}

void SubscriptionTable::Add(SubscriptionKind kind, std::string_view name, Subscriber* subscriber) {
  directory_->Add(kind, name);
  ByName& names = Of(kind);
  auto found = names.find(name);
  if (found == names.end()) found = names.emplace(std::string(name), Subscribers()).first;
  found->second.push_back(subscriber);
  size_.store(size_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void SubscriptionTable::Remove(SubscriptionKind kind, std::string_view name,
                               Subscriber* subscriber) {
  ByName& names = Of(kind);
  const auto found = names.find(name);
  TALLY_ASSERT(found != names.end(), "what ends had begun");
  Subscribers& subscribers = found->second;
  const auto place = std::ranges::find(subscribers, subscriber);
  TALLY_ASSERT(place != subscribers.end(), "what ends had begun");
  subscribers.erase(place);
  if (subscribers.empty()) names.erase(found);
  size_.store(size_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
  directory_->Remove(kind, name);
}

size_t SubscriptionTable::DeliverTo(const Subscribers& subscribers, EncodedMessage message) {
  for (Subscriber* const subscriber : subscribers) subscriber->OnMessage(&message);
  return subscribers.size();
}

size_t SubscriptionTable::Deliver(const Publication& publication) {
  const std::string_view channel = publication.channel;
  const std::string_view payload = publication.payload;
  const ByName& channels =
      Of(publication.sharded ? SubscriptionKind::kShardChannel : SubscriptionKind::kChannel);
  size_t receivers = 0;
  if (const auto found = channels.find(channel); found != channels.end()) {
    const std::string_view word = publication.sharded ? "smessage" : "message";
    receivers += DeliverTo(found->second, EncodedMessage({word, channel, payload}));
  }
  if (publication.sharded) return receivers;
  for (const auto& [pattern, subscribers] : Of(SubscriptionKind::kPattern)) {
    if (!GlobMatch(pattern, channel, /*ignore_case=*/false)) continue;
    receivers += DeliverTo(subscribers, EncodedMessage({"pmessage", pattern, channel, payload}));
  }
  return receivers;
}

}  // namespace tally::server
