// How RocksDB is set up, and why; part of rocks_database.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <rocksdb/cache.h>
#include <rocksdb/options.h>

namespace tally::storage {

inline constexpr std::string_view kMetaFamily = "meta";
inline constexpr std::string_view kObjectsFamily = "objects";
/// Followed by the part's number: 1, 2, 3 …
inline constexpr std::string_view kJournalPrefix = "journal-";

/// `log` as in RocksSettings; `env` must outlive the database.
[[nodiscard]] rocksdb::DBOptions MakeRocksOptions(rocksdb::Env* env,
                                                  std::function<void(const std::string&)> log);

/// The options of the families of one database; what they share is in here.
class RocksFamilyOptions {
 public:
  explicit RocksFamilyOptions(uint64_t block_cache_bytes);
  [[nodiscard]] rocksdb::ColumnFamilyOptions Of(std::string_view name) const;
  [[nodiscard]] rocksdb::Cache& block_cache() const { return *block_cache_; }

 private:
  const std::shared_ptr<rocksdb::Cache> block_cache_;
};

}  // namespace tally::storage
