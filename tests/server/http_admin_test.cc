#include "server/http_admin.h"

#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/admin_page.h"
#include "tests/server/http_client.h"

namespace tally::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpAdminTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  HttpAdminTest() { HttpClient::fake_now_ms = 1'000; }

  // Events that have come so far.
  int Events(const std::string& bytes) {
    int count = 0;
    for (size_t at = bytes.find("data: {"); at != std::string::npos;
         at = bytes.find("data: {", at + 1)) {
      ++count;
    }
    return count;
  }

  SessionHarness harness{GetParam()};
  HttpAdmin admin{&harness.services};
  HttpClient http{&harness, &admin};
  TestClient& redis = harness.Connect();
};

TEST_P(HttpAdminTest, HealthIsThatItAnswers) {
  EXPECT_EQ(http.Ask("/healthz"), "200 {\"alive\":true,\"reason\":\"it answers\"}\n|");
  harness.services.writes_refused = true;
  EXPECT_THAT(http.Ask("/healthz"), StartsWith("200 "));
}

TEST_P(HttpAdminTest, ReadyIsThatReadsAndWritesAreServed) {
  EXPECT_EQ(http.Ask("/readyz"),
            "200 {\"ready\":true,\"reason\":\"reads and writes are served\"}\n|");
  harness.services.writes_refused = true;
  EXPECT_THAT(http.Ask("/readyz"), StartsWith("503 {\"ready\":false,\"reason\":\"the disk is "));
  harness.services.writes_refused = false;
  harness.services.PauseClients(SessionHarness::kNowMs + 1000, true);
  EXPECT_THAT(http.Ask("/readyz"), StartsWith("503 {\"ready\":false,\"reason\":\"CLIENT PAUSE"));
  harness.services.UnpauseClients();
  EXPECT_THAT(http.Ask("/readyz"), StartsWith("200 "));
}

TEST_P(HttpAdminTest, AKeyIsLookedUp) {
  harness.Ask(redis, Encode({"SET", "A", "41"}));
  harness.Ask(redis, Encode({"SET", "t", "a \"b\"\n\xFF", "PX", "5000"}));
  EXPECT_EQ(http.Ask("/key?name=A"),
            "200 {\"name\":\"A\",\"database\":0,\"type\":\"string\",\"encoding\":\"int\",\"value\":"
            "\"41\",\"value_bytes\":2,\"cut\":false,\"ttl_ms\":-1,\"was\":\"resident\"}\n|");
  EXPECT_EQ(http.Ask("/key?name=t"),
            "200 {\"name\":\"t\",\"database\":0,\"type\":\"string\",\"encoding\":\"embstr\","
            "\"value\":\"a \\\"b\\\"\\n\xEF\xBF\xBD\",\"value_bytes\":7,\"cut\":false,"
            "\"ttl_ms\":5000,\"was\":\"resident\"}\n|");
  EXPECT_EQ(http.Ask("/key?name=none"), "404 {\"error\":\"there is no such key\"}\n|");
  EXPECT_THAT(http.Ask("/key"), StartsWith("400 "));
}

TEST_P(HttpAdminTest, AKeyIsLookedUpInItsDatabase) {
  harness.Ask(redis, Encode({"SET", "A", "zero"}));
  harness.Ask(redis, "SELECT 3\r\nSET A three\r\n");
  http.Get("/key?name=A&db=3");
  http.Get("/key?name=A");
  http.Get("/key?name=B&db=3");
  http.Get("/key?name=A&db=3");
  harness.Run();
  const std::string told = http.Take();
  const size_t three = told.find("\"database\":3,");
  const size_t zero = told.find("\"database\":0,");
  const size_t none = told.find("404 ");
  EXPECT_LT(three, zero);
  EXPECT_LT(zero, none);
  EXPECT_LT(none, told.rfind("\"value\":\"three\""));
  EXPECT_LT(told.find("\"value\":\"three\""), told.find("\"value\":\"zero\""));
  for (const char* bad : {"16", "-1", "x", ""}) {
    EXPECT_THAT(http.Ask("/key?name=A&db=" + std::string(bad)), StartsWith("400 ")) << bad;
  }
}

TEST_P(HttpAdminTest, ALongValueIsCutAndSaysSo) {
  harness.Ask(redis, Encode({"SET", "l", std::string(5000, 'x')}));
  EXPECT_THAT(http.Ask("/key?name=l"), HasSubstr("\"value\":\"" + std::string(4096, 'x') +
                                                 "\",\"value_bytes\":5000,\"cut\":true,"));
}

TEST_P(HttpAdminTest, AColdKeySaysSoOnce) {
  harness.Ask(redis, Encode({"SET", "A", "1"}));
  harness.MakeCold();
  EXPECT_THAT(http.Ask("/key?name=A"), HasSubstr("\"was\":\"cold\""));
  EXPECT_THAT(http.Ask("/key?name=A"), HasSubstr("\"was\":\"resident\""));
}

