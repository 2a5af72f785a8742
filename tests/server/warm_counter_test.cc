#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/server/allocation_counter.h"
#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

class WarmCounterTest : public OperationTest {
 protected:
  /// How many allocations it takes to find and run the command once more.
  uint64_t AllocationsOf(std::initializer_list<std::string_view> args) {
    const std::span<const std::string_view> request(args.begin(), args.size());
    const std::array<storage::Key, 1> keys{storage::MakeKey({}, request[1])};
    out_.clear();
    const uint64_t before = AllocationsOfThisThread();
    bool unknown_subcommand = false;
    const Command* command = FindCommand(request, &unknown_subcommand);
    protocol::ReplyWriter reply(&out_, resp);
    Operation operation = MakeOperation(*command, request, keys, &reply);
    command->handler(operation);
    return AllocationsOfThisThread() - before;
  }

  std::string out_ = std::string(1024, '\0');
};

TEST_F(WarmCounterTest, TheCounterCounts) {
  if (!AllocationsAreCounted()) GTEST_SKIP() << "a sanitizer owns malloc";
  const uint64_t before = AllocationsOfThisThread();
  const auto number = std::make_unique<int>(1);
  volatile int* kept = number.get();
  EXPECT_EQ(*kept, 1);
  EXPECT_EQ(AllocationsOfThisThread(), before + 1);
}

TEST_F(WarmCounterTest, AWarmCounterAllocatesNothing) {
  if (!AllocationsAreCounted()) GTEST_SKIP() << "a sanitizer owns malloc";
  Run("SET", "a", "9", "EX", "1000");
  for (int turn = 0; turn < 3; ++turn) {
    Run("INCR", "a");
    for (int i = 0; i < 100; ++i) {
      ASSERT_EQ(AllocationsOf({"INCR", "a"}), 0u);
      ASSERT_EQ(AllocationsOf({"incrby", "a", "1000000000"}), 0u);
      ASSERT_EQ(AllocationsOf({"DECR", "a"}), 0u);
      ASSERT_EQ(AllocationsOf({"GET", "a"}), 0u);
      ASSERT_EQ(AllocationsOf({"EXPIRE", "a", "2000"}), 0u);
    }
    Commit();
    ASSERT_EQ(AllocationsOf({"INCR", "a"}), 0u) << "the first change of a turn";
  }
  EXPECT_EQ(Run("TTL", "a"), ":2000\r\n");
}

}  // namespace
}  // namespace tally::server
