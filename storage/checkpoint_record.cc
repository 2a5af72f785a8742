#include "storage/checkpoint_record.h"

#include <utility>

#include "storage/sealed_record.h"

namespace tally::storage {
namespace {

constexpr uint8_t kVersion = 2;  // 1 had no counts

bool TakeShardCounts(std::string_view* in, size_t databases, CheckpointRecord::ShardCounts* out) {
  if (!TakeFixed(in, &out->slots.first) || !TakeFixed(in, &out->slots.end) ||
      !TakeFixed(in, &out->ticket)) {
    return false;
  }
  if (out->slots.first >= out->slots.end || out->slots.end > kSlotCount ||
      out->ticket > kMaxTicket) {
    return false;
  }
  for (size_t i = 0; i < databases; ++i) {
    CountChange counts;
    if (!TakeFixed(in, &counts.live) || !TakeFixed(in, &counts.expiring)) return false;
    out->databases.push_back(counts);
  }
  return true;
}

}  // namespace

std::string EncodeCheckpointRecord(const CheckpointRecord& record) {
  std::string out;
  AppendFixed(&out, kVersion);
  AppendFixed(&out, record.floor);
  AppendFixed(&out, static_cast<uint16_t>(record.generations.size()));
  for (const uint32_t generation : record.generations) AppendFixed(&out, generation);
  for (const CheckpointRecord::ShardCounts& shard : record.counts) {
    AppendFixed(&out, shard.slots.first);
    AppendFixed(&out, shard.slots.end);
    AppendFixed(&out, shard.ticket);
    for (size_t i = 0; i < record.generations.size(); ++i) {
      const CountChange counts = i < shard.databases.size() ? shard.databases[i] : CountChange();
      AppendFixed(&out, counts.live);
      AppendFixed(&out, counts.expiring);
    }
  }
  Seal(&out);
  return out;
}

bool DecodeCheckpointRecord(std::string_view in, CheckpointRecord* record) {
  *record = CheckpointRecord();
  uint16_t databases;
  if (!Unseal(&in, kVersion) || !TakeFixed(&in, &record->floor) || !TakeFixed(&in, &databases)) {
    return false;
  }
  for (uint16_t i = 0; i < databases; ++i) {
    uint32_t generation;
    if (!TakeFixed(&in, &generation)) return false;
    record->generations.push_back(generation);
  }
  while (!in.empty()) {
    CheckpointRecord::ShardCounts shard;
    if (!TakeShardCounts(&in, databases, &shard) || shard.ticket < record->floor) return false;
    record->counts.push_back(std::move(shard));
  }
  return record->floor <= kMaxTicket;
}

}  // namespace tally::storage
