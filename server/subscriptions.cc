#include "server/subscriptions.h"

#include <algorithm>

#include "server/subscription_table.h"
#include "storage/invariant.h"

namespace tally::server {

namespace {
constexpr std::array kKinds = {SubscriptionKind::kChannel, SubscriptionKind::kPattern,
                               SubscriptionKind::kShardChannel};
}  // namespace

Subscriptions::~Subscriptions() {
  if (table_ == nullptr) return;
  for (const SubscriptionKind kind : kKinds) {
    for (const std::string& name : names(kind)) table_->Remove(kind, name, subscriber_);
  }
}

void Subscriptions::Attach(SubscriptionTable* table, Subscriber* subscriber) {
  TALLY_ASSERT(!attached(), "a client has one core");
  table_ = table;
  subscriber_ = subscriber;
  for (const SubscriptionKind kind : kKinds) {
    for (const std::string& name : names(kind)) table_->Add(kind, name, subscriber_);
  }
}

bool Subscriptions::Add(SubscriptionKind kind, std::string_view name) {
  if (!names_[Index(kind)].emplace(name).second) return false;
  if (table_ != nullptr) table_->Add(kind, name, subscriber_);
  return true;
}

bool Subscriptions::Remove(SubscriptionKind kind, std::string_view name) {
  Names& names = names_[Index(kind)];
  const auto found = names.find(name);
  if (found == names.end()) return false;
  if (table_ != nullptr) table_->Remove(kind, name, subscriber_);
  names.erase(found);  // last: `name` may be a view of it
  return true;
}

void Subscriptions::Become(const Subscriptions& other) {
  for (const SubscriptionKind kind : kKinds) {
    const Names before = names(kind);
    for (const std::string& name : before) {
      if (!other.names(kind).contains(name)) Remove(kind, name);
    }
    for (const std::string& name : other.names(kind)) Add(kind, name);
  }
}

size_t Subscriptions::count_told(SubscriptionKind kind) const {
  if (kind == SubscriptionKind::kShardChannel) return count(kind);
  return count(SubscriptionKind::kChannel) + count(SubscriptionKind::kPattern);
}

bool Subscriptions::empty() const {
  return std::ranges::all_of(names_, [](const Names& names) { return names.empty(); });
}

size_t CountSubscriptions(const ClientState& client, SubscriptionKind kind) {
  return client.subscriptions == nullptr ? 0 : client.subscriptions->count(kind);
}

bool IsSubscriber(const ClientState& client) {
  return client.subscriptions != nullptr && !client.subscriptions->empty();
}

}  // namespace tally::server
