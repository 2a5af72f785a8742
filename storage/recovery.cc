#include "storage/recovery.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "storage/invariant.h"
#include "storage/journal_entry.h"
#include "storage/key.h"
#include "storage/object_codec.h"
#include "storage/sealed_record.h"
#include "storage/slot.h"

namespace tally::storage {
namespace {

constexpr std::string_view kFormatValue = "3";  // 1 had no counts in the journal, 2 longer integers
constexpr uint8_t kSeedVersion = 1;

Status Refuse(std::string_view what) {
  return Status::Failure(
      fmt::format("{}. Nothing was changed. Restore the data directory from a backup", what));
}

std::string EncodeSeed(const HashSeed& seed) {
  std::string out;
  AppendFixed(&out, kSeedVersion);
  AppendFixed(&out, seed.low);
  AppendFixed(&out, seed.high);
  Seal(&out);
  return out;
}

bool DecodeSeed(std::string_view in, HashSeed* seed) {
  return Unseal(&in, kSeedVersion) && TakeFixed(&in, &seed->low) && TakeFixed(&in, &seed->high) &&
         in.empty();
}

Status DrawSeed(HashSeed* seed) {
  char bytes[sizeof(seed->low) + sizeof(seed->high)];
  for (size_t got = 0; got < sizeof(bytes);) {
    const ssize_t more = ::getrandom(bytes + got, sizeof(bytes) - got, 0);
    if (more < 0 && errno != EINTR) {
      return Status::Failure(
          fmt::format("cannot get random bytes from the system: {}", std::strerror(errno)));
    }
    if (more > 0) got += static_cast<size_t>(more);
  }
  std::memcpy(&seed->low, bytes, sizeof(seed->low));
  std::memcpy(&seed->high, bytes + sizeof(seed->low), sizeof(seed->high));
  return Status::Ok();
}

/// One start.
class Recovery {
  // Most of a replay is waiting for memory, for what an object replaces; so some are looked for at once.
  static constexpr size_t kReplayedAtOnce = 32;
  struct Waiting {
    Change change;
    Key key;
    Ticket ticket;
    Keyspace* owner;
  };

 public:
  Recovery(Database* database, const std::vector<Keyspace*>& keyspaces, Recovered* out)
      : database_(database),
        keyspaces_(keyspaces),
        databases_(static_cast<size_t>(keyspaces.front()->databases())),
        out_(out),
        counts_(databases_) {}

  Status Run(Ticket high_water);

 private:
  Status ReadSeed();
  Status BeginNew();
  [[nodiscard]] Status RefuseFewerDatabases(size_t needed) const;
  Status ReadCheckpoint();
  void ApplyCheckpoint();
  Status ReplayJournal();
  Status ReplayEntry(Ticket key, std::string_view blob);
  Status ReplayChangeSet(Ticket ticket, std::string_view change_set);
  void ReplayWaiting();
  void ReplayCounts(const Change& change, Ticket ticket);
  Status GiveOutCounts();
  [[nodiscard]] Keyspace* Owner(uint16_t slot) const;

