#include "storage/rocks_options.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>

namespace tally::storage {
namespace {

constexpr int kMaxOpenFiles = 256;
constexpr int kFileOpeningThreads = 1;
constexpr int kMaxBackgroundJobs = 4;
constexpr int kCompactionNice = 5;
constexpr int64_t kCompactionBurstUs = 10'000;
constexpr double kBloomBitsPerKey = 10;
// Below this, a cache's part for itself is too small for the blocks that are in use at one time.
constexpr uint64_t kMinCacheShardBytes = uint64_t{2} << 20;
constexpr int kMaxCacheShardBits = 6;
// Of the cache, for indexes and filters. Data blocks pass through: what is asked for often is an object in
// memory, and not asked for here.
constexpr double kIndexShareOfCache = 0.8;
constexpr uint64_t kFirstLevelBytes = uint64_t{256} << 20;
constexpr uint64_t kTableBytes = uint64_t{64} << 20;
constexpr size_t kCompactionReadAheadBytes = size_t{1} << 20;
// A journal part is cut at a quarter of this, so that it lives and dies in its memtable and the log.
constexpr size_t kJournalMemtableBytes = size_t{256} << 20;
constexpr size_t kSmallMemtableBytes = size_t{1} << 20;
// When checkpoints fail for long, RocksDB starts to move the journal from the log to tables here.
constexpr uint64_t kMaxLogBytes = uint64_t{1} << 30;

// RocksDB's own info log aborts the process when the disk is full.
class WarningLogger : public rocksdb::Logger {
 public:
  explicit WarningLogger(std::function<void(const std::string&)> log)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}

  using rocksdb::Logger::Logv;
  [[gnu::format(printf, 2, 0)]] void Logv(const char* format, va_list arguments) override {
    char line[1024];
    std::vsnprintf(line, sizeof(line), format, arguments);
    // This version records no unique ID for ingested files, and then warns of it at every start.
    if (std::strstr(line, "without unique ID to verify") != nullptr) return;
    if (log_) {
      log_(line);
    } else {
      std::fprintf(stderr, "RocksDB: %s\n", line);
    }
  }

 private:
  const std::function<void(const std::string&)> log_;
};

// Compaction gives way to cores and loaders. RocksDB itself knows only nice 19: a compaction that starves
// while it holds the database's mutex holds up commits, 700 ms were seen.
class YieldingCompaction : public rocksdb::EventListener {
 public:
  void OnCompactionBegin(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& /*job*/) override {
    // Of the calling thread only, on Linux; it compacts and nothing else, flushes have threads of their own.
    // Where it is refused, compaction is as urgent as all else.
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kCompactionNice));
  }
};

rocksdb::ColumnFamilyOptions MakeSmallFamilyOptions() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kSmallMemtableBytes;
  options.compression = rocksdb::kNoCompression;
  return options;
}

rocksdb::ColumnFamilyOptions MakeJournalOptions() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kJournalMemtableBytes;
  options.compression = rocksdb::kNoCompression;
  options.disable_auto_compactions = true;
  return options;
}

// Memory is bounded by the cache, whatever the data's size: what a table needs to be read is in the cache
// or charged to it.
rocksdb::BlockBasedTableOptions MakeObjectTableOptions(
    const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = cache;
  // Ribbon was tried: 1.4 % less on the disk, no difference in lookups that was more than noise.
  options.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  options.whole_key_filtering = true;
  // Indexes and filters in pieces, of which those in use are kept. In one piece a table's would be
  // megabytes: more than a small cache has room for, and all of it is read for the first key.
  options.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  options.partition_filters = true;
  options.cache_index_and_filter_blocks = true;
  options.cache_index_and_filter_blocks_with_high_priority = true;
  // Only the list of the pieces stays while the table is open, a few KB. Not the pieces of files that have
  // just been ingested: those may be as large as the data.
  options.metadata_cache_options.top_level_index_pinning = rocksdb::PinningTier::kAll;
  options.metadata_cache_options.partition_pinning = rocksdb::PinningTier::kNone;
  options.metadata_cache_options.unpartitioned_pinning = rocksdb::PinningTier::kNone;
  using Decision = rocksdb::CacheEntryRoleOptions::Decision;
  auto& charges = options.cache_usage_options.options_overrides;
  charges[rocksdb::CacheEntryRole::kBlockBasedTableReader].charged = Decision::kEnabled;
  charges[rocksdb::CacheEntryRole::kFilterConstruction].charged = Decision::kEnabled;
  charges[rocksdb::CacheEntryRole::kFileMetadata].charged = Decision::kEnabled;
  return options;
}

