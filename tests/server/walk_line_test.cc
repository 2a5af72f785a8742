// Walks that gather all names for one client: one after the other, and none for nobody.
#include "server/walk_line.h"

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "server/gathered_names.h"
#include "server/keyspace_walk.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

class WalkLineTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  /// Names of about so many bytes, on the disk only: a walk through them takes several reads.
  void MakeColdNames(int count, size_t bytes) {
    std::string requests;
    for (int i = 0; i < count; ++i) {
      requests += "*3\r\n$3\r\nSET\r\n" + Bulk("k" + std::to_string(i) + std::string(bytes, 'n')) +
                  "$1\r\n1\r\n";
    }
    TestClient& writer = server.Connect(0);
    writer.Send(requests);
    server.MakeCold();
  }
  /// Reads until nobody waits for one any more; how many there were.
  int LoadAll() {
    int loads = 0;
    for (server.Settle(); server.Load(); server.Settle()) ++loads;
    return loads;
  }
  static std::string CountOf(std::string_view reply) {
    return std::string(reply.substr(0, reply.find('\r')));
  }

  static constexpr int kNames = 4 * static_cast<int>(KeyspaceWalk::kMostPerStep);
  SessionHarness server{GetParam()};
  TestClient& first = server.Connect(0);
  TestClient& second = server.Connect(GetParam() - 1);
  TestClient& third = server.Connect(0);
};

TEST_P(WalkLineTest, OneGathersAtATimeAndAllAreAnswered) {
  MakeColdNames(kNames, 5);
  first.Send("KEYS *\r\n");
  second.Send("KEYS k1*\r\n");
  third.Send("SCAN 0 COUNT 100000\r\n");
  server.Settle();
  EXPECT_EQ(server.loader().tasks(), 1u);
  // Who gathers little does not wait for them.
  TestClient& other = server.Connect(0);
  other.Send("SCAN 0\r\n");
  server.Settle();
  EXPECT_EQ(server.loader().tasks(), 2u);
  LoadAll();
  EXPECT_EQ(CountOf(first.Take()), "*4000");
  EXPECT_EQ(CountOf(second.Take()), "*1111");
  EXPECT_TRUE(third.Take().starts_with("*2\r\n$1\r\n0\r\n*4000\r\n"));
  EXPECT_EQ(CountOf(other.Take()), "*2");
}

TEST_P(WalkLineTest, AWalkEndsWithItsClient) {
  for (const std::string_view request :
       {"KEYS *\r\n", "SCAN 0 COUNT 5000\r\n", "SCAN 0 COUNT 50000\r\n", "RANDOMKEY\r\n"}) {
    SCOPED_TRACE(request);
    MakeColdNames(kNames, 5);
    TestClient& client = server.Connect(0);
    client.Send(request);
    server.Settle();
    ASSERT_EQ(server.loader().tasks(), 1u);
    client.Disconnect();
    EXPECT_EQ(LoadAll(), 1) << "the read under way";
    EXPECT_FALSE(client.SessionIsHeldElsewhere());
  }
}

TEST_P(WalkLineTest, WhoLeavesFreesItsPlace) {
  MakeColdNames(kNames, 5);
  first.Send("KEYS *\r\n");
  second.Send("KEYS *\r\n");
  server.Settle();
  second.Disconnect();
  third.Send("KEYS *\r\n");
  server.Settle();
  EXPECT_FALSE(second.SessionIsHeldElsewhere()) << "forgotten while the first one still gathers";
  first.Disconnect();
  server.Load();
  server.Settle();
  EXPECT_FALSE(first.SessionIsHeldElsewhere());
  LoadAll();
  EXPECT_EQ(CountOf(third.Take()), "*4000");
}

