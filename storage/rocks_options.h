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

/// As many files on top of the objects' levels start a compaction.
inline constexpr unsigned kFilesToCompact = 2;

/// Bytes a second that compaction writes (DBOptions::rate_limiter) while it keeps up with the checkpoints:
/// syncs of the log wait for what the disk has been given, and cores for a CPU. Of 1,000 replies a second
/// after a start, the slowest took 4 to 8 ms without it, and 3 to 6 ms with it.
inline constexpr int64_t kCompactionPace = int64_t{16} << 20;
/// When a checkpoint finds that it has not kept up, until one finds that it has.
inline constexpr int64_t kCompactionHaste = int64_t{1} << 40;

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
