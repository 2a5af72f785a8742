#include "server/memory_budget.h"

#include <algorithm>

namespace tally::server {

namespace {
constexpr double kOldestPart = 0.25;
// Far over the limit it matters more to be within it than who goes.
constexpr double kOldestPartWhenFull = 0.75;
constexpr uint64_t kPortions = 16;
// After this part of the limit has become dirty a checkpoint is due, before there is need.
constexpr uint64_t kDirtyPart = 3;
}  // namespace

void MemoryBudget::Keep(int64_t now_us, int64_t now_ms) {
  wants_turn_ = false;
  const uint64_t limit_bytes = limit();
  if (limit_bytes == kUnlimited) return;
  GivePortion(now_us);
  if (keyspace_->dirty_bytes() > limit_bytes / kDirtyPart) AskForCheckpoint(now_us);
  if (used() <= limit_bytes || now_us < look_again_us_) return;

  for (size_t step = 0; step < kStepsPerTurn && used() > limit_bytes; ++step) {
    const bool is_full = used() > Percent(kSoftPercent);
    if (keyspace_->EvictStep(kSample, is_full ? kOldestPartWhenFull : kOldestPart, now_ms) > 0) {
      fruitless_round_ = keyspace_->evict_rounds() + 2;  // the rest of this round, and a whole one
    } else if (keyspace_->evict_rounds() >= fruitless_round_) {
      fruitless_round_ = keyspace_->evict_rounds() + 1;
      look_again_us_ = now_us + kPressureIntervalUs;
      AskForCheckpoint(now_us);
      return;
    }
  }
  wants_turn_ = used() > limit_bytes;
}

uint64_t MemoryBudget::HardLimit() const {
  const uint64_t limit_bytes = limit();
  return limit_bytes + std::clamp(kHardLeastBytes, limit_bytes * kHardPercent / 100,
                                  limit_bytes * kHardPercentOfLittle / 100);
}

void MemoryBudget::GivePortion(int64_t now_us) {
  if (now_us < next_portion_us_) return;
  next_portion_us_ = now_us + kPortionUs;
  const uint64_t hard = HardLimit();
  room_ = used() < hard ? static_cast<int64_t>((hard - used()) / kPortions) : 0;
}

void MemoryBudget::AskForCheckpoint(int64_t now_us) {
  if (now_us < next_pressure_us_ || !keyspace_->is_dirty()) return;
  next_pressure_us_ = now_us + kPressureIntervalUs;
  on_pressure_();
}

}  // namespace tally::server
