#include "server/operation_batch.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "protocol/errors.h"
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
  FindKeys();
  InputGate& input_gate = target_->input_gate();
  if (input_gate.MustQueue(requester_)) {
    // What stands behind others asks for nothing yet: it would keep memory that they wait for.
    input_gate.Wait(requester_, std::move(self), {});
    return;
  }
  switch (Execute()) {
    case Progress::kDone:
      Answer(std::move(self), this);
      break;
    case Progress::kPart: {
      std::unique_ptr<OperationBatch> part = TakePart();
      input_gate.WaitForReader(requester_, std::move(self));
      OperationBatch* const raw = part.get();
      Answer(std::move(part), raw);
      break;
    }
    case Progress::kCold: {
      cold_item_ = next_item_;
      // What ran depends on a turn that will be over when the rest has run.
      EndTurn(target_->CloseTurn());
      const Needed needed = NextKeys();
      input_gate.Wait(requester_, std::move(self), needed.keys, needed.ahead);
      break;
    }
    case Progress::kNoRoom:
      EndTurn(target_->CloseTurn());
      has_room_ = true;  // when it comes back: once it was let in it is not asked again
      input_gate.WaitForRoom(requester_, std::move(self));
      break;
  }
}

// Sends the replies of what has run back as soon as they may be told. `owner` is `batch`.
void OperationBatch::Answer(std::unique_ptr<Message> owner, OperationBatch* batch) {
  batch->executed_ = true;
  const std::span<Item> items = batch->items_here();
  // Asked once: a commit that another core makes meanwhile must not move the line.
  const storage::Ticket durable = batch->target_->log().durable();
  const auto is_durable = [&](const Item& item) { return item.depends_on <= durable; };
  if (std::all_of(items.begin(), items.end(), is_durable)) {
    batch->mailboxes_->Send(batch->origin_, std::move(owner));
    return;
  }
  if (std::any_of(items.begin(), items.end(), is_durable)) {
    batch->mailboxes_->Send(batch->origin_, batch->SplitDurable(durable));
  }
  storage::Ticket depends_on = storage::kNoTicket;
  for (const Item& item : batch->items_here()) depends_on = std::max(depends_on, item.depends_on);
  // Owned by the gate until Release.
  [[maybe_unused]] Message* const held = owner.release();
  batch->target_->gate().Hold(depends_on, batch);
}

// What has run, as a batch of its own.
std::unique_ptr<OperationBatch> OperationBatch::TakePart() {
  auto part = std::make_unique<OperationBatch>(requester_, origin_, target_, mailboxes_);
  part->items_.assign(items_.begin() + static_cast<std::ptrdiff_t>(first_item_),
                      items_.begin() + static_cast<std::ptrdiff_t>(next_item_));
  part->replies_ = std::exchange(replies_, {});
  part->slow_requests_ = std::exchange(slow_requests_, {});
  part->has_more_ = true;
  part->next_place_ = items_[next_item_].place;
  first_item_ = next_item_;
  return part;
}

void OperationBatch::Release() { mailboxes_->Send(origin_, std::unique_ptr<Message>(this)); }

void OperationBatch::FindKeys() {
  if (views_.size() == arguments_.size()) return;  // before it waited
  views_.reserve(arguments_.size());
  for (const Extent& extent : arguments_) {
    views_.push_back(std::string_view(bytes_).substr(extent.offset, extent.size));
  }
  resolved_keys_.reserve(keys_.size());
  for (const KeyPlace& place : keys_) {
    resolved_keys_.push_back({views_[place.argument], place.slot, place.hash});
  }
}

// A hint, so that all are taken for keys of the next operation's database.
void OperationBatch::PrefetchNextKeys() {
  const size_t count = std::min(kKeysToPrefetch, resolved_keys_.size() - next_key_);
  const storage::Keyspace& keyspace = target_->keyspace();
  keyspace.Prefetch(keyspace.map().StoredOf(items_[next_item_].database),
                    std::span(resolved_keys_).subspan(next_key_, count));
  prefetched_keys_ = next_key_ + count;
}

