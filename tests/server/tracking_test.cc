// CLIENT TRACKING through sessions on one core and on several: nobody is told of a change that a crash could take
// back, nobody is told later than somebody else sees it, and no change is missed.
#include "server/tracking.h"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "server/wall_clock.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

std::string Array(const std::vector<std::string>& keys) {
  std::string text = "*" + std::to_string(keys.size()) + "\r\n";
  for (const std::string& key : keys) text += Bulk(key);
  return text;
}
std::string Invalid(const std::vector<std::string>& keys) {
  return ">2\r\n" + Bulk("invalidate") + Array(keys);
}
const std::string kAllInvalid = ">2\r\n" + Bulk("invalidate") + "_\r\n";

class TrackingTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  TrackingTest() { Track(cacher, ""); }

  TestClient& Connect(uint32_t core, int resp = 3) {
    ClientState state;
    state.id = ++last_id;
    state.resp = resp;
    return server.Connect(core, std::move(state));
  }
  std::string Track(TestClient& client, std::string_view options) {
    return server.Ask(client, "CLIENT TRACKING ON " + std::string(options) + "\r\n");
  }
  std::string Ask(TestClient& client, const std::string& request) {
    return server.Ask(client, request + "\r\n");
  }

  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  uint64_t last_id = 100;
  TestClient& cacher = Connect(GetParam() / 2);
  TestClient& writer = Connect(last);
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(last, 1);
};

TEST_P(TrackingTest, NobodyIsToldOfAChangeThatIsNotDurable) {
  for (const std::string& key : {a, b}) {
    Ask(cacher, "GET " + key);
    writer.Send("SET " + key + " 1\r\n");
    server.Settle();
    EXPECT_EQ(cacher.Take(), "");
    EXPECT_EQ(writer.Take(), "");
    server.Commit();
    server.Settle();
    EXPECT_EQ(cacher.Take(), Invalid({key}));
    EXPECT_EQ(writer.Take(), "+OK\r\n");
  }
}

// With the commit, whoever makes it, and before any core has taken a turn: it lies at the tracker's core already.
TEST_P(TrackingTest, ItIsAtTheTrackersCoreBeforeAnybodyCanSeeTheChange) {
  TestClient& reader = Connect(0);
  for (const std::string& key : {a, b}) {
    Ask(cacher, "GET " + key);
    writer.Send("SET " + key + " 1\r\n");
    server.Settle();
    reader.Send("GET " + key + "\r\n");
    server.Settle();
    EXPECT_EQ(reader.Take(), "");
    EXPECT_TRUE(server.tracking().inbox(cacher.core()).empty());
    server.Commit();
    EXPECT_FALSE(server.tracking().inbox(cacher.core()).empty());
    server.Turn(cacher.core());
    EXPECT_EQ(cacher.Take(), Invalid({key}));
    server.Run();
    EXPECT_EQ(reader.Take(), Bulk("1"));
    EXPECT_EQ(writer.Take(), "+OK\r\n");
  }
}

TEST_P(TrackingTest, WhoFindsAnExpiredObjectIsToldSoAfterThoseWhoHaveACopy) {
  Ask(writer, "SET " + b + " 1 PX 10");
  Ask(cacher, "GET " + b);
  WallClock::SetForTest(SessionHarness::kNowMs + 11);
  writer.Send("GET " + b + "\r\n");
  server.Settle();
  EXPECT_EQ(writer.Take(), "");
  EXPECT_EQ(cacher.Take(), "");
  server.Commit();
  EXPECT_FALSE(server.tracking().inbox(cacher.core()).empty());
  server.Run();
  EXPECT_EQ(cacher.Take(), Invalid({b}));
  EXPECT_EQ(writer.Take(), "_\r\n");
}

TEST_P(TrackingTest, ATransactionIsToldInItsOrderAndAtOnce) {
  Ask(cacher, "MGET " + a + " " + b);
  writer.Send("MULTI\r\nSET " + b + " 1\r\nSET " + a + " 1\r\nDEL " + b + "\r\nEXEC\r\n");
  server.Settle();
  EXPECT_EQ(cacher.Take(), "");
  server.Commit();
  server.Settle();
  EXPECT_EQ(cacher.Take(), Invalid({b}) + Invalid({a}));
}

