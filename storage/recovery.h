#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/checkpoint_record.h"
#include "storage/database.h"
#include "storage/keyspace.h"
#include "storage/name_hash.h"
#include "storage/status.h"
#include "storage/ticket.h"

namespace tally::storage {

/// What a start finds on the disk.
struct Recovered {
  HashSeed seed;             // drawn at the first start
  Ticket floor = kNoTicket;  // of the last checkpoint
  Ticket last = kNoTicket;   // the highest ticket; the next change set gets last + 1
  uint64_t objects = 0;      // in all databases, in memory or not
  uint64_t journal_entries = 0;
  uint64_t journal_bytes = 0;  // replayed
};

/// Names of the records in the database's meta family.
inline constexpr std::string_view kMetaFormat = "format";
inline constexpr std::string_view kMetaHashSeed = "hash-seed";
inline constexpr std::string_view kMetaCheckpoint = "checkpoint";

/// Brings the keyspaces (one per shard, contiguous slot ranges in ascending order, empty) to the
/// recovered state: what the checkpoint has put in its place is cold, what the journal after its floor
/// says is in memory, dirty. So it takes as long as the journal is, whatever the data's size.
///
/// Tickets in the journal must be contiguous, begin at or before floor + 1, and reach `high_water`.
/// Anything damaged, missing or newer than this program is refused with a message that says where and
/// what to do; nothing on disk is changed then, for only when all is accepted the database is told to
/// StartWriting. On success it has been.
Status Recover(Database* database, const std::vector<Keyspace*>& keyspaces, Ticket high_water,
               Recovered* recovered);

}  // namespace tally::storage
