#include "server/reply_gate.h"

#include <algorithm>
#include <utility>

#include "server/monotonic_clock.h"
#include "storage/invariant.h"

namespace tally::server {

using storage::kOpenTicket;
using storage::Ticket;

void ReplyGate::Append(List* list, HeldReply* reply) {
  reply->next_held_ = nullptr;
  if (list->last == nullptr) {
    list->first = reply;
  } else {
    list->last->next_held_ = reply;
  }
  list->last = reply;
  ++list->count;
}

void ReplyGate::Hold(Ticket ticket, HeldReply* reply) {
  ++held_count_;
  if (ticket == kOpenTicket) {
    Append(&open_, reply);
    return;
  }
  // Nearly always the newest: from the back.
  auto place = waiting_.end();
  while (place != waiting_.begin() && std::prev(place)->ticket >= ticket) --place;
  if (place == waiting_.end() || place->ticket != ticket) {
    place = waiting_.insert(place, Waiting{ticket, {}});
  }
  Append(&place->replies, reply);
  place->replies.since_us += static_cast<uint64_t>(MonotonicUs());
}

void ReplyGate::CloseTurn(Ticket ticket) {
  if (open_.first == nullptr) return;
  TALLY_ASSERT(waiting_.empty() || waiting_.back().ticket < ticket, "tickets rise");
  open_.since_us = open_.count * static_cast<uint64_t>(MonotonicUs());
  waiting_.push_back(Waiting{ticket, std::exchange(open_, List{})});
}

size_t ReplyGate::Release(Ticket durable) {
  const auto end = std::find_if(waiting_.begin(), waiting_.end(),
                                [&](const Waiting& waiting) { return waiting.ticket > durable; });
  if (end == waiting_.begin()) return 0;
  // A released reply may let its client's next request in, which may hold new replies here.
  released_.assign(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  size_t count = 0;
  const auto now_us = static_cast<uint64_t>(MonotonicUs());
  for (const Waiting& waiting : released_) {
    held_us_ += waiting.replies.count * now_us - waiting.replies.since_us;
    for (HeldReply* reply = waiting.replies.first; reply != nullptr; ++count) {
      HeldReply* const next = reply->next_held_;
      reply->Release();
      reply = next;
    }
  }
  released_.clear();
  return count;
}

}  // namespace tally::server
