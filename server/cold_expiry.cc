#include "server/cold_expiry.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <spdlog/spdlog.h>

#include "server/wall_clock.h"
#include "storage/invariant.h"
#include "storage/object_codec.h"

namespace tally::server {

using storage::ObjectKey;
using storage::ObjectRecord;
using storage::ScanStep;
using storage::SlotPosition;

void ColdExpiry::Deliver(std::unique_ptr<Message> self) {
  if (shard_->occupied()) {
    shard_->Park(std::move(self));
    return;
  }
  if (asked_) {
    Finish();
    return;
  }
  if (place_->runs) return;
  now_ms_ = WallClock::NowMs();
  if (FindCold()) Ask(std::move(self));
}

bool ColdExpiry::FindCold() {
  storage::Keyspace& keyspace = shard_->keyspace();
  if (!place_->in_round) {
    if (now_ms_ <= std::min(place_->due_ms, keyspace.next_evicted_expiry_ms())) return false;
    keyspace.ForgetEvictedExpiries();
    place_->in_round = true;
    place_->due_ms = kNever;
    place_->database = 0;
    place_->position = SlotPosition();
  }
  for (; place_->database < keyspace.databases(); ++place_->database) {
    place_->position = keyspace.NextIncomplete(place_->database, place_->position);
    if (place_->position.slot < keyspace.slots().end) return true;
    place_->position = SlotPosition();
  }
  place_->in_round = false;
  return false;
}

void ColdExpiry::Ask(std::unique_ptr<Message> self) {
  asked_ = true;
  place_->runs = true;
  database_ = place_->database;
  begin_ = place_->position;
  const uint32_t end = shard_->keyspace().slots().end;
  pinned_ = {begin_.slot, std::min(end, begin_.slot + place_->slots)};
  end_ = {pinned_.end, 0};
  shard_->keyspace().pins().PinSlots(database_, pinned_);
  [[maybe_unused]] Message* const same = self.release();
  shard_->loader()->Submit(std::unique_ptr<LoadTask>(this), ObjectLoader::Urgency::kBackground);
}

void ColdExpiry::Read(storage::Database* database) {
  std::string begin;
  std::string end;
  const auto number = static_cast<uint8_t>(database_);
  storage::AppendHashPrefix(&begin, number, static_cast<uint16_t>(begin_.slot), begin_.hash);
  storage::AppendSlotPrefix(&end, number, static_cast<uint16_t>(pinned_.end));
  SlotPosition last = begin_;
  const storage::Status status = database->ScanObjects(
      begin, end,
      [&](std::string_view key, std::string_view value) { return Look(key, value, &last); });
  if (!status.ok()) {
    readable_ = false;
    spdlog::debug("the search for expired objects leaves a slot out: {}", status.message());
  }
}

ScanStep ColdExpiry::Look(std::string_view key, std::string_view value, SlotPosition* last) {
  ObjectKey object;
  ObjectRecord record;
  if (!storage::ParseObjectKey(key, &object) || !storage::ParseObjectValue(value, &record)) {
    readable_ = false;
    return ScanStep::kStop;
  }
  const SlotPosition position{object.key.slot, object.key.hash};
  // What has the same hash belongs together: a step ends between two hashes.
  if ((objects_ >= kObjectsPerStep || bytes_ >= kBytesPerStep) && position != *last) {
    end_ = position;
    return ScanStep::kStop;
  }
  *last = position;
  ++objects_;
  bytes_ += key.size() + value.size();
  if (record.expires_at_ms == storage::kNoExpiry) return ScanStep::kContinue;
  if (record.expires_at_ms < now_ms_) {
    expired_.push_back({std::string(key), record.generation, record.expires_at_ms});
  } else {
    next_expiry_ms_ = std::min(next_expiry_ms_, record.expires_at_ms);
  }
  return ScanStep::kContinue;
}

void ColdExpiry::Finish() {
  storage::Keyspace& keyspace = shard_->keyspace();
  for (const Expired& expired : expired_) {
    ObjectKey object;
    const bool is_key = storage::ParseObjectKey(expired.key, &object);
    TALLY_ASSERT(is_key, "it was parsed before");
    keyspace.RemoveExpired(database_, object.key, expired.generation, expired.expires_at_ms);
  }
  keyspace.pins().UnpinSlots(database_, pinned_);
  place_->runs = false;
  place_->due_ms = std::min(place_->due_ms, next_expiry_ms_);
  if (!readable_) {
    // Damage is found by whoever reads the object; the search goes on behind it.
    place_->position = {begin_.slot + 1, 0};
    place_->due_ms = std::min(place_->due_ms, now_ms_ + kRetryMs);
    return;
  }
  place_->position = end_;
  constexpr size_t kFew = 4;
  if (end_ != SlotPosition{pinned_.end, 0}) {
    place_->slots = std::max<uint32_t>(place_->slots / 2, 1);
  } else if (objects_ < kObjectsPerStep / kFew && bytes_ < kBytesPerStep / kFew) {
    place_->slots = std::min<uint32_t>(place_->slots * 2, storage::kSlotCount);
  }
}

}  // namespace tally::server
