#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

class DebugCommandsTest : public SessionCommandTest {
 protected:
  DebugCommandsTest() { services.config().debug_command = DebugCommand::kYes; }

  // What the client is told, and how long it took.
  std::chrono::milliseconds TimeOfSleep(std::string_view seconds) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Run("DEBUG", "SLEEP", seconds), "+OK\r\n") << seconds;
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  }

  static constexpr std::string_view kNotAllowed =
      "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you "
      "can run it from a local connection, otherwise you need to set this option in the "
      "configuration file, and then restart the server.\r\n";
};

// The expected replies were taken from redis-server 7.0.15.

TEST_F(DebugCommandsTest, IsRefusedByDefault) {
  services.config().debug_command = Config().debug_command;
  EXPECT_EQ(Run("DEBUG", "SLEEP", "0"), kNotAllowed);
  EXPECT_EQ(Run("DEBUG", "FOO"), kNotAllowed);
  EXPECT_EQ(Run("DEBUG", "HELP"), kNotAllowed);
  EXPECT_EQ(Run("DEBUG"), "-ERR wrong number of arguments for 'debug' command\r\n");
}

TEST_F(DebugCommandsTest, LocalAllowsClientsOnThisMachine) {
  services.config().debug_command = DebugCommand::kLocal;
  for (const std::string_view address :
       {"127.0.0.1:40612", "[::1]:40612", "[::ffff:127.0.0.1]:40612"}) {
    client.address = address;
    EXPECT_EQ(Run("DEBUG", "SLEEP", "0"), "+OK\r\n") << address;
  }
  for (const std::string_view address :
       {"10.0.0.1:1270", "127.0.0.10:1", "[2001:db8::1]:1", "[::1:1]:1", ""}) {
    client.address = address;
    EXPECT_EQ(Run("DEBUG", "SLEEP", "0"), kNotAllowed) << address;
  }
}

TEST_F(DebugCommandsTest, ProtocolGivesAReplyOfEachKind) {
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "string"), "$11\r\nHello World\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "INTEGER"), ":12345\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "double"), "$5\r\n3.141\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "null"), "$-1\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "attrib"),
            "$39\r\nSome real reply following the attribute\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "push"), "-ERR RESP2 is not supported by this command\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "x"),
            "-ERR Wrong protocol type name. Please use one of the following: "
            "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false\r\n");
  client.resp = 3;
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "double"), ",3.141\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "bignum"), "(1234567999999999999999999999999999999\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "null"), "_\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "array"), "*3\r\n:0\r\n:1\r\n:2\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "set"), "~3\r\n:0\r\n:1\r\n:2\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "map"), "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "attrib"),
            "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"
            "$39\r\nSome real reply following the attribute\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "push"),
            ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n"
            "$40\r\nSome real reply following the push reply\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "verbatim"), "=29\r\ntxt:This is a verbatim\nstring\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "true"), "#t\r\n");
  EXPECT_EQ(Run("DEBUG", "PROTOCOL", "false"), "#f\r\n");
}

TEST_F(DebugCommandsTest, ErrorSaysWhatItIsTold) {
  EXPECT_EQ(Run("DEBUG", "ERROR", "A b"), "-A b\r\n");
  EXPECT_EQ(Run("DEBUG", "ERROR", "a\r\n+b"), "-a  +b\r\n");
}

TEST_F(DebugCommandsTest, SleepTakesItsTime) {
  EXPECT_GE(TimeOfSleep("0.03"), std::chrono::milliseconds(30));
}

TEST_F(DebugCommandsTest, WhatIsNoTimeIsNoSleep) {
  for (const std::string_view seconds : {"0", "-1", "abc", "", "nan", "inf", "1e300", "-1e300"}) {
    EXPECT_LT(TimeOfSleep(seconds), std::chrono::seconds(5)) << seconds;
  }
}

TEST_F(DebugCommandsTest, ActiveExpireIsSwitched) {
  EXPECT_TRUE(services.config().active_expire);
  EXPECT_EQ(Run("DEBUG", "SET-ACTIVE-EXPIRE", "0"), "+OK\r\n");
  EXPECT_FALSE(services.config().active_expire);
  EXPECT_EQ(Run("debug", "set-active-expire", "1"), "+OK\r\n");
  EXPECT_TRUE(services.config().active_expire);
  EXPECT_EQ(Run("DEBUG", "SET-ACTIVE-EXPIRE", "foo"), "+OK\r\n");  // no number is 0
  EXPECT_FALSE(services.config().active_expire);
}

TEST_F(DebugCommandsTest, ReloadAnswersWhenItIsDone) {
  EXPECT_EQ(Run("DEBUG", "RELOAD"), "");
  ASSERT_TRUE(services.reload_done);
  services.EndReload(true, {});
  EXPECT_EQ(later(), "+OK\r\n");

  EXPECT_EQ(Run("DEBUG", "RELOAD", "merge", "NOFLUSH"), "");
  services.EndReload(false, "the disk said no");
  EXPECT_EQ(later(), "-ERR the disk said no\r\n");
}

TEST_F(DebugCommandsTest, OneReloadAtATime) {
  Run("DEBUG", "RELOAD");
  EXPECT_EQ(Run("DEBUG", "RELOAD"), "-ERR Background save already in progress\r\n");
}

TEST_F(DebugCommandsTest, ReloadForgetsNothing) {
  EXPECT_EQ(Run("DEBUG", "RELOAD", "NOSAVE"),
            "-ERR DEBUG RELOAD has no NOSAVE here: it would forget what was acknowledged\r\n");
  EXPECT_EQ(Run("DEBUG", "RELOAD", "NOSAVE", "FOO"),
            "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.\r\n");
  EXPECT_FALSE(services.reload_done);
}

TEST_F(DebugCommandsTest, RefusesWrongForms) {
  const auto refusal = [](std::string_view name) {
    return "-ERR unknown subcommand or wrong number of arguments for '" + std::string(name) +
           "'. Try DEBUG HELP.\r\n";
  };
  EXPECT_EQ(Run("DEBUG", "SLEEP"), refusal("SLEEP"));
  EXPECT_EQ(Run("DEBUG", "sleep", "0", "1"), refusal("sleep"));
  EXPECT_EQ(Run("DEBUG", "SET-ACTIVE-EXPIRE"), refusal("SET-ACTIVE-EXPIRE"));
  EXPECT_EQ(Run("DEBUG", "HELP", "x"), refusal("HELP"));
  EXPECT_EQ(Run("DEBUG", "FOO"), refusal("FOO"));
  EXPECT_EQ(Run("DEBUG", ""), refusal(""));
}

TEST_F(DebugCommandsTest, HelpNamesTheSubcommands) {
  const std::string help = Run("DEBUG", "HELP");
  for (const std::string_view name : {"RELOAD", "SET-ACTIVE-EXPIRE", "SLEEP", "HELP"}) {
    EXPECT_NE(help.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace tally::server