// The gate holds for those who look, too.
TEST_P(HttpAdminTest, AChangeIsShownOnceItIsDurable) {
  redis.Send(Encode({"SET", "A", "1"}));
  http.Get("/key?name=A");
  harness.Settle();
  EXPECT_EQ(http.Take(), "");
  ASSERT_TRUE(harness.Commit());
  harness.Settle();
  EXPECT_THAT(http.Take(), HasSubstr("\"value\":\"1\""));
}

TEST_P(HttpAdminTest, ThePageIsAllowedToRunItselfOnly) {
  http.Get("/");
  const std::string page = http.TakeBytes();
  EXPECT_THAT(page, HasSubstr("Content-Type: text/html;charset=UTF-8\r\n"));
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'sha256-"));
  EXPECT_THAT(page, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(page, Not(HasSubstr("unsafe-")));
  // Nothing of any other server.
  EXPECT_THAT(AdminPage(), Not(HasSubstr("https:")));
  EXPECT_THAT(AdminPage(), Not(HasSubstr("src=")));
}

TEST_P(HttpAdminTest, WhatIsNotThereIsNotFound) {
  for (const char* path : {"/x", "/metrics/", "/Healthz", "//", "/favicon.ico"}) {
    EXPECT_THAT(http.Ask(path), StartsWith("404 {\"error\":")) << path;
  }
}

TEST_P(HttpAdminTest, StrangersAndThoseWithoutThePasswordAreRefused) {
  for (const char* path : {"/", "/metrics", "/healthz", "/readyz", "/key?name=A", "/events"}) {
    EXPECT_THAT(http.Ask(path, "Host: evil.example\r\n"), StartsWith("403 ")) << path;
  }
  harness.services.config().set_requirepass("secret");
  for (const char* path : {"/", "/metrics", "/healthz", "/readyz", "/key?name=A", "/events"}) {
    EXPECT_THAT(http.Ask(path), StartsWith("401 ")) << path;
  }
  EXPECT_THAT(http.Ask("/readyz", "Host: localhost\r\nAuthorization: Bearer secret\r\n"),
              StartsWith("200 "));
}

TEST_P(HttpAdminTest, EventsComeOneASecond) {
  harness.services.server_facts.version = "1.2.3";
  http.Get("/healthz");
  http.Get("/events");
  std::string told = http.TakeBytes();
  EXPECT_THAT(told, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(told, HasSubstr("Connection: close\r\n\r\nretry: 1000\ndata: {\"time_ms\":"));
  EXPECT_THAT(told, HasSubstr("\"version\":\"1.2.3\""));
  EXPECT_TRUE(told.ends_with("}\n\n")) << told;
  EXPECT_EQ(http.TakeBytes(), "");
  http.dialogue().OnSecond();
  EXPECT_TRUE(http.dialogue().has_output());
  EXPECT_EQ(Events(http.TakeBytes()), 1);
  EXPECT_FALSE(http.dialogue().has_output());
  EXPECT_FALSE(http.dialogue().finished());
  EXPECT_TRUE(http.dialogue().idle()) << "a stop need not wait for it";
}

TEST_P(HttpAdminTest, WhoDoesNotReadEventsIsOwedOne) {
  http.Get("/events");
  http.TakeBytes();
  for (int i = 0; i < 1000; ++i) http.dialogue().OnSecond();
  EXPECT_EQ(Events(http.TakeBytes()), 1);
  EXPECT_TRUE(http.dialogue().must_read_replies()) << "and is cut off";
}

TEST_P(HttpAdminTest, BehindAStreamNothingIsAsked) {
  http.Get("/events");
  http.Get("/healthz");
  EXPECT_THAT(http.TakeBytes(), Not(HasSubstr("alive")));
  http.Get("/healthz");
  EXPECT_TRUE(http.dialogue().AcceptsInput());
  EXPECT_EQ(http.unread(), 0u);
  EXPECT_EQ(http.TakeBytes(), "");
}

TEST_P(HttpAdminTest, AStreamIsNotIdleForTheTimeout) {
  http.Get("/events");
  http.TakeBytes();
  WallClock::SetForTest(SessionHarness::kNowMs + 60'000);
  http.dialogue().OnSecond();
  EXPECT_EQ(http.session().client().last_interaction_ms, SessionHarness::kNowMs + 60'000);
  HttpClient::fake_now_ms += 10 * HttpLimits::kIdleTimeoutMs;
  EXPECT_FALSE(http.dialogue().IsTooSlow());
}

TEST_P(HttpAdminTest, HeadOfAStreamIsItsHeader) {
  http.Send("HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(http.TakeBytes().ends_with("\r\n\r\n"));
  EXPECT_TRUE(http.dialogue().finished());
}

INSTANTIATE_TEST_SUITE_P(Shards, HttpAdminTest, ::testing::Values(1u, 3u));

}  // namespace
}  // namespace tally::server
