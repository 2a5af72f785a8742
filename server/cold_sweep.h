#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "server/input_gate.h"
#include "server/shard.h"
#include "storage/slot.h"

namespace tally::server {

/// How the warming up of one shard stands.
enum class WarmUpState : uint8_t { kRunning, kDone, kFull, kStopped };

/// Reads a shard's cold objects into memory in the background, in the order of slots, until all are there or
/// memory is nearly full. Slots that were read whole become complete.
///
/// One step is under way at a time, with the loader's lowest priority; a step takes a fraction of a
/// millisecond of the shard's time.
class WarmUp final : public RangeWaiter {
 public:
  static constexpr size_t kObjectsPerStep = 1000;
  /// Of the memory limit: beyond it objects would have to go for those that come.
  static constexpr uint64_t kFullPercent = 90;
  /// A line in the log each time so much more has been read.
  static constexpr uint64_t kPercentPerLine = 25;

  /// `state` and `stop` outlive the server's cores.
  WarmUp(Shard* shard, std::atomic<WarmUpState>* state, const std::atomic<bool>* stop)
      : shard_(shard), state_(state), stop_(stop) {}

  void Deliver(std::unique_ptr<Message> self) override;
  void OnRange(storage::SlotPosition end, bool readable) override;

 private:
  bool FindCold();
  [[nodiscard]] bool IsFull() const;
  void LogProgress();

  Shard* const shard_;
  std::atomic<WarmUpState>* const state_;
  const std::atomic<bool>* const stop_;
  int database_ = 0;
  storage::SlotPosition position_;
  bool readable_ = true;
  uint64_t cold_slots_ = 0;  // when it began; 0: it has not
  uint64_t next_percent_ = kPercentPerLine;
};

}  // namespace tally::server
