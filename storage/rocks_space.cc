#include "storage/rocks_space.h"

#include <rocksdb/convenience.h>
#include <rocksdb/experimental.h>

namespace tally::storage {

rocksdb::Status GiveBackDeletedRange(rocksdb::DB* db, RocksFamily* family, std::string_view begin,
                                     std::string_view end) {
  const rocksdb::Slice first = ToSlice(begin);
  const rocksdb::Slice last = ToSlice(end);
  rocksdb::Status status =
      rocksdb::DeleteFilesInRange(db, family, &first, &last, /*include_end=*/false);
  if (!status.ok()) return status;
  return rocksdb::experimental::SuggestCompactRange(db, family, &first, &last);
}

}  // namespace tally::storage
