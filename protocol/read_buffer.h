#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace tally::protocol {

// The bytes of one connection that have arrived and are not used up yet, in one contiguous piece.
//
// Use: Prepare a tail, let the socket write into it, Commit what arrived, parse unread(), Consume
// whole requests. Unread bytes keep their place in memory until the next Prepare or ShrinkIfIdle;
// Commit and Consume move nothing, so the views of a parsed request outlive its Consume.
//
// Memory: none before the first Prepare. Then powers of two that grow only with bytes that have
// arrived and the tail that the caller asks for, so a caller must not pass on a length that a peer
// announced without a cap of its own. What one incomplete request may hold is limited by full():
// the owner closes the connection then.
//
// Not thread safe: one connection, one thread. Fails only with std::bad_alloc from Prepare and
// ShrinkIfIdle, both leaving the buffer as it was.
class ReadBuffer {
 public:
  // First allocation. Holds a deep pipeline of small requests and costs an idle connection little.
  static constexpr std::size_t kInitialCapacityBytes = std::size_t{4} * 1024;
  // Unread bytes at which full() says so: Redis's default for client-query-buffer-limit.
  static constexpr std::size_t kMaxUnreadBytes = std::size_t{1024} * 1024 * 1024;

  ReadBuffer() = default;
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;
  ReadBuffer(ReadBuffer&&) = delete;
  ReadBuffer& operator=(ReadBuffer&&) = delete;

  // Returns the whole writable tail, at least `min_bytes` long. Moves or reallocates the unread
  // bytes when the tail is too short; moving is done only when it pays for itself, so the cost per
  // byte received is constant.
  [[nodiscard]] std::span<char> Prepare(std::size_t min_bytes);

  // Appends the first `n` bytes of the tail that Prepare returned to the unread bytes.
  void Commit(std::size_t n);

  // What was committed and not consumed.
  [[nodiscard]] std::string_view unread() const { return {storage_.get() + begin_, end_ - begin_}; }

  // Drops the first `n` unread bytes. Their memory is reused by the next Prepare, not before.
  void Consume(std::size_t n);

  // True when so much is unread that the peer must be cut off (or must not be read from for now).
  [[nodiscard]] bool full() const { return end_ - begin_ >= kMaxUnreadBytes; }

  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  // Gives memory back: all of it when nothing is unread, else what is beyond a quarter full. For a
  // connection that has been quiet for a while.
  void ShrinkIfIdle();

 private:
  void Reallocate(std::size_t new_capacity);

  std::unique_ptr<char[]> storage_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // First unread byte; begin_ <= end_ <= capacity_.
  std::size_t end_ = 0;    // First byte of the tail.
};

}  // namespace tally::protocol
