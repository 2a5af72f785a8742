#include "server/cold_sweep.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace tally::server {

using storage::SlotPosition;

namespace {

std::unique_ptr<RangeWaiter> AsWaiter(RangeWaiter* waiter, std::unique_ptr<Message> self) {
  [[maybe_unused]] Message* const same = self.release();
  return std::unique_ptr<RangeWaiter>(waiter);
}

}  // namespace

bool WarmUp::FindCold() {
  const storage::Keyspace& keyspace = shard_->keyspace();
  for (; database_ < keyspace.databases(); ++database_, position_ = SlotPosition()) {
    position_ = keyspace.NextIncomplete(database_, position_);
    if (position_.slot < keyspace.slots().end) return true;
  }
  return false;
}

bool WarmUp::IsFull() const {
  const uint64_t limit = shard_->memory().limit();
  return limit != MemoryBudget::kUnlimited && shard_->memory().used() > limit / 100 * kFullPercent;
}

void WarmUp::LogProgress() {
  const uint64_t left = shard_->keyspace().incomplete_slots();
  if (cold_slots_ == 0) cold_slots_ = left;
  const uint64_t percent = 100 * (cold_slots_ - std::min(left, cold_slots_)) / cold_slots_;
  if (percent < next_percent_) return;
  next_percent_ = percent / kPercentPerLine * kPercentPerLine + kPercentPerLine;
  spdlog::info("warming up, shard {}: {} %; {} objects in memory", shard_->number(), percent,
               shard_->keyspace().resident_objects());
}

void WarmUp::Deliver(std::unique_ptr<Message> self) {
  if (shard_->occupied()) {
    shard_->Park(std::move(self));
    return;
  }
  if (stop_->load() || !readable_) {
    state_->store(WarmUpState::kStopped);
    return;
  }
  const bool all_is_there = !FindCold();
  if (all_is_there || IsFull()) {
    state_->store(all_is_there ? WarmUpState::kDone : WarmUpState::kFull);
    if (cold_slots_ > 0) {
      spdlog::info("warming up, shard {}: {}; {} objects in memory", shard_->number(),
                   all_is_there ? "everything is in memory" : "memory is nearly full",
                   shard_->keyspace().resident_objects());
    }
    return;
  }
  LogProgress();
  storage::Keyspace& keyspace = shard_->keyspace();
  const int database = database_;
  const SlotPosition begin = position_;
  const uint32_t end =
      shard_->input_gate().WaitForRange(AsWaiter(this, std::move(self)), database, begin,
                                        kObjectsPerStep, ObjectLoader::Urgency::kBackground);
  // A slot that the last step ended in has been watched since its beginning.
  for (uint32_t slot = begin.hash == 0 ? begin.slot : begin.slot + 1; slot < end; ++slot) {
    keyspace.WatchSlot(database, slot);
  }
}

void WarmUp::OnRange(SlotPosition end, bool readable) {
  readable_ = readable;
  if (!readable) return;
  for (uint32_t slot = position_.slot; slot < end.slot; ++slot) {
    shard_->keyspace().CompleteSlot(database_, slot);
  }
  position_ = end;
}

}  // namespace tally::server