TEST_P(TrackingTest, OwnChangesAreToldBehindTheReply) {
  for (const std::string& key : {a, b}) {
    EXPECT_EQ(Ask(cacher, "GET " + key + "\r\nSET " + key + " 1\r\nPING\r\nGET " + key),
              "_\r\n+OK\r\n" + Invalid({key}) + "+PONG\r\n" + Bulk("1"));
  }
  EXPECT_EQ(Ask(cacher, "MSET " + a + " 1 " + b + " 2\r\nPING"),
            "+OK\r\n" + Invalid({a}) + Invalid({b}) + "+PONG\r\n");
  EXPECT_EQ(
      Ask(cacher, "MULTI\r\nGET " + a + "\r\nSET " + a + " 1\r\nGET " + b + "\r\nEXEC\r\nPING"),
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n" + Bulk("1") + "+OK\r\n" + Bulk("2") +
          Invalid({a}) + "+PONG\r\n");
  EXPECT_EQ(Ask(cacher, "FLUSHALL\r\nPING"), "+OK\r\n" + kAllInvalid + "+PONG\r\n");
}

TEST_P(TrackingTest, OwnChangesAreToldThoughTheReplyIsSilenced) {
  for (const std::string& key : {a, b}) {
    Ask(cacher, "GET " + key);
    EXPECT_EQ(Ask(cacher, "CLIENT REPLY SKIP\r\nSET " + key + " 1"), Invalid({key}));
  }
  Ask(cacher, "MGET " + a + " " + b);
  EXPECT_EQ(Ask(cacher, "CLIENT REPLY SKIP\r\nMSET " + a + " 1 " + b + " 2"),
            Invalid({a}) + Invalid({b}));
  EXPECT_EQ(Ask(cacher, "CLIENT REPLY SKIP\r\nFLUSHALL"), kAllInvalid);
}

TEST_P(TrackingTest, NoLoopSparesTheClientItsOwnChangesButNotAFlush) {
  Track(cacher, "NOLOOP");
  Ask(cacher, "MGET " + a + " " + b);
  EXPECT_EQ(Ask(cacher, "MSET " + a + " 1 " + b + " 2"), "+OK\r\n");
  Ask(cacher, "MGET " + a + " " + b);
  Ask(writer, "SET " + a + " 2");
  EXPECT_EQ(cacher.Take(), Invalid({a}));
  EXPECT_EQ(Ask(cacher, "FLUSHDB"), "+OK\r\n" + kAllInvalid);
}

TEST_P(TrackingTest, AFlushIsToldEverybodyWhenItIsDurable) {
  TestClient& other = Connect(0);
  Track(other, "BCAST PREFIX x");
  Ask(cacher, "GET " + a);
  Ask(writer, "SET " + b + " 1");
  writer.Send("FLUSHALL\r\n");
  server.Settle();
  EXPECT_EQ(cacher.Take() + other.Take(), "");
  server.Run();
  EXPECT_EQ(cacher.Take(), kAllInvalid);
  EXPECT_EQ(other.Take(), kAllInvalid);
  EXPECT_EQ(server.tracking().totals().keys, 0U);
  Ask(writer, "SET " + a + " 1");
  EXPECT_EQ(cacher.Take(), "");
  Ask(writer, "SELECT 3\r\nFLUSHDB");  // of nothing
  EXPECT_EQ(cacher.Take(), kAllInvalid);
}

TEST_P(TrackingTest, BroadcastTellsPrefixesOfATurnsChanges) {
  TestClient& other = Connect(0);
  Track(other, "BCAST PREFIX k PREFIX zz");
  Ask(writer, "MULTI\r\nSET " + b + " 1\r\nSET " + a + " 1\r\nSET zz1 1\r\nSET other 1\r\nEXEC");
  EXPECT_EQ(other.Take(),
            Invalid(a < b ? std::vector{a, b} : std::vector{b, a}) + Invalid({"zz1"}));
  Track(other, "BCAST NOLOOP");
  EXPECT_EQ(Ask(other, "SET x 1"), "+OK\r\n");
  Ask(writer, "SET x 1");
  EXPECT_EQ(other.Take(), Invalid({"x"}));
  EXPECT_EQ(server.tracking().prefixes(), 3U);
  Ask(other, "CLIENT TRACKING OFF");
  EXPECT_EQ(server.tracking().prefixes(), 0U);
}

