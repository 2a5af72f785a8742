// Part of rocks_database.
#pragma once

#include <string_view>

#include <rocksdb/db.h>

#include "storage/rocks_families.h"

namespace tally::storage {

/// Gives back the space of what is deleted: `[begin, end)` was, by a file that is ingested, and nothing was
/// put there since. RocksDB would come to it only when more is ingested. Tables that hold nothing else go at once;
/// others are compacted in the background. Takes as long as deleting files does. Not beside an ingest.
rocksdb::Status GiveBackDeletedRange(rocksdb::DB* db, RocksFamily* family, std::string_view begin,
                                     std::string_view end);

}  // namespace tally::storage
