#include "storage/rocks_figures.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace tally::storage {
namespace {

struct Ticker {
  uint32_t ticker;
  std::string_view name;
  std::string_view help;
  double unit = 1;
};

constexpr std::array kTickers = {
    Ticker{rocksdb::BLOCK_CACHE_HIT, "block_cache_hits_total",
           "Blocks of object files that were found in the store's cache."},
    Ticker{rocksdb::BLOCK_CACHE_MISS, "block_cache_misses_total",
           "Blocks of object files that had to be read."},
    Ticker{rocksdb::BLOOM_FILTER_USEFUL, "filter_answers_total",
           "Lookups of absent objects that a filter answered without a read."},
    Ticker{rocksdb::WAL_FILE_BYTES, "log_bytes_written_total", "Bytes written to the store's log."},
    Ticker{rocksdb::WAL_FILE_SYNCED, "log_syncs_total", "Syncs of the store's log."},
    Ticker{rocksdb::FLUSH_WRITE_BYTES, "flush_bytes_written_total",
           "Bytes written when memory tables became files."},
    Ticker{rocksdb::COMPACT_READ_BYTES, "compaction_bytes_read_total",
           "Bytes read to put object files in order."},
    Ticker{rocksdb::COMPACT_WRITE_BYTES, "compaction_bytes_written_total",
           "Bytes written to put object files in order."},
    Ticker{rocksdb::STALL_MICROS, "write_stall_seconds_total",
           "Time for which the store held writers back.", 1e-6},
    Ticker{rocksdb::NO_FILE_ERRORS, "file_errors_total", "Files that could not be opened."},
};

}  // namespace

std::vector<StoreFigure> RocksFigures(const rocksdb::Statistics& statistics) {
  std::vector<StoreFigure> figures;
  for (const Ticker& ticker : kTickers) {
    const auto count = static_cast<double>(statistics.getTickerCount(ticker.ticker));
    figures.push_back({ticker.name, ticker.help, count * ticker.unit});
  }
  return figures;
}

}  // namespace tally::storage
