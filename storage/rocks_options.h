// How RocksDB is set up, and why; part of rocks_database.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <rocksdb/options.h>

namespace tally::storage {

inline constexpr std::string_view kMetaFamily = "meta";
inline constexpr std::string_view kObjectsFamily = "objects";
/// Followed by the part's number: 1, 2, 3 …
inline constexpr std::string_view kJournalPrefix = "journal-";

/// `log` as in OpenRocksDatabase.
[[nodiscard]] rocksdb::DBOptions MakeRocksOptions(std::function<void(const std::string&)> log);
[[nodiscard]] rocksdb::ColumnFamilyOptions MakeRocksFamilyOptions(std::string_view name);

}  // namespace tally::storage
