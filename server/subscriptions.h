#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "server/client_state.h"
#include "server/subscription_kind.h"

namespace tally::server {

class SubscriptionTable;
class Subscriber;

/// The names that one client has subscribed to.
///
/// Attached to its core's table, it keeps that up to date, and takes the client out at its end. A copy is
/// not attached: a transaction works on one, on whatever thread it runs, and the client's own takes over
/// what came of it (`Become`).
///
/// Thread: attached, the client's core; a copy, whoever has it. Limits: none, as in Redis; a client can
/// only name so much as it sends.
class Subscriptions {
 public:
  using Names = std::set<std::string, std::less<>>;

  Subscriptions() = default;
  Subscriptions(const Subscriptions& other) : names_(other.names_) {}
  Subscriptions& operator=(const Subscriptions&) = delete;
  ~Subscriptions();

  /// Puts all names into the table, and all later changes. Both outlive this.
  void Attach(SubscriptionTable* table, Subscriber* subscriber);
  [[nodiscard]] bool attached() const { return table_ != nullptr; }

  /// False: nothing changed.
  bool Add(SubscriptionKind kind, std::string_view name);
  bool Remove(SubscriptionKind kind, std::string_view name);
  /// Changes to the same names as `other`.
  void Become(const Subscriptions& other);

  [[nodiscard]] const Names& names(SubscriptionKind kind) const { return names_[Index(kind)]; }
  [[nodiscard]] size_t count(SubscriptionKind kind) const { return names(kind).size(); }
  /// What the replies of its commands tell: channels and patterns together, or shard channels.
  [[nodiscard]] size_t count_told(SubscriptionKind kind) const;
  [[nodiscard]] bool empty() const;

 private:
  static size_t Index(SubscriptionKind kind) { return static_cast<size_t>(kind); }

  std::array<Names, kSubscriptionKinds> names_;
  SubscriptionTable* table_ = nullptr;
  Subscriber* subscriber_ = nullptr;
};

/// How many names of a kind the client has subscribed to.
[[nodiscard]] size_t CountSubscriptions(const ClientState& client, SubscriptionKind kind);
/// The client has subscribed to something. On RESP2 it may do little else then.
[[nodiscard]] bool IsSubscriber(const ClientState& client);

}  // namespace tally::server
