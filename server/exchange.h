#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "server/mailbox.h"
#include "server/publication.h"
#include "server/requester.h"
#include "server/subscription_directory.h"
#include "server/subscription_table.h"

namespace tally::server {

/// Publications on their way to all cores, and how many receivers each has had.
class Broadcast {
 public:
  Broadcast(Publications publications, uint64_t place)
      : publications_(std::move(publications)), place_(place), receivers_(publications_.size()) {}

  [[nodiscard]] std::span<const Publication> publications() const { return publications_; }
  /// In the reply queue of who sent it.
  [[nodiscard]] uint64_t place() const { return place_; }
  /// Once it has been everywhere.
  [[nodiscard]] uint64_t receivers(size_t index) const {
    return receivers_[index].load(std::memory_order_relaxed);
  }

 private:
  friend class Exchange;

  const Publications publications_;
  const uint64_t place_;
  std::vector<std::atomic<uint64_t>> receivers_;
  std::atomic<uint32_t> missing_{0};  // cores that it has not been to
};

/// Carries messages to the subscribers on all cores.
///
/// It knows nothing of commits: whoever publishes has seen to it that what a message may tell of is durable.
/// What one core sends reaches each subscriber in the order of sending, by mail; messages of two cores
/// may reach two subscribers in different orders.
///
/// Thread: any; each table is its core's. No locks: a core without subscribers is not even asked. Limits: none
/// of its own; who sends has a limit of what it has in flight, who receives one of what it has not taken.
class Exchange {
 public:
  /// `mailboxes` outlives it.
  explicit Exchange(Mailboxes* mailboxes);

  [[nodiscard]] SubscriptionTable& table(uint32_t core) { return *tables_[core]; }
  [[nodiscard]] const SubscriptionDirectory& directory() const { return directory_; }

  /// Whether some other core has subscribers.
  [[nodiscard]] bool HasOthers(uint32_t core) const;
  /// On the core's thread: sends everywhere; its own subscribers have it on return. `sender` learns, on
  /// `core`, when all have had it (at once, if there are none elsewhere); null: nobody wants to know.
  void Send(uint32_t core, const std::shared_ptr<Broadcast>& broadcast, Requester* sender);

 private:
  void DeliverOn(uint32_t core, Broadcast* broadcast);

  Mailboxes* const mailboxes_;
  SubscriptionDirectory directory_;
  std::vector<std::unique_ptr<SubscriptionTable>> tables_;  // by core
};

}  // namespace tally::server
