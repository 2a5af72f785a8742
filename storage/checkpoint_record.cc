#include "storage/checkpoint_record.h"

#include <utility>

#include "storage/sealed_record.h"

namespace tally::storage {
namespace {

constexpr uint8_t kVersion = 3;               // 1 had no counts, 2 no places
constexpr uint8_t kVersionWithoutPlaces = 2;  // each database was where its number says; still read

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
  for (size_t i = 0; i < record.generations.size(); ++i) {
    AppendFixed(&out, i < record.places.size() ? record.places[i] : static_cast<uint8_t>(i));
  }
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
  const bool has_places = in.empty() || in.front() != static_cast<char>(kVersionWithoutPlaces);
  if (!Unseal(&in, has_places ? kVersion : kVersionWithoutPlaces) ||
      !TakeFixed(&in, &record->floor) || !TakeFixed(&in, &databases)) {
    return false;
  }
  for (uint16_t i = 0; i < databases; ++i) {
    uint32_t generation;
    if (!TakeFixed(&in, &generation)) return false;
    record->generations.push_back(generation);
  }
  for (uint16_t i = 0; i < databases; ++i) {
    auto place = static_cast<uint8_t>(i);
    if (has_places && !TakeFixed(&in, &place)) return false;
    record->places.push_back(place);
  }
  while (!in.empty()) {
    CheckpointRecord::ShardCounts shard;
    if (!TakeShardCounts(&in, databases, &shard) || shard.ticket < record->floor) return false;
    record->counts.push_back(std::move(shard));
  }
  return record->floor <= kMaxTicket;
}

}  // namespace tally::storage
