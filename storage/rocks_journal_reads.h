// Part of rocks_database.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <rocksdb/db.h>

#include "storage/rocks_families.h"
#include "storage/status.h"
#include "storage/ticket.h"

namespace tally::storage {

/// The key of a journal's entry: its last ticket, big-endian.
[[nodiscard]] std::string TicketKey(Ticket ticket);

/// Database::ReadJournal on one part.
Status ReadRocksJournal(rocksdb::DB* db, RocksFamily* part,
                        const std::function<Status(Ticket last, std::string_view entry)>& visit);
/// Raises *last to the part's highest ticket.
Status FindLastTicket(rocksdb::DB* db, RocksFamily* part, Ticket* last);

}  // namespace tally::storage
