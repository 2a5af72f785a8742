#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tally::server {

/// Bytes on their way to a socket. What was written gives its memory back while the rest waits, so that a client
/// that stops in the middle keeps about as much as it has not taken.
///
/// One thread. Limits: its owner's.
class OutputBuffer {
 public:
  /// A buffer that is no larger than this is kept, to be used again.
  static constexpr size_t kKeptBytes = size_t{64} << 10;

  /// To append to.
  [[nodiscard]] std::string* bytes() { return &bytes_; }
  [[nodiscard]] std::string_view unsent() const { return std::string_view(bytes_).substr(sent_); }
  [[nodiscard]] size_t capacity() const { return bytes_.capacity(); }

  /// So many of the unsent bytes are written.
  void Consume(size_t count) {
    sent_ += count;
    if (sent_ != bytes_.size()) return;
    sent_ = 0;
    bytes_.clear();
    if (bytes_.capacity() > kKeptBytes) std::string().swap(bytes_);
  }
  /// The rest has to wait. It moves where more than half of the memory is not its own: all moves together
  /// copy no more bytes than there were.
  void Wait() {
    if (bytes_.capacity() <= kKeptBytes || bytes_.capacity() / 2 < unsent().size()) return;
    std::string(unsent()).swap(bytes_);
    sent_ = 0;
  }
  /// Nothing is lost: memory that nothing is in goes.
  void ShrinkIfEmpty() {
    if (bytes_.empty()) std::string().swap(bytes_);
  }

 private:
  std::string bytes_;
  size_t sent_ = 0;  // of bytes_, from the front
};

}  // namespace tally::server
