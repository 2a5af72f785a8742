// Records of objects and of checkpoints: what is accepted is what a writer of this version writes, byte for
// byte; everything else is refused.

#include <fuzzer/FuzzedDataProvider.h>

#include <string>
#include <string_view>

#include "storage/checkpoint_record.h"
#include "storage/name_hash.h"
#include "storage/object_codec.h"
#include "storage/sealed_record.h"
#include "tests/fuzz/fuzz_target.h"

namespace tally::storage {
namespace {

constexpr HashSeed kSeed{1, 2};

void CheckChanges(std::string_view bytes) {
  while (!bytes.empty()) {
    std::string_view rest = bytes;
    Change change;
    if (!ReadChange(&rest, &change)) return;
    fuzz::Require(rest.size() < bytes.size(), "a record has a size");
    const std::string_view record = bytes.substr(0, bytes.size() - rest.size());
    std::string again;
    if (change.is_flush) {
      AppendFlush(&again, change.database, change.generation);
    } else if (change.is_place) {
      AppendPlace(&again, change.database, change.stored);
    } else if (change.is_counts) {
      AppendCounts(&again, change.database, change.slot, change.counts);
    } else {
      const ObjectPtr object = MakeObject(MakeKey(kSeed, change.name), change);
      AppendChange(&again, change.database, *object);
    }
    fuzz::RequireEqual(again, record, "a change that is read is one that is written");
    bytes = rest;
  }
}

void CheckValue(std::string_view bytes) {
  ObjectRecord record;
  if (!ParseObjectValue(bytes, &record)) return;
  const ObjectPtr object = MakeObject(MakeKey(kSeed, "name"), record);
  std::string again;
  AppendObjectValue(&again, *object, record.generation);
  fuzz::RequireEqual(again, bytes, "a value that is read is one that is written");
}

void CheckKey(std::string_view bytes) {
  ObjectKey key;
  if (!ParseObjectKey(bytes, &key)) return;
  std::string again;
  AppendObjectKey(&again, key.database, key.key);
  fuzz::RequireEqual(again, bytes, "a key that is read is one that is written");
}

void CheckCheckpointRecord(std::string bytes) {
  constexpr char kVersion = 3;  // an older one is read, too, but is not written
  bytes.insert(bytes.begin(), kVersion);
  Seal(&bytes);
  CheckpointRecord record;
  if (!DecodeCheckpointRecord(bytes, &record)) return;
  fuzz::RequireEqual(EncodeCheckpointRecord(record), bytes,
                     "a checkpoint that is read is one that is written");
}

}  // namespace
}  // namespace tally::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider in(data, size);
  const int which = in.ConsumeIntegralInRange<int>(0, 3);
  const std::string bytes = in.ConsumeRemainingBytesAsString();
  switch (which) {
    case 0:
      tally::storage::CheckChanges(bytes);
      break;
    case 1:
      tally::storage::CheckValue(bytes);
      break;
    case 2:
      tally::storage::CheckKey(bytes);
      break;
    default:
      tally::storage::CheckCheckpointRecord(bytes);
  }
  return 0;
}
