// Looks at RocksDB's write-ahead logs before RocksDB does, because it cannot tell a record that a crash
// left torn from one that was damaged later: in the recovery mode that accepts every torn tail it drops
// whatever follows damage in the middle, without a word.
//
// What makes the difference: each record says whether it was written with a sync, and everything before
// such a record was on the disk before it began. So:
//
//   damage, and behind it a record with kSyncedRecordMark    something acknowledged is gone: refuse
//   damage at the end, or only unsynced records behind it    what a power cut leaves: dropped
//   nothing but zeros at the end                             laid out ahead (rocks_log_file.h)
//
// Layout of a log: blocks of 32 KiB; in each, fragments: crc32c u32 (masked) · size u16 · type u8 ·
// bytes. A record's bytes: sequence u64 · count u32 · operations, the first of which carries the mark
// (RocksDB wiki, "Write Ahead Log File Format"). Logs are not recycled, so there are only four types.
#pragma once

#include <string>
#include <string_view>

#include "storage/status.h"

namespace tally::storage {

/// The first operation of every record that is written: log data, which RocksDB keeps in the log only.
inline constexpr std::string_view kSyncedRecordMark = "S";   // all before it is on the disk
inline constexpr std::string_view kWrittenRecordMark = "W";  // claims nothing

/// Checks all logs in the directory, if there is one, in order, and puts them on the disk: what a killed process wrote
/// but did not sync would otherwise be served from memory and lost in a power cut. Changes nothing.
/// *torn: there is a torn record. It must not stay in a log that RocksDB needs, since that goes on
/// behind a torn record only if not one sequence number is missing, and ingested files take some.
Status ScanRocksLogs(const std::string& directory, bool* torn);

}  // namespace tally::storage
