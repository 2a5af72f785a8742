#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "server/publication.h"
#include "server/subscription_directory.h"
#include "server/subscription_kind.h"

namespace tally::server {

/// A message as its subscribers get it: encoded once for each protocol that one of them speaks.
class EncodedMessage {
 public:
  /// `words` as long as this lives: "message", channel, payload.
  explicit EncodedMessage(std::vector<std::string_view> words) : words_(std::move(words)) {}
  /// For a client that speaks RESP `resp` (2 or 3).
  [[nodiscard]] std::string_view For(int resp);

 private:
  const std::vector<std::string_view> words_;
  std::array<std::string, 2> encoded_;  // RESP2, RESP3
};

/// Who gets messages: a session. Thread: its core's.
class Subscriber {
 public:
  /// Subscriptions stay as they are meanwhile.
  virtual void OnMessage(EncodedMessage* message) = 0;

 protected:
  ~Subscriber() = default;
};

/// One core's clients by what they have subscribed to.
///
/// Thread: the core's, but for `empty`. It tells the directory of all cores what begins and ends.
class SubscriptionTable {
 public:
  /// `directory` outlives it.
  explicit SubscriptionTable(SubscriptionDirectory* directory) : directory_(directory) {}

  void Add(SubscriptionKind kind, std::string_view name, Subscriber* subscriber);
  void Remove(SubscriptionKind kind, std::string_view name, Subscriber* subscriber);

  /// Hands the message to each subscriber of the channel, then to each with a pattern that matches it.
  /// Returns how often it was handed over: whoever has both gets it twice, as in Redis.
  size_t Deliver(const Publication& publication);

  /// Any thread: nobody has subscribed here. Who was told that it has subscribed is seen by all who hear
  /// of it.
  [[nodiscard]] bool empty() const { return size_.load(std::memory_order_acquire) == 0; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  using Subscribers = std::vector<Subscriber*>;  // in the order of their coming
  using ByName = boost::unordered_flat_map<std::string, Subscribers, Hash, std::equal_to<>>;

  [[nodiscard]] ByName& Of(SubscriptionKind kind) { return by_name_[static_cast<size_t>(kind)]; }
  static size_t DeliverTo(const Subscribers& subscribers, EncodedMessage message);

  SubscriptionDirectory* const directory_;
  std::array<ByName, kSubscriptionKinds> by_name_;
  std::atomic<size_t> size_{0};  // subscriptions
};

}  // namespace tally::server
