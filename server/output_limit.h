#pragma once

#include <cstddef>
#include <cstdint>

namespace tally::server {

/// How many bytes a subscriber may leave untaken: Redis's defaults for clients of class pubsub.
///
/// Messages come whether the client reads or not, so without it a client that does not read would fill the
/// memory. Nothing is dropped silently: who passes the limit loses the connection. One thread.
class OutputLimit {
 public:
  static constexpr size_t kHardBytes = size_t{32} << 20;  ///< more than this at once …
  static constexpr size_t kSoftBytes = size_t{8} << 20;   ///< … or more than this …
  static constexpr int64_t kSoftMs = 60'000;              ///< … all the time for so long

  /// Whether `bytes` at this moment are too many.
  [[nodiscard]] bool Exceeds(size_t bytes, int64_t now_ms) {
    if (bytes > kHardBytes) return true;
    if (bytes <= kSoftBytes) {
      since_ms_ = kNotPassed;
      return false;
    }
    if (since_ms_ == kNotPassed) since_ms_ = now_ms;
    return now_ms - since_ms_ > kSoftMs;
  }

 private:
  static constexpr int64_t kNotPassed = -1;
  int64_t since_ms_ = kNotPassed;  // when it passed the soft limit
};

}  // namespace tally::server