  Database* const database_;
  const std::vector<Keyspace*>& keyspaces_;
  const size_t databases_;
  Recovered* const out_;
  CheckpointRecord checkpoint_;
  std::vector<CountChange> counts_;  // by database
  std::vector<Waiting> waiting_;     // of the entry at hand
};

Status Recovery::Run(Ticket high_water) {
  std::string format;
  Status status = database_->ReadMeta(kMetaFormat, &format);
  if (!status.ok()) return status;
  if (format.empty()) {
    if (high_water != kNoTicket) {
      return Refuse(
          fmt::format("the database is empty, but changes up to ticket {} were in it: everything "
                      "in rocks/, or its only log, was deleted",
                      high_water));
    }
    return BeginNew();
  }
  if (format != kFormatValue) {
    return Status::Failure(
        fmt::format("the database has format '{}'; this program knows format {}. Nothing was "
                    "changed. Start the version of Tally that wrote it",
                    format, kFormatValue));
  }
  if (status = ReadSeed(); !status.ok()) return status;
  if (status = ReadCheckpoint(); !status.ok()) return status;
  ApplyCheckpoint();
  if (status = ReplayJournal(); !status.ok()) return status;
  if (out_->last < high_water) {
    return Refuse(
        fmt::format("the journal ends at ticket {}, but changes up to ticket {} were in "
                    "it: a log was cut, changed or deleted",
                    out_->last, high_water));
  }
  if (!keyspaces_.front()->map().IsWhole()) {
    return Refuse("two databases are said to be stored in one");
  }
  if (status = GiveOutCounts(); !status.ok()) return status;
  return database_->StartWriting();
}

// The format record is written last: an interrupted first start is one again.
Status Recovery::BeginNew() {
  const auto refuse = [] {
    return Refuse("the database holds data, but its format record is missing");
  };
  std::string checkpoint;
  Status status = database_->ReadMeta(kMetaCheckpoint, &checkpoint);
  if (!status.ok()) return status;
  if (!checkpoint.empty()) return refuse();
  bool has_objects = false;
  status = database_->ScanObjects({}, {}, [&](std::string_view, std::string_view) {
    has_objects = true;
    return ScanStep::kStop;
  });
  if (!status.ok()) return status;
  if (has_objects) return refuse();
  status = database_->ReadJournal([&](Ticket, std::string_view) { return refuse(); });
  if (!status.ok()) return status;

  if (status = DrawSeed(&out_->seed); !status.ok()) return status;
  if (status = database_->StartWriting(); !status.ok()) return status;
  status = database_->WriteMeta(kMetaHashSeed, EncodeSeed(out_->seed));
  return status.ok() ? database_->WriteMeta(kMetaFormat, kFormatValue) : status;
}

Status Recovery::ReadSeed() {
  std::string encoded;
  Status status = database_->ReadMeta(kMetaHashSeed, &encoded);
  if (!status.ok()) return status;
  if (DecodeSeed(encoded, &out_->seed)) return Status::Ok();
  return Refuse("the database's hash-seed record is missing, damaged or of a newer Tally");
}

Status Recovery::RefuseFewerDatabases(size_t needed) const {
  return Status::Failure(fmt::format(
      "the data has at least {} databases; this server is set up with {}. Nothing was changed. "
      "Start it with at least as many",
      needed, databases_));
}

Status Recovery::ReadCheckpoint() {
  std::string encoded;
  Status status = database_->ReadMeta(kMetaCheckpoint, &encoded);
  if (!status.ok() || encoded.empty()) return status;  // empty: there was none yet
  if (!DecodeCheckpointRecord(encoded, &checkpoint_)) {
    return Refuse("the database's checkpoint record is damaged or of a newer Tally");
  }
  if (checkpoint_.generations.size() > databases_) {
    return RefuseFewerDatabases(checkpoint_.generations.size());
  }
  return status;
}

// Objects stay where they are: what a checkpoint has counted is cold, and comes when it is asked for.
void Recovery::ApplyCheckpoint() {
  out_->floor = checkpoint_.floor;
  for (const CheckpointRecord::ShardCounts& shard : checkpoint_.counts) {
    for (size_t i = 0; i < shard.databases.size(); ++i) {
      counts_[i].live += shard.databases[i].live;
      counts_[i].expiring += shard.databases[i].expiring;
    }
  }
  for (Keyspace* keyspace : keyspaces_) {
    keyspace->EndCheckpoint(checkpoint_.floor);
    for (size_t i = 0; i < checkpoint_.generations.size(); ++i) {
      keyspace->SetGeneration(static_cast<int>(i), checkpoint_.generations[i]);
      if (counts_[i].live > 0) keyspace->SetCold(static_cast<int>(i));
      keyspace->SetPlace(static_cast<int>(i), checkpoint_.places[i]);
    }
  }
}

Status Recovery::ReplayJournal() {
  out_->last = kNoTicket;
  Status status = database_->ReadJournal(
      [this](Ticket key, std::string_view blob) { return ReplayEntry(key, blob); });
  // Entries up to the floor may still be there, or not.
  out_->last = std::max(out_->last, out_->floor);
  return status;
}

Status Recovery::ReplayEntry(Ticket key, std::string_view blob) {
  JournalEntryReader entry;
  switch (OpenEntry(blob, &entry)) {
    case JournalEntryStatus::kOk:
      break;
    case JournalEntryStatus::kDamaged:
      return Refuse(fmt::format("the journal entry that ends with ticket {} is damaged", key));
    case JournalEntryStatus::kUnknownVersion:
      return Status::Failure(fmt::format(
          "the journal entry that ends with ticket {} is of a version that this program "
          "does not know. Nothing was changed. Start the version of Tally that wrote it",
          key));
  }
  if (entry.last() != key) {
    return Refuse(fmt::format("the journal entry under ticket {} says that it ends with {}", key,
                              entry.last()));
  }
  const bool is_first = out_->last == kNoTicket;
  if (is_first ? entry.first() > out_->floor + 1 : entry.first() != out_->last + 1) {
    return Refuse(fmt::format("changes are missing: the journal goes on with ticket {} after {}",
                              entry.first(), is_first ? out_->floor : out_->last));
  }
  out_->last = entry.last();
  if (entry.last() <= out_->floor) return Status::Ok();
  ++out_->journal_entries;
  out_->journal_bytes += blob.size();
  std::string_view change_set;
  for (Ticket ticket = entry.first(); entry.Next(&change_set); ++ticket) {
    if (ticket <= out_->floor) continue;
    Status status = ReplayChangeSet(ticket, change_set);
    if (!status.ok()) return status;
  }
  ReplayWaiting();
  return Status::Ok();
}

Status Recovery::ReplayChangeSet(Ticket ticket, std::string_view change_set) {
  while (!change_set.empty()) {
    Change change;
    if (!ReadChange(&change_set, &change)) {
      return Refuse(fmt::format("a change under ticket {} is damaged or of a newer Tally", ticket));
    }
    if (const size_t needed = std::max(change.database, change.stored) + size_t{1};
        needed > databases_) {
      return RefuseFewerDatabases(needed);
    }
    if (change.is_counts) {
      ReplayCounts(change, ticket);
      continue;
    }
    if (change.is_place) {
      for (Keyspace* keyspace : keyspaces_) keyspace->SetPlace(change.database, change.stored);
      continue;
    }
    if (change.is_flush) {
      ReplayWaiting();
      for (Keyspace* keyspace : keyspaces_) {
        keyspace->ReplayFlush(change.database, change.generation, ticket);
      }
      continue;
    }
    const Key key = MakeKey(out_->seed, change.name);
    waiting_.push_back({change, key, ticket, Owner(key.slot)});
    if (waiting_.size() == kReplayedAtOnce) ReplayWaiting();
  }
  return Status::Ok();
}

void Recovery::ReplayWaiting() {
  for (const Waiting& next : waiting_) next.owner->PrefetchTable(next.change.database, next.key);
  for (const Waiting& next : waiting_) next.owner->PrefetchEntry(next.change.database, next.key);
  for (const Waiting& next : waiting_) next.owner->PrefetchObject(next.change.database, next.key);
  for (const Waiting& next : waiting_) next.owner->ReplayObject(next.key, next.change, next.ticket);
  waiting_.clear();
}

void Recovery::ReplayCounts(const Change& change, Ticket ticket) {
  for (const CheckpointRecord::ShardCounts& shard : checkpoint_.counts) {
    const bool is_its = shard.slots.first <= change.slot && change.slot < shard.slots.end;
    if (is_its && ticket <= shard.ticket) return;  // the checkpoint has counted it
  }
  counts_[change.database].live += change.counts.live;
  counts_[change.database].expiring += change.counts.expiring;
}

// Sums over the shards are what counts; evenly, so that each knows about how much there is in its part.
Status Recovery::GiveOutCounts() {
  for (size_t i = 0; i < databases_; ++i) {
    const CountChange& counts = counts_[i];
    if (counts.live < 0 || counts.expiring < 0 || counts.expiring > counts.live) {
      return Refuse(fmt::format(
          "the numbers of objects in database {} do not add up: {}, {} of them with an expiry", i,
          counts.live, counts.expiring));
    }
    CountChange left = counts;
    for (Keyspace* keyspace : keyspaces_) {
      const int64_t slots = keyspace->slots().end - keyspace->slots().first;
      CountChange share{counts.live * slots / kSlotCount, counts.expiring * slots / kSlotCount};
      if (keyspace == keyspaces_.back()) share = left;
      left.live -= share.live;
      left.expiring -= share.expiring;
      keyspace->SetCounts(static_cast<int>(i), share);
    }
    out_->objects += static_cast<uint64_t>(counts.live);
  }
  return Status::Ok();
}

Keyspace* Recovery::Owner(uint16_t slot) const {
  const auto owner = std::upper_bound(
      keyspaces_.begin(), keyspaces_.end(), slot,
      [](uint16_t wanted, const Keyspace* keyspace) { return wanted < keyspace->slots().end; });
  TALLY_ASSERT(owner != keyspaces_.end() && slot >= (*owner)->slots().first,
               "the keyspaces own every slot, in ascending order");
  return *owner;
}

}  // namespace

Status Recover(Database* database, const std::vector<Keyspace*>& keyspaces, Ticket high_water,
               Recovered* recovered) {
  *recovered = Recovered();
  return Recovery(database, keyspaces, recovered).Run(high_water);
}

}  // namespace tally::storage
