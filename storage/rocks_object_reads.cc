#include "storage/rocks_object_reads.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>

#include "storage/rocks_memory_only.h"

namespace tally::storage {
namespace {

constexpr std::string_view kReadFailure =
    "read objects (if they are damaged, restore the data directory from a backup)";
// RocksDB reads so many keys in one go; arrays of this size need no allocation.
constexpr size_t kKeysAtOnce = 32;
constexpr size_t kReadAheadBytes = size_t{2} << 20;

rocksdb::Status LookUpInMemory(rocksdb::DB* db, RocksFamily* objects, ObjectLookup* lookup) {
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kBlockCacheTier;
  rocksdb::PinnableSlice value;
  const MemoryOnlyScope no_reads;
  rocksdb::Status found = db->Get(options, objects, ToSlice(lookup->key), &value);
  lookup->value.clear();
  // Of a table that is not open and might have the key RocksDB says OK, and no value. No record is empty.
  const bool is_unknown =
      no_reads.refused() || found.IsIncomplete() || (found.ok() && value.empty());
  lookup->known = !is_unknown;
  if (is_unknown || found.IsNotFound()) return rocksdb::Status::OK();
  if (found.ok()) lookup->value.assign(value.data(), value.size());
  return found;
}

rocksdb::Status LookUpBatch(rocksdb::DB* db, RocksFamily* objects, std::span<ObjectLookup> wanted) {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::array<rocksdb::Slice, kKeysAtOnce> keys;
  std::array<rocksdb::PinnableSlice, kKeysAtOnce> values;
  std::array<rocksdb::Status, kKeysAtOnce> found;
  for (size_t i = 0; i < wanted.size(); ++i) keys[i] = ToSlice(wanted[i].key);
  db->MultiGet(options, objects, wanted.size(), keys.data(), values.data(), found.data());
  for (size_t i = 0; i < wanted.size(); ++i) {
    wanted[i].value.clear();
    wanted[i].known = true;
    if (found[i].IsNotFound()) continue;
    if (!found[i].ok()) return found[i];
    if (values[i].empty()) return rocksdb::Status::Corruption("an empty record");
    wanted[i].value.assign(values[i].data(), values[i].size());
  }
  return rocksdb::Status::OK();
}

}  // namespace

Status LookUpRocksObjects(rocksdb::DB* db, RocksFamily* objects, std::span<ObjectLookup> wanted,
                          ReadTier tier) {
  if (objects == nullptr) {
    for (ObjectLookup& lookup : wanted) {
      lookup.value.clear();
      lookup.known = true;
    }
    return Status::Ok();
  }
  // One by one from memory: MultiGet of RocksDB 7.8 goes to the disk for data blocks whatever read_tier
  // says, and what it makes of a refused read is not for us to find out.
  const size_t at_once = tier == ReadTier::kMemoryOnly ? 1 : kKeysAtOnce;
  rocksdb::Status status = rocksdb::Status::OK();
  while (!wanted.empty() && status.ok()) {
    const size_t count = std::min(wanted.size(), at_once);
    status = tier == ReadTier::kMemoryOnly ? LookUpInMemory(db, objects, &wanted.front())
                                           : LookUpBatch(db, objects, wanted.first(count));
    wanted = wanted.subspan(count);
  }
  return RocksStatus(db->GetName(), kReadFailure, status);
}

Status ScanRocksObjects(rocksdb::DB* db, RocksFamily* objects, std::string_view begin,
                        std::string_view end,
                        const std::function<ScanStep(std::string_view, std::string_view)>& visit) {
  if (objects == nullptr) return Status::Ok();
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
