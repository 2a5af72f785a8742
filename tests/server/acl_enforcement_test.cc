// What a client's user may not do is refused, whichever way it asks, and from the moment on at which it may not.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "tests/server/http_client.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

std::string Error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }
const std::string kNoKey = Error(errors::kNoPermissionForKey);
const std::string kNoChannel = Error(errors::kNoPermissionForChannel);
std::string NoCommand(std::string_view name) { return Error(errors::NoPermissionToRun(name)); }

class AclEnforcementTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  AclEnforcementTest() { SetUser("joe on nopass +@all ~a* %R~r* &ch*"); }

  void SetUser(const std::string& rules) {
    EXPECT_EQ(server.Ask(admin, "ACL SETUSER " + rules + "\r\n"), "+OK\r\n");
  }
  /// A client that has logged in as joe.
  TestClient& Joe(uint32_t core = 0) {
    ClientState state;
    state.id = ++last_id_;
    TestClient& client = server.Connect(core, std::move(state));
    EXPECT_EQ(server.Ask(client, "AUTH joe x\r\n"), "+OK\r\n");
    return client;
  }
  std::string Ask(TestClient& client, const std::string& request) {
    return server.Ask(client, request + "\r\n");
  }
  /// "reason context object user count" of the newest entry.
  std::string Newest() {
    const std::vector<AclLogEntry> entries = server.services.refusals.Newest(1);
    if (entries.empty()) return "";
    const AclLogEntry& entry = entries.front();
    return std::string(entry.reason) + " " + std::string(entry.context) + " " + entry.object + " " +
           entry.user + " " + std::to_string(entry.count);
  }

  SessionHarness server{GetParam()};
  const uint32_t last = GetParam() - 1;
  TestClient& admin = server.Connect(last);

 private:
  uint64_t last_id_ = 100;
};

TEST_P(AclEnforcementTest, CommandsKeysAndChannels) {
  TestClient& joe = Joe();
  EXPECT_EQ(Ask(joe, "SET a1 5"), "+OK\r\n");
  EXPECT_EQ(Ask(joe, "SET b1 5"), kNoKey);
  EXPECT_EQ(Newest(), "key toplevel b1 joe 1");
  EXPECT_EQ(Ask(joe, "SET r1 5"), kNoKey);
  EXPECT_EQ(Ask(joe, "GET r1"), "$-1\r\n");
  EXPECT_EQ(Ask(joe, "MGET a1 r1 b1"), kNoKey);
  EXPECT_EQ(Ask(joe, "MSET a1 1 a2 2 b1 3"), kNoKey);
  EXPECT_EQ(Ask(joe, "WATCH b1"), kNoKey);
  EXPECT_EQ(Ask(joe, "PUBLISH ch1 x"), ":0\r\n");
  EXPECT_EQ(Ask(joe, "PUBLISH other x"), kNoChannel);
  EXPECT_EQ(Newest(), "channel toplevel other joe 1");
  EXPECT_EQ(Ask(joe, "PUBLISH other x"), kNoChannel);
  EXPECT_EQ(Newest(), "channel toplevel other joe 2");
  EXPECT_EQ(Ask(joe, "SUBSCRIBE ch1 other"), kNoChannel);
  EXPECT_EQ(Ask(joe, "SSUBSCRIBE other"), kNoChannel);
  EXPECT_EQ(Ask(joe, "PSUBSCRIBE ch1"), kNoChannel);
  EXPECT_EQ(Ask(joe, "GET"), Error(errors::WrongArgumentCount("get")));
  SetUser("joe -@all +get +client|id");
  EXPECT_EQ(Ask(joe, "SET a1 6"), NoCommand("set"));
  EXPECT_EQ(Newest(), "command toplevel set joe 1");
  EXPECT_EQ(Ask(joe, "GET a1"), Bulk("5"));
  EXPECT_EQ(Ask(joe, "CLIENT LIST"), NoCommand("client|list"));
  EXPECT_EQ(Ask(joe, "CLIENT ID"), ":101\r\n");
  EXPECT_EQ(Ask(joe, "PING"), NoCommand("ping"));
  EXPECT_EQ(Ask(admin, "GET a1"), Bulk("5"));
}