rocksdb::ColumnFamilyOptions MakeObjectsOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(MakeObjectTableOptions(cache)));
  options.write_buffer_size = kSmallMemtableBytes;  // nothing is ever written there
  options.compression = rocksdb::kLZ4Compression;
  // Space. Each ingested file may hold as much as all the data, and replaces as much: so one of them may
  // wait on top, a second one starts a compaction. With dynamic sizes each level is a tenth of the next, and
  // the last one, which holds nothing stale, at least 9/10 of the rest.
  options.compaction_style = rocksdb::kCompactionStyleLevel;
  options.level_compaction_dynamic_level_bytes = true;
  options.level0_file_num_compaction_trigger = static_cast<int>(kFilesToCompact);
  options.max_bytes_for_level_base = kFirstLevelBytes;
  options.target_file_size_base = kTableBytes;
  // A stall would slow down all writes, which here means: commits, and those do not even go to this family.
  // NewObjectFile waits instead.
  options.level0_slowdown_writes_trigger = std::numeric_limits<int>::max();
  options.level0_stop_writes_trigger = std::numeric_limits<int>::max();
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  return options;
}

// Not with a strict limit: a lookup that found all of the cache in use would fail. What is in use at one
// time, and may go beyond the limit, is a few blocks per thread that reads.
std::shared_ptr<rocksdb::Cache> MakeBlockCache(uint64_t bytes) {
  rocksdb::LRUCacheOptions options;
  options.capacity = bytes;
  options.num_shard_bits = 0;
  while (options.num_shard_bits < kMaxCacheShardBits &&
         bytes >> (options.num_shard_bits + 1) >= kMinCacheShardBytes) {
    ++options.num_shard_bits;
  }
  options.strict_capacity_limit = false;
  options.high_pri_pool_ratio = kIndexShareOfCache;
  return rocksdb::NewLRUCache(options);
}

}  // namespace

rocksdb::DBOptions MakeRocksOptions(rocksdb::Env* env,
                                    std::function<void(const std::string&)> log) {
  rocksdb::DBOptions options;
  options.env = env;
  options.info_log = std::make_shared<WarningLogger>(std::move(log));
  options.paranoid_checks = true;
  // After a crash the log's last record may be torn in any way, zeroed pages included, which only
  // this mode takes for what it is (kTolerateCorruptedTailRecords refuses it). In turn it forgives too
  // much: it also stops, without a word, at damage in the middle, and misses what was cut on a record's
  // boundary or deleted. So the log is scanned before RocksDB sees it (rocks_log_scan.h), and Recover
  // checks that tickets are contiguous and reach the high-water mark.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // Opening rewrites nothing that a refused start would still need, and does not wait for tables.
  options.avoid_flush_during_recovery = true;
  options.avoid_flush_during_shutdown = true;
  options.recycle_log_file_num = 0;
  options.manual_wal_flush = false;
  options.unordered_write = false;
  options.enable_pipelined_write = false;
  options.atomic_flush = false;
  options.max_bgerror_resume_count = 0;
  options.max_total_wal_size = kMaxLogBytes;
  // No reservations, which go by the memtable's size: a server would begin by taking 280 MB of the disk.
  options.allow_fallocate = false;
  // One flushes, the others compact. On two CPUs the second is for those who wait for replies.
  options.max_background_jobs =
      std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 2, 2, kMaxBackgroundJobs);
  options.listeners.push_back(std::make_shared<YieldingCompaction>());
  options.rate_limiter.reset(rocksdb::NewGenericRateLimiter(kCompactionPace, kCompactionBurstUs));
  // RocksDB opens tables for random reads, so the system reads nothing ahead. Memory per input table.
  options.compaction_readahead_size = kCompactionReadAheadBytes;
  // Tables are opened when they are asked for, not at the start; a few are, in no time.
  options.max_open_files = kMaxOpenFiles;
  options.max_file_opening_threads = kFileOpeningThreads;
  options.skip_stats_update_on_db_open = true;  // it would read twenty tables' properties
  // But a start looks for each table, and at its size: that is how missing and cut ones are noticed.
  options.skip_checking_sst_file_sizes_on_db_open = false;
  // Files and memtables are freed in the background, not by the lookup that was the last to use them.
  options.avoid_unnecessary_blocking_io = true;
  // Tables go to the disk in small pieces: the syncs of the log wait for what is under way. With 1 MiB, one
  // of 1,000 replies took 13 to 20 ms while compaction ran after a start; so 2 to 3 ms.
  options.bytes_per_sync = size_t{256} << 10;
  // Counts only: what takes time, or the time of what, is not measured.
  options.statistics = rocksdb::CreateDBStatistics();
  options.statistics->set_stats_level(rocksdb::StatsLevel::kExceptHistogramOrTimers);
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

RocksFamilyOptions::RocksFamilyOptions(uint64_t block_cache_bytes)
    : block_cache_(MakeBlockCache(block_cache_bytes)) {}

rocksdb::ColumnFamilyOptions RocksFamilyOptions::Of(std::string_view name) const {
  if (name == kObjectsFamily) return MakeObjectsOptions(block_cache_);
  return name.starts_with(kJournalPrefix) ? MakeJournalOptions() : MakeSmallFamilyOptions();
}

}  // namespace tally::storage
