#include "server/reply_queue.h"

#include <algorithm>
#include <utility>

#include "storage/invariant.h"

namespace tally::server {

namespace {
constexpr size_t kFirstPlaces = 4;
}  // namespace

uint64_t ReplyQueue::Open() {
  if (places() == ring_.size()) {
    std::vector<Place> larger(ring_.empty() ? kFirstPlaces : ring_.size() * 2);
    for (uint64_t place = first_; place != end_; ++place) {
      larger[place & (larger.size() - 1)] = std::move(Slot(place));
    }
    ring_ = std::move(larger);
  }
  Place& place = Slot(end_);
  place.bytes.clear();
  place.filled = false;
  place.clear = false;
  return end_++;
}

void ReplyQueue::Fill(uint64_t place) {
  TALLY_ASSERT(place >= first_ && place < end_, "a reply is filled once, into an open place");
  TALLY_ASSERT(!Slot(place).filled, "a reply is filled once");
  Slot(place).filled = true;
  Slot(place).clear = true;
}

bool ReplyQueue::IsClearBefore(uint64_t place) {
  clear_end_ = std::max(clear_end_, first_);
  while (clear_end_ < place && Slot(clear_end_).clear) ++clear_end_;
  return clear_end_ >= place;
}

void ReplyQueue::TakeReady(std::string* out) {
  while (has_ready()) {
    Place& place = Slot(first_++);
    if (out->empty()) {
      out->swap(place.bytes);
    } else {
      out->append(place.bytes);
    }
    if (place.bytes.capacity() > kKeptBytes) std::string().swap(place.bytes);
  }
}

void ReplyQueue::DropBytes() {
  for (Place& place : ring_) std::string().swap(place.bytes);
}

void ReplyQueue::ShrinkIfIdle() {
  if (!empty()) return;
  std::vector<Place>().swap(ring_);
  // Numbers go on rising; an empty ring has no slots to disagree with them.
}

}  // namespace tally::server
