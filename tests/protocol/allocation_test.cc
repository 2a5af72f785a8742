// Counts what protocol/ allocates. Replaces the global operator new of the test program it is
// linked into, so only one file of a program may do this.
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/read_buffer.h"
#include "protocol/reply.h"
#include "protocol/request_parser.h"

namespace {

std::atomic<std::size_t> allocations = 0;
std::atomic<std::size_t> allocated_bytes = 0;

void* Allocate(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  allocated_bytes.fetch_add(size, std::memory_order_relaxed);
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) {
    std::abort();
  }
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace tally::protocol {
namespace {

using Result = RequestParser::Result;

TEST(AllocationTest, WarmParserAndWriterAllocateNothing) {
  const std::string_view request =
      "*2\r\n$4\r\nINCR\r\n$1\r\nA\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\nGET k\r\n";
  RequestParser parser;
  std::string out;
  const auto serve = [&] {
    out.clear();
    ReplyWriter writer(&out, 2);
    std::string_view unread = request;
    while (!unread.empty()) {
      if (parser.Parse(unread) != Result::kRequest) {
        std::abort();
      }
      unread.remove_prefix(parser.consumed());
      writer.Integer(123456789);
      writer.Bulk(parser.args()[0]);
      writer.BulkInteger(-123456789);
      writer.Double(0.1);
      writer.Error(errors::kWrongType);
    }
  };
  serve();
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    serve();
  }
  EXPECT_EQ(allocations, before);
}

TEST(AllocationTest, NothingIsAllocatedOnTheWordOfALength) {
  RequestParser parser;
  const std::size_t before = allocated_bytes;
  ASSERT_EQ(parser.Parse("*1048576\r\n$536870912\r\nabc"), Result::kIncomplete);
  EXPECT_LT(allocated_bytes - before, 1024U);
}

TEST(AllocationTest, MemoryGrowsWithArgumentsThatHaveArrived) {
  std::string stream = "*1048576\r\n";
  for (int i = 0; i < 1000; ++i) {
    stream += "$0\r\n\r\n";
  }
  RequestParser parser;
  const std::size_t before = allocated_bytes;
  ASSERT_EQ(parser.Parse(stream), Result::kIncomplete);
  // Two doubling vectors, counted with all their former blocks.
  EXPECT_LT(allocated_bytes - before, 128U * 1000U);
}

TEST(AllocationTest, WarmReadBufferAllocatesNothing) {
  ReadBuffer buffer;
  ASSERT_FALSE(buffer.Prepare(1).empty());
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    ASSERT_GE(buffer.Prepare(1000).size(), 1000U);
    buffer.Commit(1000);
    buffer.Consume(1000);
  }
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace tally::protocol