TEST_P(TrackingTest, ARedirectedClientIsToldInstead) {
  TestClient& target = Connect(0, 2);
  const std::string id = std::to_string(target.session().client().id);
  Ask(target, "SUBSCRIBE __redis__:invalidate");
  EXPECT_EQ(Track(cacher, "REDIRECT " + id), "+OK\r\n");
  Ask(cacher, "GET " + b);
  writer.Send("SET " + b + " 1\r\n");
  server.Settle();
  EXPECT_EQ(target.Take(), "");
  server.Commit();
  EXPECT_FALSE(server.tracking().inbox(target.core()).empty());
  server.Run();
  EXPECT_EQ(target.Take(), "*3\r\n" + Bulk("message") + Bulk("__redis__:invalidate") + Array({b}));
  Ask(cacher, "GET " + b);
  EXPECT_EQ(Ask(cacher, "SET " + b + " 2"), "+OK\r\n");
  EXPECT_EQ(target.Take(), "*3\r\n" + Bulk("message") + Bulk("__redis__:invalidate") + Array({b}));
  Ask(writer, "FLUSHALL");
  EXPECT_EQ(target.Take(), "*3\r\n" + Bulk("message") + Bulk("__redis__:invalidate") + "$-1\r\n");
  EXPECT_EQ(cacher.Take(), "");
}

TEST_P(TrackingTest, AClientLearnsThatItsRedirectionIsGone) {
  TestClient& target = Connect(0);
  const std::string id = std::to_string(target.session().client().id);
  Track(cacher, "REDIRECT " + id);
  const std::string broken = ">2\r\n" + Bulk("tracking-redir-broken") + ":" + id + "\r\n";
  Ask(cacher, "MGET " + a + " " + b);
  writer.Send("SET " + a + " 1\r\n");
  server.Settle();
  server.Commit();  // on its way
  target.Disconnect();
  server.Run();
  EXPECT_EQ(cacher.Take(), broken);
  Ask(writer, "SET " + b + " 1");
  EXPECT_EQ(cacher.Take(), broken);
  EXPECT_NE(Ask(cacher, "CLIENT TRACKINGINFO").find("broken_redirect"), std::string::npos);
  EXPECT_NE(Ask(cacher, "CLIENT INFO").find("flags=tR "), std::string::npos);
  Track(cacher, "");
  EXPECT_EQ(Ask(cacher, "CLIENT TRACKINGINFO").find("broken_redirect"), std::string::npos);
}

TEST_P(TrackingTest, OptInAndOptOutChooseWhichReadsAreRemembered) {
  const auto told = [&] {
    Ask(writer, "MSET " + a + " 1 " + b + " 2");
    return cacher.Take();
  };
  const std::string get = "GET " + a + "\r\nGET " + b;
  Track(cacher, "OPTIN");
  Ask(cacher, get);
  EXPECT_EQ(told(), "");
  Ask(cacher, "CLIENT CACHING YES\r\n" + get);
  EXPECT_EQ(told(), Invalid({a}));
  Ask(cacher, "CLIENT CACHING YES\r\nCLIENT ID\r\n" + get);
  EXPECT_EQ(told(), Invalid({a}));
  Ask(cacher, "CLIENT CACHING YES\r\nNOSUCH\r\n" + get);
  EXPECT_EQ(told(), "");
  Ask(cacher, "CLIENT CACHING YES\r\nMULTI\r\n" + get + "\r\nEXEC\r\n" + get);
  EXPECT_EQ(told(), Invalid({a}) + Invalid({b}));
  Ask(cacher, "MULTI\r\nGET " + a + "\r\nCLIENT CACHING YES\r\nGET " + b + "\r\nEXEC\r\n" + get);
  EXPECT_EQ(told(), Invalid({b}));
  Ask(cacher, "CLIENT TRACKING OFF");
  Track(cacher, "OPTOUT");
  Ask(cacher, "CLIENT CACHING NO\r\n" + get);
  EXPECT_EQ(told(), Invalid({b}));
}

