#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "server/publication.h"

namespace tally::server {

/// What one session publishes and may not send yet, by its place in the reply queue.
///
/// A message may tell of anything that its client was told, or has asked for before. So it goes out when
/// the replies to all that was asked before may be told: when all places in front of its own are clear.
///
/// Thread: the session's core. Limits: the session counts the bytes among those of its requests in flight.
class Outbox {
 public:
  struct Entry {
    Publications publications;
    std::string reply =
        {};            ///< of the whole command or transaction, but for the numbers of receivers
    size_t bytes = 0;  ///< of the publications
  };

  void Add(uint64_t place, Entry entry) { waiting_.emplace(place, std::move(entry)); }
  [[nodiscard]] bool has_waiting() const { return !waiting_.empty(); }
  /// Of the first one that was not sent. Requires `has_waiting()`, as the next.
  [[nodiscard]] uint64_t first_place() const { return waiting_.begin()->first; }
  /// It is being sent: gives its publications.
  [[nodiscard]] Publications SendFirst() {
    auto node = waiting_.extract(waiting_.begin());
    Publications publications = std::move(node.mapped().publications);
    sent_.insert(std::move(node));
    return publications;
  }
  /// Takes out what was sent and has been answered.
  [[nodiscard]] Entry Take(uint64_t place) { return std::move(sent_.extract(place).mapped()); }

 private:
  std::map<uint64_t, Entry> waiting_;
  std::map<uint64_t, Entry> sent_;
};

}  // namespace tally::server
