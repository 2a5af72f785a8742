#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tally::server {

/// How many bytes a client may leave untaken, of one class of `client-output-buffer-limit`. 0 = no bound.
struct OutputBounds {
  uint64_t hard_bytes = 0;    ///< more than this at once …
  uint64_t soft_bytes = 0;    ///< … or more than this …
  uint64_t soft_seconds = 0;  ///< … all the time for so long

  bool operator==(const OutputBounds&) const = default;
};

/// The classes by their names in Redis, with its defaults.
struct OutputBoundsByClass {
  OutputBounds normal;                          ///< replies; who watches with MONITOR, too
  OutputBounds slave{268435456, 67108864, 60};  ///< remembered: there are no replicas
  OutputBounds pubsub{33554432, 8388608,
                      60};  ///< messages, what MONITOR shows, and what is told of copies

  /// Whoever leaves no more than this untaken passes none of them.
  [[nodiscard]] uint64_t SmallestBytes() const;

  bool operator==(const OutputBoundsByClass&) const = default;
};

/// Reads `CLASS HARD SOFT SECONDS` once or several times; classes that are not named stay as they are. Returns what is
/// wrong, and has changed nothing then; or "".
[[nodiscard]] std::string ReadOutputBounds(std::string_view text, OutputBoundsByClass* bounds);
/// As CONFIG GET shows it.
[[nodiscard]] std::string OutputBoundsText(const OutputBoundsByClass& bounds);

/// Watches one client's untaken bytes.
///
/// Messages come whether the client reads or not, so without a limit a client that does not read would fill the
/// memory. Nothing is dropped silently: who passes the limit loses the connection. One thread.
class OutputLimit {
 public:
  /// Whether `bytes` at this moment are too many.
  [[nodiscard]] bool Exceeds(const OutputBounds& bounds, size_t bytes, int64_t now_ms) {
    if (bounds.hard_bytes != 0 && bytes > bounds.hard_bytes) return true;
    if (bounds.soft_bytes == 0 || bytes <= bounds.soft_bytes) {
      since_ms_ = kNotPassed;
      return false;
    }
    if (since_ms_ == kNotPassed) since_ms_ = now_ms;
    return now_ms - since_ms_ > static_cast<int64_t>(bounds.soft_seconds) * 1000;
  }

 private:
  static constexpr int64_t kNotPassed = -1;
  int64_t since_ms_ = kNotPassed;  // when it passed the soft limit
};

}  // namespace tally::server
