#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "storage/database.h"
#include "storage/object_codec.h"
#include "storage/slot.h"
#include "storage/status.h"

namespace tally::storage {

/// A record as a scan finds it. All of it is good during the visit.
struct ScannedObject {
  std::string_view key;  // as on the disk, as is the value
  std::string_view value;
  ObjectKey object;
  ObjectRecord record;
};

/// One step of a scan is enough when either is reached.
struct ScanLimits {
  size_t objects;
  size_t bytes;  // of keys and values; the last object may go beyond
};

/// What one step saw.
struct ScannedPart {
  SlotPosition end;  // everything before it was visited
  size_t objects = 0;
  size_t bytes = 0;
  /// Failed: the disk, or a record, could not be read. What was visited is right, others are missing, and
  /// `end` says nothing.
  Status status = Status::Ok();
};

/// Visits the records of a stored database from `begin` up to `end`, or up to the limits. What has the same hash
/// belongs together: a step ends between two hashes. Any thread.
[[nodiscard]] ScannedPart ScanPart(Database* database, int stored, SlotPosition begin,
                                   SlotPosition end, const ScanLimits& limits,
                                   const std::function<void(const ScannedObject&)>& visit);

}  // namespace tally::storage
