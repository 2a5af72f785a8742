// What a warm server spends on memory for a request, from its bytes to the bytes of its reply: nothing.
#include <cstring>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/server/allocation_counter.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

class WarmPathTest : public ::testing::Test {
 protected:
  static constexpr int kWarmUp = 200;
  static constexpr int kCounted = 200;

  WarmPathTest() { harness.database->discard = true; }

  /// Bytes in, turn, commit, release, bytes out: as a core does it.
  void Round(std::string_view bytes) {
    const std::span<char> tail = in.Prepare(bytes.size());
    std::memcpy(tail.data(), bytes.data(), bytes.size());
    in.Commit(bytes.size());
    client.session().OnInput(&in);
    harness.shard(0).CloseTurn();
    harness.Commit();
    harness.shard(0).gate().Release(harness.log().durable());
    out.clear();
    client.session().TakeOutput(&out);
  }
  /// The allocations of kCounted rounds.
  uint64_t AllocationsOf(std::string_view bytes) {
    for (int i = 0; i < kWarmUp; ++i) Round(bytes);
    const uint64_t before = AllocationsOfThisThread();
    for (int i = 0; i < kCounted; ++i) Round(bytes);
    return AllocationsOfThisThread() - before;
  }
  static std::string Repeat(std::string_view text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i) result += text;
    return result;
  }

  SessionHarness harness{1};
  TestClient& client = harness.Connect();
  protocol::ReadBuffer in;
  std::string out;
};

TEST_F(WarmPathTest, AWarmIncrAllocatesNothing) {
  if (!AllocationsAreCounted()) GTEST_SKIP() << "a sanitizer owns malloc";
  EXPECT_EQ(AllocationsOf(Encode({"INCR", "counter"})), 0u);
  EXPECT_EQ(out, ":" + std::to_string(kWarmUp + kCounted) + "\r\n");
}

TEST_F(WarmPathTest, AWarmGetAllocatesNothing) {
  if (!AllocationsAreCounted()) GTEST_SKIP() << "a sanitizer owns malloc";
  const std::string value(100, 'v');
  Round(Encode({"SET", "text", value}));
  EXPECT_EQ(AllocationsOf(Encode({"GET", "text"})), 0u);
  EXPECT_EQ(out, Bulk(value));
}

TEST_F(WarmPathTest, AWarmPipelineAllocatesNothing) {
  if (!AllocationsAreCounted()) GTEST_SKIP() << "a sanitizer owns malloc";
  EXPECT_EQ(AllocationsOf(Repeat(Encode({"INCR", "counter"}), 16)), 0u);
  EXPECT_EQ(AllocationsOf(Repeat(Encode({"GET", "counter"}), 16)), 0u);
  EXPECT_EQ(out, Repeat(Bulk(std::to_string(16 * (kWarmUp + kCounted))), 16));
}

TEST_F(WarmPathTest, AWarmPipelineOfReadsAndWritesAllocatesNothing) {
  if (!AllocationsAreCounted()) GTEST_SKIP() << "a sanitizer owns malloc";
  Round(Encode({"SET", "text", std::string(100, 'v')}));
  const std::string mixed = Encode({"GET", "text"}) + Encode({"INCR", "counter"});
  EXPECT_EQ(AllocationsOf(Repeat(mixed, 8)), 0u);
}

TEST_F(WarmPathTest, InlineCommandsAllocateNothingEither) {
  if (!AllocationsAreCounted()) GTEST_SKIP() << "a sanitizer owns malloc";
  EXPECT_EQ(AllocationsOf("INCR counter\r\n"), 0u);
}

}  // namespace
}  // namespace tally::server
