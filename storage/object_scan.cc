#include "storage/object_scan.h"

#include <cstdint>
#include <string>

namespace tally::storage {
namespace {

std::string DiskPlace(int stored, SlotPosition position) {
  std::string place;
  AppendHashPrefix(&place, static_cast<uint8_t>(stored), static_cast<uint16_t>(position.slot),
                   position.hash);
  return place;
}

}  // namespace

ScannedPart ScanPart(Database* database, int stored, SlotPosition begin, SlotPosition end,
                     const ScanLimits& limits,
                     const std::function<void(const ScannedObject&)>& visit) {
  ScannedPart part{.end = end};
  SlotPosition last = begin;
  bool is_damaged = false;
  part.status = database->ScanObjects(
      DiskPlace(stored, begin), DiskPlace(stored, end),
      [&](std::string_view key, std::string_view value) {
        ScannedObject scanned{key, value, {}, {}};
        if (!ParseObjectKey(key, &scanned.object) || !ParseObjectValue(value, &scanned.record)) {
          is_damaged = true;
          return ScanStep::kStop;
        }
        const SlotPosition position{scanned.object.key.slot, scanned.object.key.hash};
        const bool is_enough = part.objects >= limits.objects || part.bytes >= limits.bytes;
        if (is_enough && position != last) {
          part.end = position;
          return ScanStep::kStop;
        }
        last = position;
        ++part.objects;
        part.bytes += key.size() + value.size();
        visit(scanned);
        return ScanStep::kContinue;
      });
  if (part.status.ok() && is_damaged) part.status = Status::Failure("a record is damaged");
  return part;
}

}  // namespace tally::storage
