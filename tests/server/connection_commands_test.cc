#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

class ConnectionCommandsTest : public SessionCommandTest {
 protected:
  static constexpr std::string_view kWrong =
      "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
};

TEST_F(ConnectionCommandsTest, PingAnswersPongOrItsMessage) {
  EXPECT_EQ(Run("PING"), "+PONG\r\n");
  EXPECT_EQ(Run("ping", "a\r\nb"), "$4\r\na\r\nb\r\n");
  EXPECT_EQ(Run("PING", "a", "b"), "-ERR wrong number of arguments for 'ping' command\r\n");
}

TEST_F(ConnectionCommandsTest, EchoAnswersItsArgument) {
  EXPECT_EQ(Run("ECHO", "x"), "$1\r\nx\r\n");
  EXPECT_EQ(Run("ECHO"), "-ERR wrong number of arguments for 'echo' command\r\n");
}

TEST_F(ConnectionCommandsTest, QuitAnswersAndThenTheConnectionCloses) {
  EXPECT_EQ(Run("QUIT", "whatever"), "+OK\r\n");
  EXPECT_TRUE(client.close_after_replies);
}

TEST_F(ConnectionCommandsTest, SelectTakesTheNumbersOfDatabasesOnly) {
  EXPECT_EQ(Run("SELECT", "15"), "+OK\r\n");
  EXPECT_EQ(client.database, 15);
  EXPECT_EQ(Run("SELECT", "16"), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(Run("SELECT", "-1"), "-ERR DB index is out of range\r\n");
  EXPECT_EQ(Run("SELECT", "01"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Run("SELECT", "2147483648"),
            "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n");
  EXPECT_EQ(client.database, 15);
}

TEST_F(ConnectionCommandsTest, HelloSpeaksTheProtocolThatItSwitchesTo) {
  EXPECT_EQ(
      Run("HELLO", "3"),
      "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.4\r\n$5\r\nproto\r\n:3"
      "\r\n$2\r\nid\r\n:5\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
      "$7\r\nmodules\r\n*0\r\n");
  EXPECT_EQ(client.resp, 3);
  EXPECT_TRUE(Run("HELLO").starts_with("%7\r\n"));
  EXPECT_TRUE(Run("HELLO", "2").starts_with("*14\r\n"));
  EXPECT_EQ(client.resp, 2);
}

TEST_F(ConnectionCommandsTest, HelloRefusesOtherVersionsAndOptions) {
  EXPECT_EQ(Run("HELLO", "1"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(Run("HELLO", "4"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(Run("HELLO", "x"), "-ERR Protocol version is not an integer or out of range\r\n");
  EXPECT_EQ(Run("HELLO", "3", "what"), "-ERR Syntax error in HELLO option 'what'\r\n");
  EXPECT_EQ(Run("HELLO", "3", "AUTH", "default"), "-ERR Syntax error in HELLO option 'AUTH'\r\n");
  EXPECT_EQ(Run("HELLO", "3", "SETNAME", "a b"),
            "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
  EXPECT_EQ(client.resp, 2);
}

TEST_F(ConnectionCommandsTest, HelloTakesItsOptionsInTurn) {
  EXPECT_EQ(Run("HELLO", "3", "SETNAME", "one", "SETNAME", "two").substr(0, 4), "%7\r\n");
  EXPECT_EQ(client.name, "two");
  Run("HELLO", "3", "SETNAME", "three", "what");
  EXPECT_EQ(client.name, "three");
}

TEST_F(ConnectionCommandsTest, WithoutAPasswordTheDefaultUserMayLogInWithAny) {
  EXPECT_EQ(Run("AUTH", "default", "x"), "+OK\r\n");
  EXPECT_EQ(Run("AUTH", "joe", "x"), kWrong);
  EXPECT_EQ(Run("AUTH", "a", "b", "c"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("AUTH", "x"),
            "-ERR AUTH <password> called without any password configured for the default user. Are "
            "you sure your configuration is correct?\r\n");
}

TEST_F(ConnectionCommandsTest, OnlyTheRightPasswordLogsIn) {
  services.config().set_requirepass("secret");
  client.authenticated = false;
  EXPECT_EQ(Run("AUTH", "wrong"), kWrong);
  EXPECT_EQ(Run("AUTH", ""), kWrong);
  EXPECT_EQ(Run("AUTH", "secretsecret"), kWrong);
  EXPECT_EQ(Run("AUTH", "joe", "secret"), kWrong);
  EXPECT_FALSE(client.authenticated);
  EXPECT_EQ(Run("AUTH", "default", "secret"), "+OK\r\n");
  EXPECT_TRUE(client.authenticated);
  client.authenticated = false;
  EXPECT_EQ(Run("AUTH", "secret"), "+OK\r\n");
  EXPECT_TRUE(client.authenticated);
  EXPECT_EQ(Run("AUTH", "wrong"), kWrong);
  EXPECT_TRUE(client.authenticated);
}

TEST_F(ConnectionCommandsTest, HelloGreetsOnlyWhoIsOrLogsIn) {
  services.config().set_requirepass("secret");
  client.authenticated = false;
  EXPECT_TRUE(Run("HELLO").starts_with("-NOAUTH HELLO must be called with the client already "));
  EXPECT_TRUE(Run("HELLO", "3").starts_with("-NOAUTH "));
  EXPECT_EQ(Run("HELLO", "3", "AUTH", "default", "wrong"), kWrong);
  EXPECT_EQ(client.resp, 2);
  EXPECT_TRUE(Run("HELLO", "3", "AUTH", "default", "secret").starts_with("%7\r\n"));
  EXPECT_TRUE(client.authenticated);
}

TEST_F(ConnectionCommandsTest, ResetMakesANewClient) {
  services.config().set_requirepass("secret");
  client.name = "n";
  client.resp = 3;
  client.database = 4;
  client.no_evict = true;
  client.reply_mode = ClientState::ReplyMode::kOff;
  EXPECT_EQ(Run("RESET"), "+RESET\r\n");
  EXPECT_EQ(client.name, "");
  EXPECT_EQ(client.resp, 2);
  EXPECT_EQ(client.database, 0);
  EXPECT_FALSE(client.authenticated);
  EXPECT_TRUE(client.no_evict);
  EXPECT_EQ(client.reply_mode, ClientState::ReplyMode::kOn);
}

}  // namespace
}  // namespace tally::server
