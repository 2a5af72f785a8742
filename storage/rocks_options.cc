#include "storage/rocks_options.h"

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace tally::storage {
namespace {

constexpr int kMaxOpenFiles = 256;
constexpr double kBloomBitsPerKey = 10;
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

rocksdb::ColumnFamilyOptions MakeObjectsOptions(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = kSmallMemtableBytes;  // nothing is ever written there
  options.compression = rocksdb::kLZ4Compression;
  return options;
}

}  // namespace

rocksdb::DBOptions MakeRocksOptions(std::function<void(const std::string&)> log) {
  rocksdb::DBOptions options;
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
  options.max_background_jobs = 2;
  options.max_open_files = kMaxOpenFiles;
  options.bytes_per_sync = size_t{1} << 20;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

RocksFamilyOptions::RocksFamilyOptions(uint64_t block_cache_bytes)
    : block_cache_(rocksdb::NewLRUCache(block_cache_bytes)) {}

rocksdb::ColumnFamilyOptions RocksFamilyOptions::Of(std::string_view name) const {
  if (name == kObjectsFamily) return MakeObjectsOptions(block_cache_);
  return name.starts_with(kJournalPrefix) ? MakeJournalOptions() : MakeSmallFamilyOptions();
}

}  // namespace tally::storage
