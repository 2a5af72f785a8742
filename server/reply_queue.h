#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tally::server {

/// Puts the replies of one connection back into the order of its requests.
///
/// A place is opened for each reply (or run of replies) in request order, and filled whenever the reply
/// arrives; `TakeReady` gives the bytes of the filled places before the first unfilled one. Places
/// are numbered from 0 upward and never reused.
///
/// One thread. Limits: the owner looks at `places()` and `ready_bytes()` and stops reading requests.
/// Strings are recycled: warm, nothing is allocated.
class ReplyQueue {
 public:
  /// Opens a place behind all others.
  uint64_t Open();
  /// The bytes of an open place, to write to. Valid until the next Open.
  [[nodiscard]] std::string& bytes(uint64_t place) { return Slot(place).bytes; }
  /// The place is filled.
  void Fill(uint64_t place);
  /// What will be told in the place may be told by now, though it is not filled yet.
  void Clear(uint64_t place) { Slot(place).clear = true; }
  /// Whether the replies in all places in front of this one are filled, or cleared.
  [[nodiscard]] bool IsClearBefore(uint64_t place);
  /// The bytes of the last place, if that is filled and not yet taken: more may be added there. Else null.
  [[nodiscard]] std::string* last_filled() {
    return !empty() && Slot(end_ - 1).filled ? &Slot(end_ - 1).bytes : nullptr;
  }

  /// True when `TakeReady` would give something.
  [[nodiscard]] bool has_ready() const { return first_ != end_ && Slot(first_).filled; }
  /// Appends what is ready to `*out`, in order, and forgets it.
  void TakeReady(std::string* out);

  /// The first place that was not taken.
  [[nodiscard]] uint64_t first() const { return first_; }
  /// Places that were opened and not yet taken.
  [[nodiscard]] size_t places() const { return static_cast<size_t>(end_ - first_); }
  [[nodiscard]] bool empty() const { return first_ == end_; }
  /// Forgets all bytes; the places stay.
  void DropBytes();
  /// Frees the recycled memory; for a connection that has been quiet.
  void ShrinkIfIdle();

 private:
  struct Place {
    std::string bytes;
    bool filled = false;
    bool clear = false;
  };
  static constexpr size_t kKeptBytes = size_t{16} << 10;

  [[nodiscard]] Place& Slot(uint64_t place) { return ring_[place & (ring_.size() - 1)]; }
  [[nodiscard]] const Place& Slot(uint64_t place) const {
    return ring_[place & (ring_.size() - 1)];
  }

  std::vector<Place> ring_;  // a power of two
  uint64_t first_ = 0;
  uint64_t end_ = 0;
  uint64_t clear_end_ = 0;  // all places in front of it are clear, or were taken
};

}  // namespace tally::server
