#include "storage/rocks_object_reads.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>

namespace tally::storage {
namespace {

constexpr std::string_view kReadFailure =
    "read objects (if they are damaged, restore the data directory from a backup)";
// RocksDB reads so many keys in one go; arrays of this size need no allocation.
constexpr size_t kKeysAtOnce = 32;
constexpr size_t kReadAheadBytes = size_t{2} << 20;

// Takes over what RocksDB found for one key.
rocksdb::Status Take(const rocksdb::Status& found, const rocksdb::PinnableSlice& value,
                     ReadTier tier, ObjectLookup* lookup) {
  lookup->value.clear();
  lookup->known = true;
  if (found.IsNotFound()) return rocksdb::Status::OK();
  if (tier == ReadTier::kMemoryOnly) {
    // Where it is a table that is not open that might have the key, RocksDB can also answer with OK
    // and nothing; and no record is empty.
    lookup->known = found.ok() && !value.empty();
    if (found.IsIncomplete() || (found.ok() && value.empty())) return rocksdb::Status::OK();
  } else if (found.ok() && value.empty()) {
    return rocksdb::Status::Corruption("an empty record");
  }
  if (found.ok()) lookup->value.assign(value.data(), value.size());
  return found;
}

rocksdb::Status LookUpBatch(rocksdb::DB* db, RocksFamily* objects, std::span<ObjectLookup> wanted,
                            ReadTier tier) {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.read_tier =
      tier == ReadTier::kMemoryOnly ? rocksdb::kBlockCacheTier : rocksdb::kReadAllTier;
  std::array<rocksdb::Slice, kKeysAtOnce> keys;
  std::array<rocksdb::PinnableSlice, kKeysAtOnce> values;
  std::array<rocksdb::Status, kKeysAtOnce> statuses;
  for (size_t i = 0; i < wanted.size(); ++i) keys[i] = ToSlice(wanted[i].key);
  db->MultiGet(options, objects, wanted.size(), keys.data(), values.data(), statuses.data());
  rocksdb::Status first = rocksdb::Status::OK();
  for (size_t i = 0; i < wanted.size(); ++i) {
    rocksdb::Status taken = Take(statuses[i], values[i], tier, &wanted[i]);
    if (first.ok()) first = std::move(taken);
  }
  return first;
}

}  // namespace

Status LookUpRocksObjects(rocksdb::DB* db, RocksFamily* objects, std::span<ObjectLookup> wanted,
                          ReadTier tier) {
  while (!wanted.empty()) {
    const size_t count = std::min(wanted.size(), kKeysAtOnce);
    Status status = RocksStatus(db->GetName(), kReadFailure,
                                LookUpBatch(db, objects, wanted.first(count), tier));
    if (!status.ok()) return status;
    wanted = wanted.subspan(count);
  }
  return Status::Ok();
}

Status ScanRocksObjects(rocksdb::DB* db, RocksFamily* objects, std::string_view begin,
                        std::string_view end,
                        const std::function<ScanStep(std::string_view, std::string_view)>& visit) {
  const rocksdb::Slice upper = ToSlice(end);
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  if (begin.empty() && end.empty()) options.readahead_size = kReadAheadBytes;
  if (!end.empty()) options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> record(db->NewIterator(options, objects));
  for (record->Seek(ToSlice(begin)); record->Valid(); record->Next()) {
    if (visit(ToView(record->key()), ToView(record->value())) == ScanStep::kStop) break;
  }
  return RocksStatus(db->GetName(), kReadFailure, record->status());
}

}  // namespace tally::storage
