// How objects are read; part of rocks_database.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include <rocksdb/db.h>

#include "storage/database.h"
#include "storage/rocks_families.h"
#include "storage/status.h"

namespace tally::storage {

/// Database::LookUpObjects and ScanObjects on the family `objects` of `db`; null: there is none yet.
Status LookUpRocksObjects(rocksdb::DB* db, RocksFamily* objects, std::span<ObjectLookup> wanted,
                          ReadTier tier);
Status ScanRocksObjects(rocksdb::DB* db, RocksFamily* objects, std::string_view begin,
                        std::string_view end,
                        const std::function<ScanStep(std::string_view, std::string_view)>& visit);

}  // namespace tally::storage