TEST_P(TrackingTest, OffForgetsWhatWasRead) {
  Ask(cacher, "MGET " + a + " " + b);
  EXPECT_EQ(server.tracking().totals().items, 2U);
  writer.Send("SET " + a + " 1\r\n");
  server.Settle();
  cacher.Send("CLIENT TRACKING OFF\r\nCLIENT TRACKING ON\r\n");
  server.Run();
  EXPECT_EQ(cacher.Take(), "+OK\r\n+OK\r\n");
  Ask(writer, "SET " + b + " 1");
  EXPECT_EQ(cacher.Take(), "");
  for (Shard* shard : server.shards()) {
    while (shard->keyspace().tracking().Step()) {
    }
  }
  EXPECT_EQ(server.tracking().totals().keys, 0U);
}

TEST_P(TrackingTest, AClientThatLeavesIsForgotten) {
  Ask(cacher, "MGET " + a + " " + b);
  EXPECT_EQ(server.tracking().totals().trackers, 1U);
  cacher.Send("GET " + a + "\r\nMULTI\r\nCLIENT TRACKING OFF\r\nCLIENT TRACKING ON\r\nGET " + b +
              "\r\nEXEC\r\n");
  cacher.Disconnect();
  server.Run();
  EXPECT_EQ(server.tracking().totals().trackers, 0U);
  TestClient& other = Connect(0);
  Track(other, "");
  for (Shard* shard : server.shards()) {
    while (shard->keyspace().tracking().Step()) {
    }
  }
  EXPECT_EQ(server.tracking().totals().keys, 0U);
  EXPECT_EQ(Ask(writer, "SET " + a + " 1"), "+OK\r\n");
}

TEST_P(TrackingTest, ResetEndsIt) {
  Ask(cacher, "GET " + a);
  Ask(cacher, "RESET");
  EXPECT_EQ(server.tracking().totals().trackers, 0U);
  EXPECT_NE(Ask(cacher, "CLIENT TRACKINGINFO").find("off"), std::string::npos);
}

TEST_P(TrackingTest, WhatThereIsNoRoomForIsToldBehindTheReplyThatItBelongsTo) {
  Track(cacher, "NOLOOP");
  server.tracking().totals().max_keys = 1;
  const std::string heard = Ask(cacher, "GET " + a + "\r\nGET " + b);
  // Which of them is chance; the second read may have run first, on another shard.
  const bool is_first =
      heard == "_\r\n_\r\n" + Invalid({a}) || heard == "_\r\n" + Invalid({a}) + "_\r\n";
  EXPECT_TRUE(is_first || heard == "_\r\n_\r\n" + Invalid({b})) << heard;
  EXPECT_EQ(server.tracking().totals().keys, 1U);
}

TEST_P(TrackingTest, LeavingMemoryIsNoChange) {
  Ask(writer, "MSET " + a + " 1 " + b + " 2");
  Ask(cacher, "MGET " + a + " " + b);
  server.MakeCold();
  server.Run();
  EXPECT_EQ(cacher.Take(), "");
  Ask(writer, "INCR " + b);  // comes from the disk
  EXPECT_EQ(cacher.Take(), Invalid({b}));
  Ask(writer, "GET " + a);
  EXPECT_EQ(cacher.Take(), "");
}

TEST_P(TrackingTest, WhoReadsNothingOfItIsCutOff) {
  Ask(cacher, "CLIENT TRACKING OFF");
  Track(cacher, "BCAST");
  cacher.withhold_output = true;
  const std::string big(size_t{50} << 10, 'x');  // of an inline request there may be no more
  for (int i = 0; i < 1000 && !cacher.session().is_over_limit(); ++i) {
    Ask(writer, "SET " + big + std::to_string(i) + " 1");
    static_cast<void>(cacher.session().IsOverLimit(SessionHarness::kNowMs));
  }
  EXPECT_TRUE(cacher.session().is_over_limit());
}

INSTANTIATE_TEST_SUITE_P(Shards, TrackingTest, testing::Values(1U, 2U, 4U));

}  // namespace
}  // namespace tally::server