// It may only have finished sending.
TEST_P(WalkLineTest, WhoEndsItsInputIsAnsweredUnlessItIsMuchAndOthersWait) {
  constexpr size_t kLong = 100;
  static_assert(kLong * kNames > 2 * GatheredNames::kToldToWhoeverLeftBytes);
  MakeColdNames(kNames, kLong);
  first.Send("KEYS *\r\n");
  first.session().OnEndOfInput();
  LoadAll();
  EXPECT_EQ(CountOf(first.Take()), "*4000") << "nobody else waits";

  server.EvictAll();
  second.Send("KEYS *\r\n");
  second.session().OnEndOfInput();
  third.Send("KEYS k1*\r\n");
  LoadAll();
  EXPECT_EQ(second.Take(), "-ERR internal error: the reply was lost\r\n");
  EXPECT_EQ(CountOf(third.Take()), "*1111");

  server.EvictAll();
  TestClient& modest = server.Connect(0);
  modest.Send("KEYS k10*\r\n");
  modest.session().OnEndOfInput();
  TestClient& last = server.Connect(0);
  last.Send("KEYS k1*\r\n");
  LoadAll();
  EXPECT_EQ(CountOf(modest.Take()), "*111") << "though somebody waits";
  EXPECT_EQ(CountOf(last.Take()), "*1111");
}

TEST_P(WalkLineTest, NoFurtherOneBeginsBehindMuchThatIsNotRead) {
  constexpr size_t kMiB = size_t{1} << 20;
  constexpr int kLargeNames = WalkLine::kMaxUnreadBytes / kMiB + 1;
  MakeColdNames(kLargeNames, kMiB);
  const std::string all = "*" + std::to_string(kLargeNames);
  first.withhold_output = true;
  first.Send("KEYS k1\r\nKEYS *\r\n");
  LoadAll();
  EXPECT_FALSE(first.session().is_in_the_way()) << "nobody waits";
  second.Send("KEYS *\r\n");
  third.Send("KEYS *\r\n");
  EXPECT_EQ(LoadAll(), 0);
  EXPECT_EQ(second.Take(), "");
  EXPECT_TRUE(first.session().is_in_the_way());
  EXPECT_FALSE(second.session().is_in_the_way());
  // It reads; the next one goes.
  second.withhold_output = true;
  first.withhold_output = false;
  first.OnOutput();
  LoadAll();
  EXPECT_EQ(CountOf(first.Take()), "*0");
  EXPECT_FALSE(first.session().is_in_the_way());
  EXPECT_TRUE(second.session().is_in_the_way());
  EXPECT_EQ(third.Take(), "");
  second.Disconnect();
  LoadAll();
  EXPECT_EQ(CountOf(third.Take()), all);
}

// An empty reply comes while the names are written: nothing is written of it that could tell the end.
TEST_P(WalkLineTest, AnEmptyReplyBehindTheNamesHoldsNobodyUp) {
  constexpr size_t kMiB = size_t{1} << 20;
  constexpr int kLargeNames = WalkLine::kMaxUnreadBytes / kMiB + 1;
  MakeColdNames(kLargeNames, kMiB);
  first.withhold_output = true;
  first.Send("KEYS *\r\n");
  LoadAll();
  second.Send("KEYS k1*\r\n");
  std::string names;
  first.session().TakeOutput(&names);
  first.Send("CLIENT REPLY OFF\r\n");
  EXPECT_EQ(LoadAll(), 0);
  first.session().OnWritten(names.size() - 1);
  std::string rest;
  EXPECT_TRUE(first.session().is_in_the_way()) << "a byte of them is not written";
  first.session().OnWritten(1);
  first.session().TakeOutput(&rest);
  EXPECT_EQ(rest, "");
  EXPECT_FALSE(first.session().is_in_the_way());
  LoadAll();
  EXPECT_EQ(CountOf(second.Take()), "*11");
}

INSTANTIATE_TEST_SUITE_P(Shards, WalkLineTest, ::testing::Values(1u, 3u));

}  // namespace
}  // namespace tally::server
