// What RocksDB counts, as far as it is worth watching; part of rocks_database.
#pragma once

#include <vector>

#include <rocksdb/statistics.h>

#include "storage/database.h"

namespace tally::storage {

/// Any thread.
[[nodiscard]] std::vector<StoreFigure> RocksFigures(const rocksdb::Statistics& statistics);

}  // namespace tally::storage
