#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace tally::server {

/// How much memory the replies may take that the clients of one core have not taken yet.
///
/// A client may have as much as all others together leave free, so that one that reads slowly gets a good part
/// of it while it is alone, and many share it evenly; nobody waits for another for ever, for `kLeastPerClient` is
/// always everybody's. Who is beyond it is not refused: it takes no request until its client has read.
///
/// It counts replies that were made. A single one may be larger than all of it. Thread: the core's.
class ReplyBudget {
 public:
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
  static constexpr size_t kLeastPerClient = size_t{16} << 10;
  static constexpr size_t kMostPerClient = size_t{256} << 20;
  /// Of maxmemory, for the clients of all cores.
  static constexpr uint64_t kPart = 8;

  /// `maxmemory` 0: unlimited but for kMostPerClient.
  void Share(uint64_t maxmemory, uint32_t cores) {
    bytes_ = maxmemory == 0 ? kUnlimited : maxmemory / kPart / cores;
  }
  /// Whether a client that has `owed` bytes of it may have more.
  [[nodiscard]] bool HasRoom(size_t owed) const {
    if (owed < kLeastPerClient) return true;
    const uint64_t left = bytes_ - std::min(bytes_, used_);
    return owed < std::min<uint64_t>(left, kMostPerClient);
  }
  [[nodiscard]] uint64_t used() const { return used_; }

 private:
  friend class OwedReplies;

  uint64_t bytes_ = kUnlimited;
  uint64_t used_ = 0;
};

/// One client's part of a ReplyBudget: the bytes of its replies, from when they are made until they are written.
class OwedReplies {
 public:
  explicit OwedReplies(ReplyBudget* budget) : budget_(budget) {}
  ~OwedReplies() { Clear(); }
  OwedReplies(const OwedReplies&) = delete;
  OwedReplies& operator=(const OwedReplies&) = delete;

  void Add(size_t bytes) {
    bytes_ += bytes;
    budget_->used_ += bytes;
  }
  /// Not more than there are.
  void Remove(size_t bytes) {
    bytes_ -= bytes;
    budget_->used_ -= bytes;
  }
  /// Afterwards the budget is not touched any more.
  void Clear() {
    if (bytes_ != 0) Remove(bytes_);
  }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] bool has_room() const { return budget_->HasRoom(bytes_); }

 private:
  ReplyBudget* const budget_;
  size_t bytes_ = 0;
};

}  // namespace tally::server