TEST_P(AclEnforcementTest, AChangeCountsForClientsThatAreThereAlready) {
  TestClient& joe = Joe(0);
  EXPECT_EQ(Ask(joe, "SET a1 5"), "+OK\r\n");
  SetUser("joe resetkeys ~b*");
  EXPECT_EQ(Ask(joe, "SET a1 6"), kNoKey);
  EXPECT_EQ(Ask(joe, "SET b1 6"), "+OK\r\n");
  SetUser("joe allkeys allchannels");
  EXPECT_EQ(Ask(joe, "SET z 6"), "+OK\r\n");
  SetUser("joe -set");
  EXPECT_EQ(Ask(joe, "SET z 7"), NoCommand("set"));
  // Off: nobody comes in, and who is in stays.
  SetUser("joe off +@all");
  EXPECT_EQ(Ask(joe, "SET z 8"), "+OK\r\n");
  EXPECT_EQ(Ask(joe, "AUTH joe x"), Error(errors::kWrongPassword));
  EXPECT_EQ(Ask(joe, "ACL WHOAMI"), Bulk("joe"));
  EXPECT_EQ(Ask(admin, "GET z"), Bulk("8"));
}

TEST_P(AclEnforcementTest, ADefaultUserWithLimitsHasThemWithoutLogin) {
  TestClient& somebody = server.Connect(0);
  EXPECT_EQ(Ask(somebody, "SET a1 5"), "+OK\r\n");
  SetUser("default resetkeys ~b");
  EXPECT_EQ(Ask(somebody, "SET a1 5"), kNoKey);
  EXPECT_EQ(Ask(somebody, "SET b 5"), "+OK\r\n");
}