// All keys of the next operation, which have to be there together, and as many as may be asked for of the
// following ones that are cold, so that they come with them.
OperationBatch::Needed OperationBatch::NextKeys() const {
  Needed needed;
  size_t key = next_key_;
  size_t most = std::numeric_limits<size_t>::max();
  size_t at_once = 0;
  for (size_t i = next_item_; i < items_.size() && needed.keys.size() < most; ++i) {
    const bool is_next = i == next_item_;
    const int stored = target_->keyspace().map().StoredOf(items_[i].database);
    for (const size_t end = key + items_[i].key_count; key < end; ++key) {
      const NeededKey one{stored, resolved_keys_[key]};
      const bool is_wanted = is_next || (needed.keys.size() < most &&
                                         !target_->keyspace().Knows(one.database, one.key));
      if (is_wanted) needed.keys.push_back(one);
    }
    if (!is_next) continue;
    at_once = needed.keys.size();
    most = at_once + target_->input_gate().KeysAhead();
  }
  needed.ahead = needed.keys.size() - at_once;
  return needed;
}

OperationBatch::Progress OperationBatch::Execute() {
  Request request;
  request.now_ms = WallClock::NowMs();
  request.slow_requests = &slow_requests_;
  request.tracker = tracker_.get();
  while (next_item_ < items_.size()) {
    Item& item = items_[next_item_];
    if (next_key_ + item.key_count > prefetched_keys_) PrefetchNextKeys();
    request.command = item.command;
    request.args = std::span(views_).subspan(next_argument_, item.argument_count);
    request.keys = std::span(resolved_keys_).subspan(next_key_, item.key_count);
    request.database = item.database;
    request.resp = item.resp;
    request.remembers = item.remembers;
    request.was_cold = next_item_ == cold_item_;
    if (!has_room_ && !target_->HasRoomFor(*item.command)) return Progress::kNoRoom;
    item.reply_begin = replies_.size();
    if (target_->Knows(item.database, request.keys)) {
      item.depends_on = target_->Run(request, &replies_).depends_on;
      if (tracker_ != nullptr) [[unlikely]]
        target_->executor().invalidations().TellOwn(tracker_.get(), item.suppressed, item.resp,
                                                    &replies_);
    } else if (target_->IsUnreadable(item.database, request.keys)) {
      target_->executor().Refuse(item.command, protocol::errors::kUnreadable, item.resp, &replies_);
    } else {
      return Progress::kCold;
    }
    has_room_ = false;
    item.reply_end = replies_.size();
    next_argument_ += item.argument_count;
    next_key_ += item.key_count;
    ++next_item_;
    if (target_->TurnIsFull()) EndTurn(target_->CloseTurn());
    if (replies_.size() >= kPartBytes && next_item_ < items_.size()) return Progress::kPart;
  }
  return Progress::kDone;
}

// The turn ended within the batch: what depends on it has its ticket now.
void OperationBatch::EndTurn(storage::Ticket ticket) {
  for (Item& item : items_here()) {
    if (item.depends_on == storage::kOpenTicket) item.depends_on = ticket;
  }
}

// Takes out the operations whose replies may be told at once: reads of committed state are never held.
std::unique_ptr<OperationBatch> OperationBatch::SplitDurable(storage::Ticket durable) {
  auto told = std::make_unique<OperationBatch>(requester_, origin_, target_, mailboxes_);
  told->executed_ = true;
  const auto first =
      std::stable_partition(items_.begin() + static_cast<std::ptrdiff_t>(first_item_), items_.end(),
                            [&](const Item& item) { return item.depends_on > durable; });
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

void GoOnMessage::Deliver(std::unique_ptr<Message> self) {
  if (shard_->occupied()) {
    shard_->Park(std::move(self));
    return;
  }
  shard_->input_gate().GoOn(requester_);
}

}  // namespace tally::server
