#include "server/output_buffer.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

constexpr size_t kKept = OutputBuffer::kKeptBytes;

std::string Numbered(size_t size) {
  std::string bytes;
  for (size_t i = 0; bytes.size() < size; ++i) bytes += std::to_string(i) + ",";
  bytes.resize(size);
  return bytes;
}

TEST(OutputBufferTest, TheRestKeepsNoMemoryOfWhatWasWritten) {
  const std::string all = Numbered(100 * kKept);
  OutputBuffer buffer;
  buffer.bytes()->append(all);
  std::string written;
  while (buffer.unsent().size() > 1) {
    const size_t count = buffer.unsent().size() / 3 + 1;
    written += buffer.unsent().substr(0, count);
    buffer.Consume(count);
    buffer.Wait();
    EXPECT_LE(buffer.capacity(), std::max(kKept, 2 * buffer.unsent().size() + 1));
    EXPECT_EQ(written + std::string(buffer.unsent()), all);
  }
}

TEST(OutputBufferTest, WhatIsAppendedStandsBehindTheRest) {
  OutputBuffer buffer;
  buffer.bytes()->append(std::string(3 * kKept, 'a') + "b");
  buffer.Consume(3 * kKept);
  buffer.Wait();
  buffer.bytes()->append("c");
  EXPECT_EQ(buffer.unsent(), "bc");
  buffer.Consume(1);
  EXPECT_EQ(buffer.unsent(), "c");
}

TEST(OutputBufferTest, ASmallBufferStaysALargeOneGoes) {
  OutputBuffer buffer;
  buffer.bytes()->append(kKept / 2, 'a');
  buffer.Consume(kKept / 2);
  EXPECT_GE(buffer.capacity(), kKept / 2);
  buffer.ShrinkIfEmpty();
  EXPECT_LT(buffer.capacity(), kKept / 2);
  buffer.bytes()->append(2 * kKept, 'a');
  buffer.Consume(2 * kKept);
  EXPECT_LT(buffer.capacity(), kKept);
  EXPECT_TRUE(buffer.unsent().empty());
}

}  // namespace
}  // namespace tally::server
