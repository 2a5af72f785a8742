// The column families of the database's directory: which there may be, opening them, and the few words
// that all of rocks_database shares.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include "storage/rocks_options.h"
#include "storage/status.h"

namespace tally::storage {

using RocksFamily = rocksdb::ColumnFamilyHandle;

/// The handles belong to `db` and must be given back to it before it is closed: CloseRocksFamilies. Opened
/// for reading, what is null or empty is not there.
struct RocksFamilies {
  std::unique_ptr<rocksdb::DB> db;
  RocksFamily* unused = nullptr;  // RocksDB's own default family
  RocksFamily* meta = nullptr;
  RocksFamily* objects = nullptr;
  std::map<uint64_t, RocksFamily*> journal;
};

inline rocksdb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }
inline std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

/// "<where>: cannot <what>: <status>", if it is a failure.
[[nodiscard]] Status RocksStatus(std::string_view where, std::string_view what,
                                 const rocksdb::Status& status);

[[nodiscard]] std::string JournalFamilyName(uint64_t part);

/// Makes the family `name` with its options.
Status AddRocksFamily(rocksdb::DB* db, const RocksFamilyOptions& family_options,
                      std::string_view name, RocksFamily** family);
/// Opens the database with all its families; refuses unknown ones. Changes nothing on the disk: where the
/// directory is missing, or holds nothing of a database yet, nothing is opened. `options` must have a
/// logger of their own, or RocksDB writes one.
Status OpenRocksForReading(const std::string& directory, const rocksdb::DBOptions& options,
                           const RocksFamilyOptions& family_options, RocksFamilies* out);
/// The same for writing; makes the database, or those families that are missing (a first start may have
/// been interrupted anywhere). After a failure *out may hold what was opened so far.
Status OpenRocksForWriting(const std::string& directory, const rocksdb::DBOptions& options,
                           const RocksFamilyOptions& family_options, RocksFamilies* out);
Status CloseRocksFamilies(RocksFamilies families);

}  // namespace tally::storage
