#include "protocol/read_buffer.h"

#include <cstddef>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tally::protocol {
namespace {

void Append(ReadBuffer& buffer, std::string_view bytes) {
  const std::span<char> tail = buffer.Prepare(bytes.size());
  ASSERT_GE(tail.size(), bytes.size());
  std::memcpy(tail.data(), bytes.data(), bytes.size());
  buffer.Commit(bytes.size());
}

TEST(ReadBufferTest, HoldsNoMemoryUntilItIsUsed) {
  ReadBuffer buffer;
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_EQ(buffer.unread(), "");
  EXPECT_EQ(buffer.Prepare(1).size(), ReadBuffer::kInitialCapacityBytes);
  EXPECT_EQ(buffer.capacity(), ReadBuffer::kInitialCapacityBytes);
}

TEST(ReadBufferTest, HasATailForWhoNeedsNoneYet) {
  ReadBuffer buffer;
  EXPECT_EQ(buffer.Prepare(0).size(), ReadBuffer::kInitialCapacityBytes);
}

TEST(ReadBufferTest, GivesBackWhatWasCommittedInOrder) {
  ReadBuffer buffer;
  Append(buffer, "abc");
  Append(buffer, "def");
  EXPECT_EQ(buffer.unread(), "abcdef");
  buffer.Consume(2);
  EXPECT_EQ(buffer.unread(), "cdef");
  buffer.Consume(4);
  EXPECT_EQ(buffer.unread(), "");
}

TEST(ReadBufferTest, ConsumeAndCommitKeepViewsValid) {
  ReadBuffer buffer;
  Append(buffer, "abcdef");
  const std::string_view view = buffer.unread().substr(0, 3);
  ASSERT_GE(buffer.Prepare(0).size(), 1U);
  buffer.Consume(3);
  buffer.Commit(1);
  EXPECT_EQ(view, "abc");
  EXPECT_EQ(buffer.unread().data(), view.data() + 3);
}

TEST(ReadBufferTest, ReusesConsumedRoomInsteadOfGrowing) {
  ReadBuffer buffer;
  const std::string request(100, 'x');
  for (int i = 0; i < 1000; ++i) {
    Append(buffer, request);
    Append(buffer, "tail");
    buffer.Consume(request.size() + 4);
  }
  Append(buffer, request);
  for (int i = 0; i < 1000; ++i) {  // Never empty.
    Append(buffer, request);
    buffer.Consume(request.size());
  }
  EXPECT_EQ(buffer.unread(), request);
  EXPECT_EQ(buffer.capacity(), ReadBuffer::kInitialCapacityBytes);
}

TEST(ReadBufferTest, GrowsByDoubling) {
  ReadBuffer buffer;
  std::string expected;
  std::size_t growths = 0;
  std::size_t capacity = 0;
  while (expected.size() < std::size_t{1} << 20) {
    Append(buffer, "0123456789");
    expected += "0123456789";
    growths += buffer.capacity() != capacity ? 1 : 0;
    capacity = buffer.capacity();
  }
  EXPECT_EQ(buffer.unread(), expected);
  EXPECT_LE(growths, 10U);
  EXPECT_LE(capacity, 2 * expected.size());
}

TEST(ReadBufferTest, OnePreparedTailIsAsLargeAsAskedFor) {
  ReadBuffer buffer;
  Append(buffer, "abc");
  EXPECT_GE(buffer.Prepare(100000).size(), 100000U);
  EXPECT_EQ(buffer.unread(), "abc");
}

TEST(ReadBufferTest, ShrinkIfIdleFreesAnEmptyBuffer) {
  ReadBuffer buffer;
  Append(buffer, "abc");
  buffer.Consume(3);
  buffer.ShrinkIfIdle();
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_EQ(buffer.unread(), "");
  Append(buffer, "def");
  EXPECT_EQ(buffer.unread(), "def");
}

TEST(ReadBufferTest, ShrinkIfIdleKeepsUnreadBytes) {
  ReadBuffer buffer;
  Append(buffer, std::string(1 << 20, 'x'));
  Append(buffer, "rest");
  buffer.Consume(1 << 20);
  buffer.ShrinkIfIdle();
  EXPECT_EQ(buffer.capacity(), ReadBuffer::kInitialCapacityBytes);
  EXPECT_EQ(buffer.unread(), "rest");

  buffer.ShrinkIfIdle();
  EXPECT_EQ(buffer.capacity(), ReadBuffer::kInitialCapacityBytes);
}

TEST(ReadBufferTest, IsNotFullBelowItsLimit) {
  ReadBuffer buffer;
  EXPECT_FALSE(buffer.full());
  Append(buffer, std::string(1 << 20, 'x'));
  EXPECT_FALSE(buffer.full());
}

TEST(ReadBufferTest, IsFullAtItsLimit) {
  ReadBuffer buffer;
  // The tail's pages are never touched, so this costs address space only.
  ASSERT_GE(buffer.Prepare(ReadBuffer::kMaxUnreadBytes).size(), ReadBuffer::kMaxUnreadBytes);
  buffer.Commit(ReadBuffer::kMaxUnreadBytes - 1);
  EXPECT_FALSE(buffer.full());
  buffer.Commit(1);
  EXPECT_TRUE(buffer.full());
  buffer.Consume(1);
  EXPECT_FALSE(buffer.full());
}

TEST(ReadBufferTest, RandomUseKeepsTheBytes) {
  std::mt19937_64 random(7);
  ReadBuffer buffer;
  std::string model;
  for (int i = 0; i < 20000; ++i) {
    switch (random() % 5) {
      case 0:
      case 1: {
        const std::string bytes(random() % 3000, static_cast<char>('a' + random() % 26));
        Append(buffer, bytes);
        model += bytes;
        break;
      }
      case 2:
      case 3: {
        const std::size_t n = random() % (model.size() + 1);
        buffer.Consume(n);
        model.erase(0, n);
        break;
      }
      default:
        buffer.ShrinkIfIdle();
    }
    ASSERT_EQ(buffer.unread(), model);
  }
}

TEST(ReadBufferDeathTest, BrokenContractsStopTheProcess) {
  ReadBuffer buffer;
  EXPECT_DEATH(buffer.Commit(1), "Commit");
  EXPECT_DEATH(buffer.Consume(1), "Consume");
  EXPECT_DEATH((void)buffer.Prepare(~std::size_t{0}), "Prepare");
}

}  // namespace
}  // namespace tally::protocol
