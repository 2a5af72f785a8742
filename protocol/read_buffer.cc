#include "protocol/read_buffer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "protocol/check.h"

namespace tally::protocol {

std::span<char> ReadBuffer::Prepare(std::size_t min_bytes) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  }
  if (capacity_ - end_ < min_bytes || capacity_ == 0) {
    const std::size_t unread_bytes = end_ - begin_;
    Check(min_bytes <= std::numeric_limits<std::size_t>::max() / 4 - unread_bytes,
          "Prepare was asked for more than memory can hold");
    const std::size_t needed = unread_bytes + std::max(min_bytes, std::size_t{1});
    if (needed <= capacity_ && unread_bytes <= begin_) {
      // At least as many bytes were consumed since the last move as are moved now.
      std::memmove(storage_.get(), storage_.get() + begin_, unread_bytes);
      begin_ = 0;
      end_ = unread_bytes;
    } else {
      Reallocate(std::bit_ceil(std::max({kInitialCapacityBytes, needed, 2 * capacity_})));
    }
  }
  return {storage_.get() + end_, capacity_ - end_};
}

void ReadBuffer::Commit(std::size_t n) {
  Check(n <= capacity_ - end_, "Commit of more than was prepared");
  end_ += n;
}

void ReadBuffer::Consume(std::size_t n) {
  Check(n <= end_ - begin_, "Consume of more than is unread");
  begin_ += n;
}

void ReadBuffer::ShrinkIfIdle() {
  const std::size_t unread_bytes = end_ - begin_;
  if (unread_bytes == 0) {
    storage_.reset();
    capacity_ = begin_ = end_ = 0;
    return;
  }
  const std::size_t fit = std::bit_ceil(std::max(kInitialCapacityBytes, unread_bytes));
  if (fit < capacity_ / 4) {
    Reallocate(fit);
  }
}

void ReadBuffer::Reallocate(std::size_t new_capacity) {
  const std::size_t unread_bytes = end_ - begin_;
  auto larger = std::make_unique_for_overwrite<char[]>(new_capacity);
  if (unread_bytes != 0) {
    std::memcpy(larger.get(), storage_.get() + begin_, unread_bytes);
  }
  storage_ = std::move(larger);
  capacity_ = new_capacity;
  begin_ = 0;
  end_ = unread_bytes;
}

}  // namespace tally::protocol
