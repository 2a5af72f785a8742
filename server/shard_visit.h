#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "server/mailbox.h"
#include "server/shard.h"

namespace tally::server {

/// Visits a shard's objects between two turns: its change set is closed then, and no spanning operation is
/// inside.
class ShardVisit final : public Message {
 public:
  ShardVisit(Shard* shard, std::function<void(storage::Keyspace&)> visit)
      : shard_(shard), visit_(std::move(visit)) {}
  void Deliver(std::unique_ptr<Message> self) override {
    if (shard_->occupied()) {
      shard_->Park(std::move(self));
      return;
    }
    shard_->CloseTurn();
    visit_(shard_->keyspace());
  }

 private:
  Shard* const shard_;
  const std::function<void(storage::Keyspace&)> visit_;
};

}  // namespace tally::server
