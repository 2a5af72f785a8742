#include "server/cold_sweep.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "server/wall_clock.h"

namespace tally::server {

using storage::SlotPosition;

namespace {

/// Moves on to the next slot that is not complete; false: there is none in this database.
bool SkipComplete(const storage::Keyspace& keyspace, int database, SlotPosition* position) {
  *position = std::max(*position, SlotPosition{keyspace.slots().first, 0});
  while (position->slot < keyspace.slots().end) {
    if (!keyspace.IsSlotComplete(database, position->slot)) return true;
    *position = {position->slot + 1, 0};
  }
  return false;
}

std::unique_ptr<RangeWaiter> AsWaiter(RangeWaiter* waiter, std::unique_ptr<Message> self) {
  [[maybe_unused]] Message* const same = self.release();
  return std::unique_ptr<RangeWaiter>(waiter);
}

}  // namespace

bool WarmUp::FindCold() {
  const storage::Keyspace& keyspace = shard_->keyspace();
  for (; database_ < keyspace.databases(); ++database_, position_ = SlotPosition()) {
    if (SkipComplete(keyspace, database_, &position_)) return true;
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
                                        kObjectsPerStep, 0, ObjectLoader::Urgency::kBackground);
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

bool ColdExpiry::FindCold() {
  const storage::Keyspace& keyspace = shard_->keyspace();
  // Once round all databases.
  for (int i = 0; i <= keyspace.databases(); ++i) {
    if (SkipComplete(keyspace, place_->database, &place_->position)) return true;
    place_->database = (place_->database + 1) % keyspace.databases();
    place_->position = SlotPosition();
  }
  return false;
}

void ColdExpiry::Deliver(std::unique_ptr<Message> self) {
  if (shard_->occupied()) {
    shard_->Park(std::move(self));
    return;
  }
  if (asked_) {
    place_->runs = false;
    return;
  }
  if (place_->runs || !FindCold()) return;
  place_->runs = true;
  asked_ = true;
  const Place place = *place_;
  shard_->input_gate().WaitForRange(AsWaiter(this, std::move(self)), place.database, place.position,
                                    kObjectsPerStep, WallClock::NowMs(),
                                    ObjectLoader::Urgency::kBackground);
}

// Damage is found by whoever reads the object; the search goes on behind it.
void ColdExpiry::OnRange(SlotPosition end, bool readable) {
  place_->position = readable ? end : SlotPosition{place_->position.slot + 1, 0};
}

}  // namespace tally::server
