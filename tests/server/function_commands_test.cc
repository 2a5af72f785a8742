#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

class FunctionCommandsTest : public SessionCommandTest {};

// The expected replies were taken from redis-server 7.0.15, which has an engine.

TEST_F(FunctionCommandsTest, ThereAreNoneToListOrToFlush) {
  EXPECT_EQ(Run("FUNCTION", "FLUSH"), "+OK\r\n");
  EXPECT_EQ(Run("FUNCTION", "FLUSH", "async"), "+OK\r\n");
  EXPECT_EQ(Run("FUNCTION", "FLUSH", "x"),
            "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option\r\n");
  EXPECT_EQ(Run("FUNCTION", "LIST"), "*0\r\n");
  EXPECT_EQ(Run("FUNCTION", "LIST", "LIBRARYNAME", "x", "withcode"), "*0\r\n");
  EXPECT_EQ(Run("FUNCTION", "LIST", "LIBRARYNAME"), "-ERR library name argument was not given\r\n");
  EXPECT_EQ(Run("FUNCTION", "LIST", "x"), "-ERR Unknown argument x\r\n");
  EXPECT_EQ(Run("FUNCTION", "STATS"),
            "*4\r\n$14\r\nrunning_script\r\n$-1\r\n$7\r\nengines\r\n*0\r\n");
  EXPECT_EQ(Run("FUNCTION", "DELETE", "x"), "-ERR Library not found\r\n");
  EXPECT_EQ(Run("FUNCTION", "KILL"), "-NOTBUSY No scripts in execution right now.\r\n");
  EXPECT_TRUE(Run("FUNCTION", "HELP").find("+FUNCTION <subcommand>") != std::string::npos);
}

TEST_F(FunctionCommandsTest, NoneIsLoaded) {
  EXPECT_EQ(Run("FUNCTION", "LOAD", "#!lua name=x"), "-ERR this server runs no functions\r\n");
}

}  // namespace
}  // namespace tally::server
