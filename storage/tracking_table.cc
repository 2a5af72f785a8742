#include "storage/tracking_table.h"

#include <algorithm>
#include <utility>

namespace tally::storage {

bool TrackingTable::IsTooLarge() const {
  const uint64_t most = totals_->max_keys.load(std::memory_order_relaxed);
  return most != 0 && size_ != 0 && totals_->keys.load(std::memory_order_relaxed) > most;
}

void TrackingTable::AddItems(size_t count) {
  items_ += count;
  totals_->items.fetch_add(count, std::memory_order_relaxed);
}

void TrackingTable::RemoveItems(size_t count) {
  items_ -= count;
  totals_->items.fetch_sub(count, std::memory_order_relaxed);
}

void TrackingTable::Remember(const Key& key, const std::shared_ptr<Tracker>& tracker) {
  if (tracker->ended()) return;
  if (parts_.empty()) parts_.resize(kParts);
  Part& part = parts_[PartOf(key.hash)];
  auto entry = part.find(key.name);
  if (entry == part.end()) {
    entry = part.emplace(std::string(key.name), Trackers()).first;
    ++size_;
    totals_->keys.fetch_add(1, std::memory_order_relaxed);
  }
  Trackers& trackers = entry->second;
  if (std::ranges::find(trackers, tracker) == trackers.end()) {
    trackers.push_back(tracker);
    AddItems(1);
  }
  for (size_t i = 0; i < kForgottenPerStep && IsTooLarge(); ++i) ForgetOne();
}

Trackers TrackingTable::TakeOut(Part* part, Part::iterator entry) {
  Trackers trackers = std::move(entry->second);
  part->erase(entry);
  --size_;
  totals_->keys.fetch_sub(1, std::memory_order_relaxed);
  RemoveItems(trackers.size());
  return trackers;
}

void TrackingTable::OnChange(std::string_view name, uint64_t hash) {
  Trackers trackers;
  if (size_ != 0) {
    Part& part = parts_[PartOf(hash)];
    if (const auto entry = part.find(name); entry != part.end()) trackers = TakeOut(&part, entry);
  }
  heard_ = listener_->OnChange(name, std::move(trackers), expiring_);
}

// Any will do, as in Redis.
void TrackingTable::ForgetOne() {
  random_ = random_ * 6364136223846793005U + 1442695040888963407U;
  size_t at = (random_ >> 33U) % kParts;
  while (parts_[at].empty()) at = (at + 1) % kParts;
  Part& part = parts_[at];
  const std::string name = part.begin()->first;
  listener_->OnForgotten(name, TakeOut(&part, part.begin()));
}

void TrackingTable::Clear() {
  if (size_ == 0) return;
  for (Part& part : parts_) {
    if (part.empty()) continue;
    garbage_.push_back(std::move(part));
    part = Part();
  }
  totals_->keys.fetch_sub(size_, std::memory_order_relaxed);
  RemoveItems(items_);
  size_ = 0;
}

void TrackingTable::ForgetEnded(Part* part) {
  for (auto entry = part->begin(); entry != part->end();) {
    const size_t gone = std::erase_if(
        entry->second, [](const std::shared_ptr<Tracker>& tracker) { return tracker->ended(); });
    RemoveItems(gone);
    const auto next = std::next(entry);
    if (entry->second.empty()) TakeOut(part, entry);
    entry = next;
  }
}

bool TrackingTable::Step() {
  if (totals_ == nullptr) return false;
  for (size_t i = 0; i < kPartsPerStep && !garbage_.empty(); ++i) garbage_.pop_back();
  for (size_t i = 0; i < kForgottenPerStep && IsTooLarge(); ++i) ForgetOne();
  if (part_ == kParts && size_ != 0) {
    const uint64_t ended = totals_->ended.load(std::memory_order_acquire);
    if (std::exchange(ended_, ended) != ended) part_ = 0;
  }
  for (size_t i = 0; i < kPartsPerStep && part_ < kParts; ++i) ForgetEnded(&parts_[part_++]);
  return !garbage_.empty() || part_ < kParts || IsTooLarge();
}

}  // namespace tally::storage
