#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "server/mailbox.h"
#include "server/object_loader.h"
#include "server/shard.h"
#include "storage/database.h"
#include "storage/object_scan.h"
#include "storage/slot.h"

namespace tally::server {

/// One step of the search for cold objects that have expired, so that they go without anybody asking for
/// them. Sent to a shard; goes on where the shard's last step ended.
///
/// A step reads the records in some of the shard's slots, a bounded number and a bounded number of bytes
/// of them whatever they hold, and keeps of those that have expired the keys only: of them a tombstone
/// comes into memory, never a value. The slots are pinned meanwhile, so they are few.
///
/// A round goes once through all slots with cold objects. On the way it sees when the next one will expire,
/// and the keyspace knows the same of what leaves memory; until then it rests.
class ColdExpiry final : public LoadTask {
 public:
  static constexpr size_t kObjectsPerStep = 5000;
  /// Keys and values; the last object may go beyond it.
  static constexpr size_t kBytesPerStep = size_t{1} << 20;
  static constexpr uint32_t kSlotsAtFirst = 16;
  /// When part of the disk could not be read, nobody knows what expires there.
  static constexpr int64_t kRetryMs = 60'000;
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  /// Where the search goes on; of one shard, used on its thread only.
  struct Place {
    bool runs = false;      // a step is under way
    bool in_round = false;  // else it rests
    int database = 0;
    storage::SlotPosition position;
    uint32_t slots = kSlotsAtFirst;  // of one step: as many as it gets through
    int64_t due_ms = 0;              // nothing seen in the last round expires before
  };

  ColdExpiry(Shard* shard, Place* place)
      : LoadTask(shard->number()), shard_(shard), place_(place) {}

  void Deliver(std::unique_ptr<Message> self) override;
  void Read(storage::Database* database) override;

 private:
  struct Expired {
    std::string key;  // on the disk
    uint32_t generation;
    int64_t expires_at_ms;
  };

  bool FindCold();
  void Ask(std::unique_ptr<Message> self);
  void Finish();
  void Look(const storage::ScannedObject& scanned);

  Shard* const shard_;
  Place* const place_;
  bool asked_ = false;
  // The step.
  int64_t now_ms_ = 0;
  int database_ = 0;
  storage::SlotPosition begin_;
  storage::SlotRange pinned_;
  // What was read.
  storage::ScannedPart read_;
  int64_t next_expiry_ms_ = kNever;
  std::vector<Expired> expired_;
};

}  // namespace tally::server
