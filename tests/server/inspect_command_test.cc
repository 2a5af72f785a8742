#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

using ::testing::HasSubstr;

class InspectCommandTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  std::string Inspect(const std::string& name) {
    return harness.Ask(client, Encode({"TALLY.INSPECT", name}));
  }

  SessionHarness harness{GetParam()};
  TestClient& client = harness.Connect();
};

TEST_P(InspectCommandTest, TellsAllOfAKey) {
  harness.Ask(client, "SET A 41\r\n");
  EXPECT_EQ(Inspect("A"),
            Bulk(R"({"name":"A","database":0,"type":"string","encoding":"int","value":"41",)"
                 R"("value_bytes":2,"cut":false,"ttl_ms":-1,"was":"resident"})"));
  EXPECT_EQ(Inspect("none"), "$-1\r\n");
  harness.Ask(client, "PEXPIRE A 700\r\n");
  EXPECT_THAT(Inspect("A"), HasSubstr("\"ttl_ms\":700,"));
  WallClock::SetForTest(SessionHarness::kNowMs + 701);
  EXPECT_EQ(Inspect("A"), "$-1\r\n");
}

TEST_P(InspectCommandTest, AskingIsNoUseOfTheKey) {
  harness.Ask(client, "SET A 1\r\n");
  WallClock::SetForTest(SessionHarness::kNowMs + 60'000);
  Inspect("A");
  EXPECT_EQ(harness.Ask(client, "OBJECT IDLETIME A\r\n"), ":60\r\n");
}

TEST_P(InspectCommandTest, OnlyWhatWaitedForTheDiskWasCold) {
  const std::string far = harness.KeyOn(GetParam() - 1);
  const std::string beside = "{" + far + "}2";
  harness.Ask(client, "SET " + far + " 1\r\nSET " + beside + " 2\r\n");
  harness.MakeCold();
  EXPECT_THAT(Inspect(far), HasSubstr("\"was\":\"cold\""));
  EXPECT_THAT(harness.Ask(client, "GET " + beside + "\r\nTALLY.INSPECT " + beside + "\r\n"),
              HasSubstr("\"was\":\"resident\""));
}

INSTANTIATE_TEST_SUITE_P(Shards, InspectCommandTest, ::testing::Values(1u, 3u));

}  // namespace
}  // namespace tally::server
