#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/object_codec.h"
#include "storage/slot.h"
#include "storage/ticket.h"

namespace tally::storage {

/// The record by which a checkpoint becomes the one that counts. Versioned, checksummed.
struct CheckpointRecord {
  /// How many objects one shard had as of a ticket that is not below the floor. Later changes of these
  /// numbers are in the journal. (Several of them: shards have no common moment. The slots are theirs
  /// of then; the next start may divide them otherwise.)
  struct ShardCounts {
    SlotRange slots;
    Ticket ticket = kNoTicket;
    std::vector<CountChange> databases;
  };

  Ticket floor = kNoTicket;           ///< everything up to it is in its place
  std::vector<uint32_t> generations;  ///< of the stored databases
  std::vector<ShardCounts> counts;
  std::vector<uint8_t>
      places;  ///< as many as generations: where each of the clients' databases is stored
};

[[nodiscard]] std::string EncodeCheckpointRecord(const CheckpointRecord& record);
/// False: damaged, or of another version.
[[nodiscard]] bool DecodeCheckpointRecord(std::string_view in, CheckpointRecord* record);

}  // namespace tally::storage
