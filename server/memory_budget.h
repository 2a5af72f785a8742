#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "storage/keyspace.h"

namespace tally::server {

/// Keeps a shard's objects within its share of memory.
///
/// What is over the limit is given back in small steps at the ends of turns: objects that are clean and
/// were not used for longest (sampled: of each `kSample` that lie side by side the oldest part goes; the
/// hand goes round through all, so that every object is compared with others equally often. An exact
/// order of use would cost every object two pointers, and every read two writes).
///
/// When there are too few clean ones, `on_pressure` asks for a checkpoint, which makes dirty ones clean.
/// If writes come faster than that, they wait: between `kSoftPercent` of the limit and the hard limit
/// a turn's writes get a part of the room that is left, so they slow down as it fills and come to the
/// pace of the checkpoints. Nothing is refused and nothing is lost.
///
/// Thread: the shard's, but for set_limit.
class MemoryBudget {
 public:
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
  static constexpr size_t kSample = 128;
  static constexpr size_t kStepsPerTurn = 16;
  /// Of the limit: from here on writes get room in portions.
  static constexpr uint64_t kSoftPercent = 102;
  /// There is none at so much above the limit: a part of it that is larger where the limit is small, so that
  /// a portion is worth its wait.
  static constexpr uint64_t kHardPercent = 6;
  static constexpr uint64_t kHardPercentOfLittle = 12;
  static constexpr uint64_t kHardLeastBytes = uint64_t{4} << 20;
  static constexpr int64_t kPortionUs = 1000;
  static constexpr int64_t kPressureIntervalUs = 20'000;

  explicit MemoryBudget(storage::Keyspace* keyspace) : keyspace_(keyspace) {}

  /// Any thread. Bytes of objects and their tables.
  void set_limit(uint64_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  void set_on_pressure(std::function<void()> call) { on_pressure_ = std::move(call); }

  /// Whether a write may run now.
  [[nodiscard]] bool HasRoom() const { return used() <= Percent(kSoftPercent) || room_ > 0; }
  /// It runs, and takes about so many bytes.
  void Spend(size_t bytes) { room_ -= static_cast<int64_t>(bytes); }

  /// At the end of a turn. `now_us`: monotonic. Requires that the keyspace is the shard's own at the moment.
  void Keep(int64_t now_us, int64_t now_ms);
  /// Keep has not done all that it could.
  [[nodiscard]] bool wants_turn() const { return wants_turn_; }

  [[nodiscard]] uint64_t used() const {
    return keyspace_->object_bytes() + keyspace_->table_bytes();
  }

 private:
  [[nodiscard]] uint64_t Percent(uint64_t percent) const {
    const uint64_t limit_bytes = limit();
    return limit_bytes == kUnlimited ? kUnlimited : limit_bytes / 100 * percent;
  }
  [[nodiscard]] uint64_t HardLimit() const;
  void GivePortion(int64_t now_us);
  void AskForCheckpoint(int64_t now_us);

  storage::Keyspace* const keyspace_;
  std::atomic<uint64_t> limit_{kUnlimited};
  std::function<void()> on_pressure_ = [] {};
  int64_t room_ = 0;
  int64_t next_portion_us_ = 0;
  int64_t next_pressure_us_ = 0;
  int64_t look_again_us_ = 0;  // nothing was clean
  uint64_t fruitless_round_ = 0;
  bool wants_turn_ = false;
};

}  // namespace tally::server