TEST_P(AclEnforcementTest, MultiRefusesWhatItQueuesAndExecAsksAgain) {
  TestClient& joe = Joe();
  EXPECT_EQ(Ask(joe, "MULTI\r\nSET b1 1\r\nSET a1 1\r\nEXEC"),
            "+OK\r\n" + kNoKey + "+QUEUED\r\n" + Error(errors::kExecAbort));
  EXPECT_EQ(Newest(), "key multi b1 joe 1");
  EXPECT_EQ(Ask(joe, "MULTI\r\nSET a1 1\r\nGET a1\r\nPUBLISH ch1 x\r\nPING"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  SetUser("joe -get resetkeys resetchannels");
  EXPECT_EQ(Ask(joe, "EXEC"), "*4\r\n" + Error(errors::kKeyForbiddenSince) +
                                  Error(errors::kCommandForbiddenSince) +
                                  Error(errors::kChannelForbiddenSince) + "+PONG\r\n");
  EXPECT_EQ(Newest(), "channel multi ch1 joe 1");
  EXPECT_EQ(Ask(admin, "EXISTS a1"), ":0\r\n");
  SetUser("joe -exec");
  EXPECT_EQ(Ask(joe, "MULTI\r\nEXEC"),
            "+OK\r\n" + Error(errors::ExecAborted(errors::NoPermissionToRun("exec"))));
}

TEST_P(AclEnforcementTest, WhoeverItBecomesWithinATransactionCountsAtOnce) {
  TestClient& joe = Joe();
  SetUser("ann on nopass +@all ~b*");
  EXPECT_EQ(Ask(joe, "MULTI\r\nSET a1 1\r\nAUTH ann x\r\nGET a1\r\nACL WHOAMI\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*4\r\n+OK\r\n+OK\r\n" +
                Error(errors::kKeyForbiddenSince) + Bulk("ann"));
  EXPECT_EQ(Ask(joe, "GET b1"), "$-1\r\n");
  EXPECT_EQ(Ask(joe, "GET a1"), kNoKey);
  // A change that it makes itself, too.
  EXPECT_EQ(Ask(joe,
                "MULTI\r\nACL SETUSER ann ~a*\r\nGET b1\r\nACL SETUSER ann -get\r\nGET "
                "b1\r\nEXEC"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*4\r\n+OK\r\n$-1\r\n+OK\r\n" +
                Error(errors::kCommandForbiddenSince));
}

TEST_P(AclEnforcementTest, ResetAndLoginChangeWhoItIs) {
  TestClient& joe = Joe();
  EXPECT_EQ(Ask(joe, "RESET"), "+RESET\r\n");
  EXPECT_EQ(Ask(joe, "SET b1 5"), "+OK\r\n");
  EXPECT_EQ(Ask(joe, "AUTH nobody x"), Error(errors::kWrongPassword));
  EXPECT_EQ(Ask(joe, "SET b1 5"), "+OK\r\n");
  EXPECT_TRUE(Ask(joe, "HELLO 2 AUTH joe x").starts_with("*14\r\n"));
  EXPECT_EQ(Ask(joe, "SET b1 5"), kNoKey);
}

TEST_P(AclEnforcementTest, ARemovedUsersClientMayDoNothingMore) {
  TestClient& joe = Joe();
  EXPECT_EQ(Ask(joe, "SET a1 5"), "+OK\r\n");
  EXPECT_EQ(Ask(admin, "ACL DELUSER joe"), ":1\r\n");
  // Another of that name is not the same.
  SetUser("joe on nopass +@all ~*");
  EXPECT_EQ(Ask(joe, "GET a1"), NoCommand("get"));
  EXPECT_TRUE(joe.session().finished());
}

TEST_P(AclEnforcementTest, WithAPasswordADefaultClientHasToLogIn) {
  server.services.config().set_requirepass("secret");
  ClientState stranger;
  stranger.authenticated = false;
  TestClient& somebody = server.Connect(0, stranger);
  EXPECT_EQ(Ask(somebody, "GET a"), Error(errors::kNoAuth));
  EXPECT_EQ(Ask(somebody, "AUTH joe x"), "+OK\r\n");
  EXPECT_EQ(Ask(somebody, "GET a1"), "$-1\r\n");
  EXPECT_EQ(Ask(somebody, "GET b1"), kNoKey);
}

TEST_P(AclEnforcementTest, OverHttpEachRequestIsMadeAsItsUser) {
  HttpClient http(&server);
  const std::string as_joe = "Host: localhost\r\nAuthorization: Basic am9lOng=\r\n";  // joe:x
  EXPECT_EQ(http.Ask("/increment?name=a1", as_joe), "200 Durable Object 'a1' count: 1|");
  EXPECT_EQ(http.Ask("/?name=r1", as_joe), "200 Durable Object 'r1' count: 0|");
  EXPECT_EQ(http.Ask("/increment?name=r1", as_joe),
            "403 " + std::string(errors::kNoPermissionForKey) + "|");
  EXPECT_EQ(Newest(), "key toplevel r1 joe 1");
  EXPECT_EQ(http.Ask("/increment?name=r1"), "200 Durable Object 'r1' count: 1|");
  SetUser("joe -decr resetpass >y");
  EXPECT_TRUE(http.Ask("/?name=a1", as_joe).starts_with("401 "));
  EXPECT_EQ(Newest(), "auth toplevel http joe 1");
  const std::string anew = "Host: localhost\r\nAuthorization: Basic am9lOnk=\r\n";  // joe:y
  EXPECT_EQ(http.Ask("/decrement?name=a1", anew), "403 " + errors::NoPermissionToRun("decr") + "|");
  EXPECT_EQ(http.Ask("/?name=a1", anew), "200 Durable Object 'a1' count: 1|");
}

INSTANTIATE_TEST_SUITE_P(Shards, AclEnforcementTest, ::testing::Values(1u, 2u));

}  // namespace
}  // namespace tally::server
