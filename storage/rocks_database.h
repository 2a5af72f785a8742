#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "storage/database.h"
#include "storage/status.h"

namespace tally::storage {

/// File descriptors that the database needs at most, apart from what it takes for a moment: it keeps
/// up to 256 table files open, two logs, its manifest, lock and directories, and during a checkpoint or
/// a compaction the files that are read and written. Whoever promises connections subtracts this.
inline constexpr int kRocksFileDescriptors = 320;

struct RocksSettings {
  /// Memory for what lookups read, with all indexes and filters. Works from 8 MiB up; what is in use at
  /// the moment may go beyond it for that moment.
  uint64_t block_cache_bytes = uint64_t{64} << 20;
  /// Gets RocksDB's own warnings and errors, one line each, on any thread; without it they go to stderr.
  std::function<void(const std::string& line)> log = {};
};

/// Opens the Database in `directory`, on RocksDB, for reading: nothing is written there before
/// StartWriting, which makes the directory and the database where they are missing. The logs are synced.
///
/// Column families: `meta`; `objects`, which is only ever ingested into; `journal-<N>`, the parts of
/// the journal, N rising, with the ticket as key (big-endian u64). Anything else in there is refused,
/// as are damaged and incomplete logs (rocks_log_scan.h), tables and manifests. What only Tally can know
/// to be missing is for Recover to find. No lock is held while reading: the caller has one
/// (data_directory.h).
///
/// Errors of the returned database: every message begins with the directory. The first failed append
/// or sync is final inside, too: RocksDB is kept from resuming by itself.
Status OpenRocksDatabase(const std::string& directory, std::unique_ptr<Database>* out,
                         RocksSettings settings = {});

}  // namespace tally::storage
