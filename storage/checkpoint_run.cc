#include "storage/checkpoint_run.h"

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "storage/object_codec.h"
#include "storage/slot.h"
#include "storage/slot_table.h"

namespace tally::storage {
namespace {

// How many objects a step looks at before it looks at its limits again.
constexpr size_t kObjectsAtOnce = 64;

uint32_t GenerationOf(const std::vector<uint32_t>& generations, size_t database) {
  return database < generations.size() ? generations[database] : 0;
}

}  // namespace

/// The copies of one step, in one buffer.
class CheckpointRun::Copies {
 public:
  void Clear() {
    bytes_.clear();
    copies_.clear();
  }
  void Add(uint8_t database, uint32_t generation, uint16_t slot, const Object& object,
           uint64_t hash) {
    Copy copy{bytes_.size(), 0, 0};
    AppendObjectKey(&bytes_, database, Key{object.name(), slot, hash});
    copy.value = bytes_.size();
    if (!object.is_tombstone()) AppendObjectValue(&bytes_, object, generation);
    copy.end = bytes_.size();
    copies_.push_back(copy);
  }
  [[nodiscard]] size_t objects() const { return copies_.size(); }
  [[nodiscard]] size_t bytes() const { return bytes_.size(); }

  /// In the order of keys: the step's visits were in the order of slots and of ranges of hashes only.
  Status WriteTo(ObjectFile* file) {
    std::sort(copies_.begin(), copies_.end(),
              [this](const Copy& a, const Copy& b) { return KeyOf(a) < KeyOf(b); });
    for (const Copy& copy : copies_) {
      Status status = copy.value == copy.end ? file->Delete(KeyOf(copy))
                                             : file->Put(KeyOf(copy), ValueOf(copy));
      if (!status.ok()) return status;
    }
    return Status::Ok();
  }

 private:
  struct Copy {
    size_t key;
    size_t value;
    size_t end;  // value == end: deleted
  };
  [[nodiscard]] std::string_view KeyOf(const Copy& copy) const {
    return std::string_view(bytes_).substr(copy.key, copy.value - copy.key);
  }
  [[nodiscard]] std::string_view ValueOf(const Copy& copy) const {
    return std::string_view(bytes_).substr(copy.value, copy.end - copy.value);
  }

