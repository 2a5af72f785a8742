#include "server/cold_expiry.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "server/wall_clock.h"
#include "storage/invariant.h"
#include "storage/object_codec.h"

namespace tally::server {

using storage::ObjectKey;
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
  shard_->keyspace().pins().PinSlots(database_, pinned_);
  [[maybe_unused]] Message* const same = self.release();
  shard_->loader()->Submit(std::unique_ptr<LoadTask>(this), ObjectLoader::Urgency::kBackground);
}

void ColdExpiry::Read(storage::Database* database) {
  read_ = storage::ScanPart(database, database_, begin_, {pinned_.end, 0},
                            {.objects = kObjectsPerStep, .bytes = kBytesPerStep},
                            [this](const storage::ScannedObject& scanned) { Look(scanned); });
  if (read_.status.ok()) return;
  spdlog::debug("the search for expired objects leaves a slot out: {}", read_.status.message());
}

void ColdExpiry::Look(const storage::ScannedObject& scanned) {
  const int64_t expires_at_ms = scanned.record.expires_at_ms;
  if (expires_at_ms == storage::kNoExpiry) return;
  if (expires_at_ms < now_ms_) {
    expired_.push_back({std::string(scanned.key), scanned.record.generation, expires_at_ms});
  } else {
    next_expiry_ms_ = std::min(next_expiry_ms_, expires_at_ms);
  }
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
  if (!read_.status.ok()) {
    // Damage is found by whoever reads the object; the search goes on behind it.
    place_->position = {begin_.slot + 1, 0};
    place_->due_ms = std::min(place_->due_ms, now_ms_ + kRetryMs);
    return;
  }
  place_->position = read_.end;
  constexpr size_t kFew = 4;
  if (read_.end != SlotPosition{pinned_.end, 0}) {
    place_->slots = std::max<uint32_t>(place_->slots / 2, 1);
  } else if (read_.objects < kObjectsPerStep / kFew && read_.bytes < kBytesPerStep / kFew) {
    place_->slots = std::min<uint32_t>(place_->slots * 2, storage::kSlotCount);
  }
}

}  // namespace tally::server
