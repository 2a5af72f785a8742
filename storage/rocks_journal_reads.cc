#include "storage/rocks_journal_reads.h"

#include <algorithm>
#include <cstddef>
#include <memory>

#include <fmt/format.h>
#include <rocksdb/iterator.h>
#include <rocksdb/options.h>

namespace tally::storage {
namespace {

constexpr size_t kReadAheadBytes = size_t{2} << 20;

bool ParseTicketKey(std::string_view key, Ticket* ticket) {
  *ticket = kNoTicket;
  for (const char byte : key) *ticket = *ticket << 8 | static_cast<unsigned char>(byte);
  return key.size() == sizeof(*ticket);
}

}  // namespace

std::string TicketKey(Ticket ticket) {
  std::string key(sizeof(ticket), '\0');
  for (size_t i = key.size(); i > 0; --i, ticket >>= 8) {
    key[i - 1] = static_cast<char>(ticket & 0xff);
  }
  return key;
}

Status ReadRocksJournal(rocksdb::DB* db, RocksFamily* part,
                        const std::function<Status(Ticket, std::string_view)>& visit) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> entry(db->NewIterator(options, part));
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
    Ticket last;
    if (!ParseTicketKey(ToView(entry->key()), &last)) {
      return Status::Failure(fmt::format(
          "{}: {} has a key that is no ticket. Restore the data directory from a backup",
          db->GetName(), part->GetName()));
    }
    Status status = visit(last, ToView(entry->value()));
    if (!status.ok()) return status;
  }
  return RocksStatus(
      db->GetName(),
      fmt::format("read {} (restore the data directory from a backup)", part->GetName()),
      entry->status());
}

Status FindLastTicket(rocksdb::DB* db, RocksFamily* part, Ticket* last) {
  const std::unique_ptr<rocksdb::Iterator> entry(db->NewIterator(rocksdb::ReadOptions(), part));
  entry->SeekToLast();
  if (!entry->Valid()) {
    return RocksStatus(db->GetName(), "read " + part->GetName(), entry->status());
  }
  Ticket found = kNoTicket;
  if (ParseTicketKey(ToView(entry->key()), &found)) *last = std::max(*last, found);
  return Status::Ok();
}

}  // namespace tally::storage
