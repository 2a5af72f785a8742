#include "server/operation_batch.h"

#include <algorithm>
#include <utility>

#include "server/wall_clock.h"

namespace tally::server {

void OperationBatch::Add(const Item& item, std::span<const std::string_view> args,
                         std::span<const storage::Key> keys) {
  const auto first_argument = static_cast<uint32_t>(arguments_.size());
  for (const std::string_view argument : args) {
    arguments_.push_back({bytes_.size(), argument.size()});
    bytes_.append(argument);
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto argument = static_cast<uint32_t>(KeyArgument(item.command->keys, i));
    keys_.push_back({first_argument + argument, keys[i].slot, keys[i].hash});
  }
  items_.push_back(item);
}

void OperationBatch::Deliver(std::unique_ptr<Message> self) {
  if (executed_) {
    requester_->OnBatchReplies(*this);
    return;
  }
  if (target_->occupied()) {
    target_->Park(std::move(self));
    return;
  }
  Execute();
  executed_ = true;
  // Asked once: a commit that another core makes meanwhile must not move the line.
  const storage::Ticket durable = target_->log().durable();
  const auto is_durable = [&](const Item& item) { return item.depends_on <= durable; };
  if (std::all_of(items_.begin(), items_.end(), is_durable)) {
    mailboxes_->Send(origin_, std::move(self));
    return;
  }
  if (std::any_of(items_.begin(), items_.end(), is_durable)) {
    mailboxes_->Send(origin_, SplitDurable(durable));
  }
  storage::Ticket depends_on = storage::kNoTicket;
  for (const Item& item : items_) depends_on = std::max(depends_on, item.depends_on);
  // Owned by the gate until Release.
  [[maybe_unused]] Message* const held = self.release();
  target_->gate().Hold(depends_on, this);
}

void OperationBatch::Release() { mailboxes_->Send(origin_, std::unique_ptr<Message>(this)); }

void OperationBatch::Execute() {
  std::vector<std::string_view> args;
  std::vector<storage::Key> keys;
  args.reserve(arguments_.size());
  for (const Extent& extent : arguments_) {
    args.push_back(std::string_view(bytes_).substr(extent.offset, extent.size));
  }
  keys.reserve(keys_.size());
  for (const KeyPlace& place : keys_)
    keys.push_back({args[place.argument], place.slot, place.hash});

  Request request;
  request.now_ms = WallClock::NowMs();
  size_t argument = 0;
  size_t key = 0;
  for (Item& item : items_) {
    request.command = item.command;
    request.args = std::span(args).subspan(argument, item.argument_count);
    request.keys = std::span(keys).subspan(key, item.key_count);
    request.database = item.database;
    request.resp = item.resp;
    argument += item.argument_count;
    key += item.key_count;
    item.reply_begin = replies_.size();
    item.depends_on = target_->Run(request, &replies_).depends_on;
    item.reply_end = replies_.size();
    if (target_->TurnIsFull()) EndTurn(target_->CloseTurn());
  }
}

// The turn ended within the batch: what depends on it has its ticket now.
void OperationBatch::EndTurn(storage::Ticket ticket) {
  for (Item& item : items_) {
    if (item.depends_on == storage::kOpenTicket) item.depends_on = ticket;
  }
}

// Takes out the operations whose replies may be told at once: reads of committed state are never held.
std::unique_ptr<OperationBatch> OperationBatch::SplitDurable(storage::Ticket durable) {
  auto told = std::make_unique<OperationBatch>(requester_, origin_, target_, mailboxes_);
  told->executed_ = true;
  const auto first = std::stable_partition(
      items_.begin(), items_.end(), [&](const Item& item) { return item.depends_on > durable; });
  for (auto item = first; item != items_.end(); ++item) {
    const std::string_view reply = ReplyOf(*item);
    Item moved = *item;
    moved.reply_begin = told->replies_.size();
    told->replies_.append(reply);
    moved.reply_end = told->replies_.size();
    told->items_.push_back(moved);
  }
  items_.erase(first, items_.end());
  return told;
}

}  // namespace tally::server