  std::string bytes_;
  std::vector<Copy> copies_;
};

Status CheckpointRun::Run() {
  progress_->objects = 0;
  progress_->bytes = 0;
  if (log_->appended() <= floor_) return Status::Ok();  // nothing has changed

  CheckpointRecord previous;
  Status status = ReadPreviousRecord(&previous);
  if (!status.ok()) return status;
  Ticket cut = kNoTicket;
  if (status = database_->StartNewJournalPart(&cut); !status.ok()) return status;

  // After the cut: so it misses no flush and no exchange up to the floor. One that is newer does no harm,
  // since it is in the journal itself, and synced before anything depends on it.
  CheckpointRecord next;
  next.floor = std::max(floor_, cut);
  if (status = BeginOnShards(&next); !status.ok()) return status;
  std::unique_ptr<ObjectFile> file;
  if (status = database_->NewObjectFile(&file); !status.ok()) return status;
  if (status = CopyChanged(file.get()); !status.ok()) return status;
  if (file->entries() > 0 && (status = file->Finish(), !status.ok())) return status;
  if (status = SampleCounts(&next.counts); !status.ok()) return status;

  // Everything that was copied or sampled has a ticket up to this one. Objects must not run ahead of
  // the journal: a crash would keep them and lose what belongs to them.
  if (status = WaitUntilSynced(log_->appended()); !status.ok()) return status;
  if (status = DeleteFlushed(previous.generations, next.generations); !status.ok()) return status;
  if (file->entries() > 0 && (status = database_->Ingest(std::move(file)), !status.ok())) {
    return status;
  }
  status = database_->WriteMeta(kMetaCheckpoint, EncodeCheckpointRecord(next));
  if (!status.ok()) return status;
  floor_ = next.floor;
  if (status = EndOnShards(); !status.ok()) return status;
  if (status = database_->DropOldJournalParts(); !status.ok()) return status;
  return ForgetTombstones();
}

Status CheckpointRun::ReadPreviousRecord(CheckpointRecord* previous) {
  std::string encoded;
  Status status = database_->ReadMeta(kMetaCheckpoint, &encoded);
  if (!status.ok() || encoded.empty()) return status;  // empty: this is the first
  if (DecodeCheckpointRecord(encoded, previous)) return Status::Ok();
  return Status::Failure("the last checkpoint's record cannot be read any more");
}

Status CheckpointRun::BeginOnShards(CheckpointRecord* next) {
  for (uint32_t shard = 0; shard < shards_->shards(); ++shard) {
    Status status = Visit(shard, [&](Keyspace& keyspace) {
      keyspace.BeginCheckpoint();
      if (shard != 0) return;  // the rest is the same on all shards
      databases_ = keyspace.databases();
      next->generations.clear();
      next->places.clear();
      for (int database = 0; database < databases_; ++database) {
        next->generations.push_back(keyspace.generation(database));
        next->places.push_back(static_cast<uint8_t>(keyspace.map().StoredOf(database)));
      }
    });
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

// Between two turns of a shard: all that it has changed has tickets up to `appended`, all that it will
// change has later ones.
Status CheckpointRun::SampleCounts(std::vector<CheckpointRecord::ShardCounts>* counts) {
  for (uint32_t shard = 0; shard < shards_->shards(); ++shard) {
    Status status = Visit(shard, [&](const Keyspace& keyspace) {
      CheckpointRecord::ShardCounts sample{keyspace.slots(), log_->appended(), {}};
      for (int database = 0; database < databases_; ++database) {
        sample.databases.push_back(keyspace.counts(database));
      }
      counts->push_back(std::move(sample));
    });
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

// What is clean now may leave memory.
Status CheckpointRun::EndOnShards() {
  for (uint32_t shard = 0; shard < shards_->shards(); ++shard) {
    Status status = Visit(shard, [&](Keyspace& keyspace) { keyspace.EndCheckpoint(floor_); });
    if (!status.ok()) return status;
  }
  return Status::Ok();
}

// In the order of keys: databases, and in each the shards, whose slots follow one another.
Status CheckpointRun::CopyChanged(ObjectFile* file) {
  for (int database = 0; database < databases_; ++database) {
    for (uint32_t shard = 0; shard < shards_->shards(); ++shard) {
      Status status = CopyFromShard(shard, static_cast<uint8_t>(database), file);
      if (!status.ok()) return status;
    }
  }
  return Status::Ok();
}

Status CheckpointRun::CopyFromShard(uint32_t shard, uint8_t database, ObjectFile* file) {
  Position position;
  Copies copies;
  for (bool more = true; more;) {
    copies.Clear();
    Status status = Visit(shard, [&](const Keyspace& keyspace) {
      more = CopyStep(keyspace, database, floor_, &position, &copies);
    });
    if (status.ok()) status = copies.WriteTo(file);
    if (!status.ok()) return status;
    progress_->objects += copies.objects();
    progress_->bytes += copies.bytes();
  }
  return Status::Ok();
}

// On the shard's thread. True: there may be more.
bool CheckpointRun::CopyStep(const Keyspace& keyspace, uint8_t database, Ticket floor,
                             Position* position, Copies* copies) {
  if (keyspace.IsEmpty(database)) return false;  // flushed meanwhile, perhaps
  const SlotRange slots = keyspace.slots();
  const uint32_t generation = keyspace.generation(database);
  position->slot = std::max(position->slot, slots.first);
  size_t looked_at = 0;
  while (position->slot < slots.end) {
    if (looked_at >= kObjectsPerStep) return true;
    if (copies->bytes() >= kBytesPerStep) return true;
    const auto slot = static_cast<uint16_t>(position->slot);
    position->hash =
        keyspace.ForEachDirtyFrom(database, slot, floor, position->hash, kObjectsAtOnce, &looked_at,
                                  [&](const Object& object, uint64_t hash) {
                                    copies->Add(database, generation, slot, object, hash);
                                  });
    if (position->hash < SlotTable::kHashEnd) continue;
    ++looked_at;  // a slot costs something, too
    ++position->slot;
    position->hash = 0;
  }
  return false;
}

Status CheckpointRun::WaitUntilSynced(Ticket ticket) {
  // Shared with the log, which may answer after this has stopped waiting.
  const auto answer = std::make_shared<std::promise<bool>>();
  std::future<bool> synced = answer->get_future();
  log_->WhenSynced(ticket, kSyncTimeout, [answer](bool ok) { answer->set_value(ok); });
  if (synced.wait_for(kSyncTimeout + CommitLog::kSyncInterval * 2) == std::future_status::ready &&
      synced.get()) {
    return Status::Ok();
  }
  return Status::Failure(fmt::format("the journal was not synced up to ticket {} within {} s",
                                     ticket, std::chrono::seconds(kSyncTimeout).count()));
}

Status CheckpointRun::DeleteFlushed(const std::vector<uint32_t>& before,
                                    const std::vector<uint32_t>& now) {
  std::unique_ptr<ObjectFile> file;
  Status status = Status::Ok();
  for (size_t database = 0; database < now.size(); ++database) {
    if (GenerationOf(before, database) == now[database]) continue;
    if (file == nullptr && (status = database_->NewObjectFile(&file), !status.ok())) return status;
    std::string begin;
    std::string end;
    AppendSlotPrefix(&begin, static_cast<uint8_t>(database), 0);
    AppendSlotPrefix(&end, static_cast<uint8_t>(database), kSlotCount);
    if (status = file->DeleteRange(begin, end); !status.ok()) return status;
  }
  if (file == nullptr) return status;
  if (status = file->Finish(); !status.ok()) return status;
  return database_->Ingest(std::move(file));
}

Status CheckpointRun::ForgetTombstones() {
  for (uint32_t shard = 0; shard < shards_->shards(); ++shard) {
    for (int database = 0; database < databases_; ++database) {
      Position position;
      for (bool more = true; more;) {
        Status status = Visit(shard, [&](Keyspace& keyspace) {
          more = ForgetStep(&keyspace, database, floor_, &position);
        });
        if (!status.ok()) return status;
      }
    }
  }
  return Status::Ok();
}

// On the shard's thread. True: there may be more.
bool CheckpointRun::ForgetStep(Keyspace* keyspace, int database, Ticket floor, Position* position) {
  if (keyspace->IsEmpty(database)) return false;
  const SlotRange slots = keyspace->slots();
  position->slot = std::max(position->slot, slots.first);
  for (size_t looked_at = 0; position->slot < slots.end;) {
    if (looked_at >= kObjectsPerStep) return true;
    position->hash = keyspace->PurgeTombstonesFrom(database, position->slot, floor, position->hash,
                                                   kObjectsAtOnce, &looked_at);
    if (position->hash < SlotTable::kHashEnd) continue;
    ++looked_at;  // a slot costs something, too
    ++position->slot;
    position->hash = 0;
  }
  return false;
}

Status CheckpointRun::Visit(uint32_t shard, const std::function<void(Keyspace&)>& visit) {
  if (shards_->RunOnShard(shard, visit)) return Status::Ok();
  return Status::Failure("the server is stopping");
}

}  // namespace tally::storage
