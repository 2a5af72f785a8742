#include "server/client_info.h"
#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

using Action = Services::ClientAction;
using Mode = ClientState::ReplyMode;

class ClientCommandsTest : public SessionCommandTest {
 protected:
  ClientCommandsTest() {
    other.id = 3;
    other.address = "127.0.0.1:50000";
    other.local_address = "127.0.0.1:6379";
    other.name = "bee";
    other.created_ms = kNowMs - 90'000;
    other.last_interaction_ms = kNowMs - 1999;
    services.clients.push_back(&other);
  }

  ClientState other;
};

TEST_F(ClientCommandsTest, NamesArePrintableWordsAndMayBeTakenAway) {
  EXPECT_EQ(Run("CLIENT", "GETNAME"), "$-1\r\n");
  EXPECT_EQ(Run("CLIENT", "SETNAME", "worker:1"), "+OK\r\n");
  EXPECT_EQ(Run("CLIENT", "GETNAME"), "$8\r\nworker:1\r\n");
  for (const std::string_view bad : {"a b", "a\nb", "caf\xc3\xa9", "\x7f"}) {
    EXPECT_EQ(Run("CLIENT", "SETNAME", bad),
              "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  }
  EXPECT_EQ(Run("CLIENT", "SETNAME", ""), "+OK\r\n");
  client.resp = 3;
  EXPECT_EQ(Run("CLIENT", "GETNAME"), "_\r\n");
}

TEST_F(ClientCommandsTest, SetInfoNotesTheLibrary) {
  EXPECT_EQ(Run("CLIENT", "SETINFO", "lib-name", "redis-py"), "+OK\r\n");
  EXPECT_EQ(Run("CLIENT", "SETINFO", "LIB-VER", "5.0"), "+OK\r\n");
  EXPECT_EQ(client.library_name, "redis-py");
  EXPECT_EQ(client.library_version, "5.0");
  EXPECT_EQ(Run("CLIENT", "SETINFO", "lib-name", "a b"),
            "-ERR lib-name cannot contain spaces, newlines or special characters.\r\n");
  EXPECT_EQ(Run("CLIENT", "SETINFO", "color", "red"), "-ERR Unrecognized option 'color'\r\n");
}

TEST_F(ClientCommandsTest, IdAndUnknownSubcommand) {
  EXPECT_EQ(Run("CLIENT", "ID"), ":5\r\n");
  EXPECT_EQ(Run("CLIENT", "WHAT"), "-ERR unknown subcommand 'WHAT'. Try CLIENT HELP.\r\n");
  EXPECT_EQ(Run("CLIENT"), "-ERR wrong number of arguments for 'client' command\r\n");
}

TEST_F(ClientCommandsTest, InfoTellsAboutTheCaller) {
  client.name = "n";
  client.database = 2;
  client.no_evict = true;
  client.no_touch = true;
  client.file_descriptor = 9;
  client.resp = 3;
  const std::string text =
      "id=5 addr=127.0.0.1:40612 laddr=127.0.0.1:6379 fd=9 name=n age=3 idle=0 flags=eT db=2 sub=0 "
      "psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 "
      "omem=0 tot-mem=0 events=r cmd=client|info user=default redir=-1 resp=3 lib-name= lib-ver=\n";
  EXPECT_EQ(Run("CLIENT", "INFO"),
            "=" + std::to_string(text.size() + 4) + "\r\ntxt:" + text + "\r\n");
}

TEST_F(ClientCommandsTest, ListHasALineForEachClientInTheOrderInWhichTheyCame) {
  const std::string list = Run("CLIENT", "LIST");
  EXPECT_TRUE(deferred());
  const size_t first = list.find("id=3 ");
  const size_t second = list.find("id=5 ");
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_NE(list.find("name=bee age=90 idle=1 flags=N"), std::string::npos) << list;
  EXPECT_NE(list.find("cmd=NULL"), std::string::npos) << list;
}

TEST_F(ClientCommandsTest, ListOfIdsHasTheOrderOfTheIds) {
  const std::string list = Run("CLIENT", "LIST", "ID", "5", "99", "3", "5");
  const std::string five = ClientInfoLine(client, kNowMs) + "\n";
  const std::string text = five + ClientInfoLine(other, kNowMs) + "\n" + five;
  EXPECT_EQ(list, "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n");
  EXPECT_EQ(Run("CLIENT", "LIST", "ID", "0"), "$0\r\n\r\n");
}

TEST_F(ClientCommandsTest, ListByType) {
  EXPECT_NE(Run("CLIENT", "LIST", "TYPE", "normal").find("id=3 "), std::string::npos);
  for (const std::string_view none : {"master", "REPLICA", "slave", "pubsub"}) {
    EXPECT_EQ(Run("CLIENT", "LIST", "TYPE", none), "$0\r\n\r\n");
  }
  EXPECT_EQ(Run("CLIENT", "LIST", "TYPE", "x"), "-ERR Unknown client type 'x'\r\n");
}

TEST_F(ClientCommandsTest, ListRefusesWhatItDoesNotKnow) {
  EXPECT_EQ(Run("CLIENT", "LIST", "what"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("CLIENT", "LIST", "ID"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("CLIENT", "LIST", "TYPE", "normal", "x"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("CLIENT", "LIST", "ID", "5", "x"), "-ERR Invalid client ID\r\n");
  EXPECT_FALSE(deferred());
}

TEST_F(ClientCommandsTest, KillByAddressClosesThatClient) {
  EXPECT_EQ(Run("CLIENT", "KILL", "127.0.0.1:50000"), "+OK\r\n");
  EXPECT_EQ(services.actions[3], Action::kClose);
  EXPECT_EQ(services.actions[5], Action::kKeep);
  EXPECT_EQ(Run("CLIENT", "KILL", "1.2.3.4:5"), "-ERR No such client\r\n");
}

TEST_F(ClientCommandsTest, KillOfOneselfIsAnsweredFirst) {
  EXPECT_EQ(Run("CLIENT", "KILL", "127.0.0.1:40612"), "+OK\r\n");
  EXPECT_EQ(services.actions[5], Action::kCloseAfterReplies);
  EXPECT_EQ(Run("CLIENT", "KILL", "ID", "5", "SKIPME", "no"), ":1\r\n");
  EXPECT_EQ(services.actions[5], Action::kCloseAfterReplies);
}

TEST_F(ClientCommandsTest, KillCountsThoseThatAllFiltersFit) {
  EXPECT_EQ(Run("CLIENT", "KILL", "LADDR", "127.0.0.1:6379"), ":1\r\n");
  EXPECT_EQ(services.actions[5], Action::kKeep);  // not oneself, unless asked for
  EXPECT_EQ(Run("CLIENT", "KILL", "LADDR", "127.0.0.1:6379", "SKIPME", "NO"), ":2\r\n");
  EXPECT_EQ(Run("CLIENT", "KILL", "USER", "default", "TYPE", "normal", "ID", "3"), ":1\r\n");
  EXPECT_EQ(Run("CLIENT", "KILL", "TYPE", "normal", "ADDR", "127.0.0.1:1"), ":0\r\n");
  EXPECT_EQ(Run("CLIENT", "KILL", "TYPE", "pubsub"), ":0\r\n");
  EXPECT_EQ(Run("CLIENT", "KILL", "ID", "99"), ":0\r\n");
}

TEST_F(ClientCommandsTest, KillRefusesBadFilters) {
  for (const std::string_view bad : {"0", "-1", "x", "99999999999999999999"}) {
    EXPECT_EQ(Run("CLIENT", "KILL", "ID", bad), "-ERR client-id should be greater than 0\r\n");
  }
  EXPECT_EQ(Run("CLIENT", "KILL", "TYPE", "x"), "-ERR Unknown client type 'x'\r\n");
  EXPECT_EQ(Run("CLIENT", "KILL", "USER", "joe"), "-ERR No such user 'joe'\r\n");
  EXPECT_EQ(Run("CLIENT", "KILL", "SKIPME", "x"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("CLIENT", "KILL", "MAXAGE", "1"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("CLIENT", "KILL", "ID", "3", "TYPE"), "-ERR syntax error\r\n");
  EXPECT_TRUE(services.actions.empty());
}

TEST_F(ClientCommandsTest, ReplyAnswersToOnOnly) {
  EXPECT_EQ(Run("CLIENT", "REPLY", "SKIP"), "");
  EXPECT_EQ(client.reply_mode, Mode::kSkipNext);
  EXPECT_EQ(Run("CLIENT", "REPLY", "OFF"), "");
  EXPECT_EQ(client.reply_mode, Mode::kOff);
  EXPECT_EQ(Run("CLIENT", "REPLY", "SKIP"), "");
  EXPECT_EQ(client.reply_mode, Mode::kOff);
  EXPECT_EQ(Run("CLIENT", "REPLY", "on"), "+OK\r\n");
  EXPECT_EQ(client.reply_mode, Mode::kOn);
  EXPECT_EQ(Run("CLIENT", "REPLY", "x"), "-ERR syntax error\r\n");
}

TEST_F(ClientCommandsTest, NoEvictAndNoTouchAreSwitches) {
  EXPECT_EQ(Run("CLIENT", "NO-EVICT", "on"), "+OK\r\n");
  EXPECT_TRUE(client.no_evict);
  EXPECT_EQ(Run("CLIENT", "NO-EVICT", "OFF"), "+OK\r\n");
  EXPECT_FALSE(client.no_evict);
  EXPECT_EQ(Run("CLIENT", "NO-EVICT", "x"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("CLIENT", "NO-TOUCH", "on"), "+OK\r\n");
  EXPECT_TRUE(client.no_touch);
}

TEST_F(ClientCommandsTest, PauseHoldsUntilAMoment) {
  EXPECT_EQ(Run("CLIENT", "PAUSE", "10"), "+OK\r\n");
  EXPECT_EQ(services.paused, std::pair(kNowMs + 10, false));
  EXPECT_EQ(Run("CLIENT", "PAUSE", "0", "write"), "+OK\r\n");
  EXPECT_EQ(services.paused, std::pair(kNowMs, true));
  EXPECT_EQ(Run("CLIENT", "PAUSE", "9223372036854775807", "ALL"), "+OK\r\n");
  EXPECT_EQ(services.paused, std::pair(INT64_MAX, false));
  EXPECT_EQ(Run("CLIENT", "UNPAUSE"), "+OK\r\n");
  EXPECT_FALSE(services.paused);
}

TEST_F(ClientCommandsTest, PauseRefusesOtherTimesAndModes) {
  EXPECT_EQ(Run("CLIENT", "PAUSE", "x"), "-ERR timeout is not an integer or out of range\r\n");
  EXPECT_EQ(Run("CLIENT", "PAUSE", "-1"), "-ERR timeout is negative\r\n");
  EXPECT_EQ(Run("CLIENT", "PAUSE", "x", "y"), "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n");
  EXPECT_EQ(
      Run("CLIENT", "PAUSE", "1", "ALL", "x"),
      "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.\r\n");
  EXPECT_FALSE(services.paused);
}

TEST_F(ClientCommandsTest, NobodyIsBlocked) {
  EXPECT_EQ(Run("CLIENT", "UNBLOCK", "3"), ":0\r\n");
  EXPECT_EQ(Run("CLIENT", "UNBLOCK", "3", "error"), ":0\r\n");
  EXPECT_EQ(Run("CLIENT", "UNBLOCK", "x"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Run("CLIENT", "UNBLOCK", "3", "x"),
            "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n");
}

}  // namespace
}  // namespace tally::server
