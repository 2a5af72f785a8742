#include "server/http_dialogue.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/server/http_client.h"

namespace tally::server {
namespace {

class HttpDialogueTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  HttpDialogueTest() : harness(GetParam()), http(&harness) { HttpClient::fake_now_ms = 1'000; }

  SessionHarness harness;
  HttpClient http;
};

std::string Count(const std::string& name, const std::string& count) {
  return "200 Durable Object '" + name + "' count: " + count + "|";
}

const std::string kHowTo =
    "200 Select a Durable Object to contact by using the `name` URL query string parameter. e.g. "
    "?name=A|";

TEST_P(HttpDialogueTest, TheContract) {
  for (const char* target :
       {"/", "/increment", "/other?x=1", "/?name=", "/increment?name=&name=A", "/?Name=A"}) {
    EXPECT_EQ(http.Ask(target), kHowTo) << target;
  }
  EXPECT_EQ(http.Ask("/?name=A"), Count("A", "0"));
  EXPECT_EQ(http.Ask("/increment?name=A"), Count("A", "1"));
  EXPECT_EQ(http.Ask("/decrement?name=B"), Count("B", "-1"));
  for (const char* path : {"/other", "/increment/", "/INCREMENT", "//increment", "/%69ncrement"}) {
    EXPECT_EQ(http.Ask(std::string(path) + "?name=A"), Count("A", "Not found")) << path;
  }
  EXPECT_EQ(http.Ask("/x/../increment?name=A"), Count("A", "2"));
  EXPECT_EQ(http.Ask("/increment?name=a%20b"), Count("a b", "1"));
  EXPECT_EQ(http.Ask("/increment?name=a+b&name=A"), Count("a b", "2"));
  EXPECT_EQ(http.Ask("/increment?name=%ff"), Count("\xEF\xBF\xBD", "1"));
  EXPECT_EQ(http.Ask("/increment?name=%00"), Count(std::string(1, '\0'), "1"));
  EXPECT_EQ(http.Ask("/?name=A"), Count("A", "2"));
}

TEST_P(HttpDialogueTest, ItsNamesAreTheKeysOfDatabase0) {
  TestClient& redis = harness.Connect();
  EXPECT_EQ(harness.Ask(redis, Encode({"INCR", "A"})), ":1\r\n");
  EXPECT_EQ(http.Ask("/increment?name=A"), Count("A", "2"));
  EXPECT_EQ(harness.Ask(redis, Encode({"GET", "A"})), Bulk("2"));
  EXPECT_EQ(http.Ask("/?name=never"), Count("never", "0"));
  EXPECT_EQ(harness.Ask(redis, Encode({"DBSIZE"})), ":1\r\n");
}

TEST_P(HttpDialogueTest, WhatIsNoCounterIsAConflictAndStays) {
  TestClient& redis = harness.Connect();
  const std::string not_a_number = "409 ERR value is not an integer or out of range|";
  for (const char* value : {"x", "", "01", "1\r\n", "9223372036854775808"}) {
    harness.Ask(redis, Encode({"SET", "s", value}));
    for (const char* path : {"/", "/increment", "/decrement"}) {
      EXPECT_EQ(http.Ask(std::string(path) + "?name=s"), not_a_number) << path << " " << value;
    }
    EXPECT_EQ(harness.Ask(redis, Encode({"GET", "s"})), Bulk(value));
  }
  const std::string overflow = "409 ERR increment or decrement would overflow|";
  harness.Ask(redis, Encode({"SET", "n", "9223372036854775807"}));
  EXPECT_EQ(http.Ask("/increment?name=n"), overflow);
  EXPECT_EQ(http.Ask("/?name=n"), Count("n", "9223372036854775807"));
  harness.Ask(redis, Encode({"SET", "n", "-9223372036854775808"}));
  EXPECT_EQ(http.Ask("/decrement?name=n"), overflow);
}

// The gate: nothing that a crash could take back is told, be it read or written.
TEST_P(HttpDialogueTest, AReplyWaitsForItsCommit) {
  http.Get("/increment?name=A");
  harness.Settle();
  EXPECT_EQ(http.Take(), "");
  HttpClient reader(&harness);
  reader.Get("/?name=A");
  reader.Get("/?name=B");
  harness.Settle();
  EXPECT_EQ(reader.Take(), "");
  ASSERT_TRUE(harness.Commit());
  harness.Settle();
  EXPECT_EQ(http.Take(), Count("A", "1"));
  EXPECT_EQ(reader.Take(), Count("A", "1") + Count("B", "0"));
}

TEST_P(HttpDialogueTest, AReadOfWhatIsDurableDoesNotWait) {
  http.Ask("/increment?name=A");
  http.Get("/?name=A");
  harness.Settle();
  EXPECT_EQ(http.Take(), Count("A", "1"));
}

TEST_P(HttpDialogueTest, APipelinesRepliesAreInOrder) {
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const std::string name = harness.KeyOn(static_cast<uint32_t>(i) % GetParam(), i);
    http.Get("/increment?name=" + name);
    http.Get("/");
    http.Get("/", "Host: evil.example\r\n");
    http.Get("/nowhere?name=" + name);
    expected +=
        Count(name, "1") + kHowTo + "403 " + HttpRefusal(403).body + "|" + Count(name, "Not found");
  }
  harness.Run();
  EXPECT_EQ(http.Take(), expected);
}

TEST_P(HttpDialogueTest, WhatIsPipelinedIsBounded) {
  std::string pipeline;
  for (size_t i = 0; i < 2 * HttpLimits::kMaxPipelined; ++i) {
    pipeline += "GET /increment?name=A HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  http.Send(pipeline);
  EXPECT_EQ(http.unread(), pipeline.size() / 2);
  EXPECT_FALSE(http.dialogue().AcceptsInput());
  harness.Run();
  http.Take();
  EXPECT_TRUE(http.dialogue().AcceptsInput());
  http.Pump();
  harness.Run();
  const std::string told = http.Take();
  EXPECT_TRUE(told.ends_with(Count("A", "256"))) << told;
}

TEST_P(HttpDialogueTest, LongNamesInAPipelineAreBounded) {
  const std::string name(6000, 'n');
  for (int i = 0; i < 20; ++i) http.Get("/increment?name=" + name);
  EXPECT_GT(http.unread(), 0u);
  EXPECT_FALSE(http.dialogue().AcceptsInput());
}

TEST_P(HttpDialogueTest, StrangersChangeNothing) {
  for (const char* fields :
       {"Host: evil.example\r\n", "Host: localhost\r\nOrigin: http://evil.example\r\n",
        "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n"}) {
    EXPECT_TRUE(http.Ask("/increment?name=A", fields).starts_with("403 ")) << fields;
  }
  EXPECT_TRUE(http.Ask("http://evil.example/increment?name=A").starts_with("403 "));
  EXPECT_EQ(http.Ask("/?name=A"), Count("A", "0"));
}

TEST_P(HttpDialogueTest, WithAPasswordEachRequestNeedsIt) {
  harness.services.config().set_requirepass("secret");
  const std::string good = "Host: localhost\r\nAuthorization: Bearer secret\r\n";
  EXPECT_TRUE(http.Ask("/increment?name=A").starts_with("401 "));
  EXPECT_EQ(http.Ask("/increment?name=A", good), Count("A", "1"));
  // What was allowed before says nothing of the next.
  EXPECT_TRUE(http.Ask("/increment?name=A").starts_with("401 "));
  EXPECT_TRUE(
      http.Ask("/", "Host: localhost\r\nAuthorization: Bearer wrong\r\n").starts_with("401 "));
  EXPECT_EQ(http.Ask("/?name=A", good), Count("A", "1"));
}

TEST_P(HttpDialogueTest, WithoutDiskSpaceItReadsAndDoesNotWrite) {
  harness.writes_refused = true;
  EXPECT_TRUE(http.Ask("/increment?name=A").starts_with("503 MISCONF "));
  EXPECT_EQ(http.Ask("/?name=A"), Count("A", "0"));
}

TEST_P(HttpDialogueTest, AnErrorIsTheLastReplyAndLingers) {
  http.Get("/increment?name=A");
  http.Send("nonsense\r\n\r\nGET /increment?name=A HTTP/1.1\r\nHost: localhost\r\n\r\n");
  harness.Run();
  EXPECT_EQ(http.Take(), Count("A", "1") + "400 " + HttpRefusal(400).body + "|");
  EXPECT_TRUE(http.dialogue().finished());
  EXPECT_TRUE(http.dialogue().lingers());
  EXPECT_FALSE(http.dialogue().IsTooSlow());
  HttpClient::fake_now_ms += HttpLimits::kLingerMs + 1;
  EXPECT_TRUE(http.dialogue().IsTooSlow());
  HttpClient reader(&harness);
  EXPECT_EQ(reader.Ask("/?name=A"), Count("A", "1"));
}

TEST_P(HttpDialogueTest, ARequestThatTakesTooLongIsCutOff) {
  http.Send("GET / HTTP/1.1\r\nHost: ");
  for (int64_t ms = 0; ms < HttpLimits::kRequestTimeoutMs; ms += 1000) {
    EXPECT_FALSE(http.dialogue().IsTooSlow()) << ms;
    HttpClient::fake_now_ms += 1000;
    http.Send("l");  // a little now and then does not help
  }
  HttpClient::fake_now_ms += 1;
  EXPECT_TRUE(http.dialogue().IsTooSlow());
}

TEST_P(HttpDialogueTest, WhoAsksNothingForLongIsCutOff) {
  HttpClient::fake_now_ms += HttpLimits::kIdleTimeoutMs;
  http.Ask("/");
  HttpClient::fake_now_ms += HttpLimits::kIdleTimeoutMs;
  EXPECT_FALSE(http.dialogue().IsTooSlow());
  HttpClient::fake_now_ms += 1;
  EXPECT_TRUE(http.dialogue().IsTooSlow());
}

TEST_P(HttpDialogueTest, WhoWaitsForTheDiskIsNotCutOff) {
  http.Get("/increment?name=A");
  http.Send("GET ");
  harness.Settle();
  HttpClient::fake_now_ms += 10 * HttpLimits::kIdleTimeoutMs;
  EXPECT_FALSE(http.dialogue().IsTooSlow());
  harness.Run();
  EXPECT_EQ(http.Take(), Count("A", "1"));
  EXPECT_FALSE(http.dialogue().IsTooSlow());
}

TEST_P(HttpDialogueTest, APauseHoldsWritesBack) {
  harness.pause.writes_only = true;
  harness.pause.until_ms = SessionHarness::kNowMs + 1000;
  http.Get("/increment?name=A");
  harness.Run();
  EXPECT_EQ(http.Take(), "");
  harness.pause.until_ms = 0;
  harness.ResumePaused();
  http.Pump();
  harness.Run();
  EXPECT_EQ(http.Take(), Count("A", "1"));
}

INSTANTIATE_TEST_SUITE_P(Shards, HttpDialogueTest, ::testing::Values(1u, 3u));

}  // namespace
}  // namespace tally::server
