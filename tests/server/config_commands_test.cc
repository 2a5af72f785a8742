#include "server/config_parameters.h"
#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

class ConfigCommandsTest : public SessionCommandTest {};

std::string Failed(const std::string& name, const std::string& reason) {
  return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + reason +
         "\r\n";
}

TEST_F(ConfigCommandsTest, GetTellsEachParameterOnce) {
  EXPECT_EQ(Run("CONFIG", "GET", "maxcl*", "maxclients", "timeout"),
            "*4\r\n$10\r\nmaxclients\r\n$5\r\n10000\r\n$7\r\ntimeout\r\n$1\r\n0\r\n");
  EXPECT_EQ(Run("CONFIG", "GET", "tim*", "TIMEOUT"), "*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n");
  EXPECT_EQ(Run("CONFIG", "GET", "nosuch"), "*0\r\n");
  EXPECT_EQ(Run("CONFIG", "GET"), "-ERR wrong number of arguments for 'config|get' command\r\n");
}

TEST_F(ConfigCommandsTest, GetByNameEchoesTheNameAsItWasAskedFor) {
  EXPECT_EQ(Run("CONFIG", "GET", "MAXclients"), "*2\r\n$10\r\nMAXclients\r\n$5\r\n10000\r\n");
}

TEST_F(ConfigCommandsTest, GetIsAMapInResp3) {
  client.resp = 3;
  EXPECT_EQ(Run("CONFIG", "GET", "appendfsync"), "%1\r\n$11\r\nappendfsync\r\n$6\r\nalways\r\n");
  EXPECT_EQ(Run("CONFIG", "GET", "nosuch"), "%0\r\n");
}

TEST_F(ConfigCommandsTest, GetTellsTheTruthAboutWhatRedisWouldLetChoose) {
  EXPECT_EQ(Run("CONFIG", "GET", "save", "appendonly"),
            "*4\r\n$4\r\nsave\r\n$0\r\n\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n");
  EXPECT_EQ(Run("CONFIG", "GET", "maxmemory-policy"),
            "*2\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n");
}

TEST_F(ConfigCommandsTest, SetStoresAllAndTellsTheServer) {
  EXPECT_EQ(
      Run("CONFIG", "SET", "TimeOut", "5", "appendfsync", "EVERYSEC", "proto-max-bulk-len", "1mb"),
      "+OK\r\n");
  EXPECT_EQ(services.config().timeout_s, 5);
  EXPECT_EQ(services.config().appendfsync, FsyncPolicy::kEverySecond);
  EXPECT_EQ(services.config().proto_max_bulk_bytes, 1u << 20);
  EXPECT_EQ(services.applied, 1);
}

TEST_F(ConfigCommandsTest, MemoryLimitIsInBytesWithRedissUnits) {
  const auto set = [&](std::string_view text) {
    EXPECT_EQ(Run("CONFIG", "SET", "maxmemory", text), "+OK\r\n") << text;
    return services.config().maxmemory_bytes.load();
  };
  EXPECT_EQ(set("1k"), 1000u);
  EXPECT_EQ(set("1kb"), 1024u);
  EXPECT_EQ(set("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(set(""), 0u);
  EXPECT_EQ(set("100MB"), 100u << 20);
  EXPECT_EQ(Run("CONFIG", "GET", "maxmemory"), "*2\r\n$9\r\nmaxmemory\r\n$9\r\n104857600\r\n");
  for (const std::string_view bad : {"-1", "abc", "10%", "1.5gb"}) {
    EXPECT_EQ(Run("CONFIG", "SET", "maxmemory", bad),
              Failed("maxmemory", "argument must be a memory value"));
  }
  EXPECT_EQ(services.applied, 5);
}

TEST_F(ConfigCommandsTest, SetStoresNothingWhenOneValueIsBad) {
  EXPECT_EQ(Run("CONFIG", "SET", "timeout", "7", "MAXCLIENTS", "abc"),
            Failed("maxclients", "argument couldn't be parsed into an integer"));
  EXPECT_EQ(Run("CONFIG", "SET", "timeout", "7", "nosuch", "1"),
            "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n");
  EXPECT_EQ(Run("CONFIG", "SET", "timeout", "7", "maxclients"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("CONFIG", "SET", "timeout", "7", "TIMEOUT", "8"),
            Failed("TIMEOUT", "duplicate parameter"));
  EXPECT_EQ(services.config().timeout_s, 0);
  EXPECT_EQ(services.applied, 0);
}

TEST_F(ConfigCommandsTest, SetLeavesWhatIsFixedAtStart) {
  for (const std::string name : {"databases", "enable-debug-command"}) {
    EXPECT_EQ(Run("CONFIG", "SET", name, "1"), Failed(name, "can't set immutable config"));
  }
  EXPECT_EQ(Run("CONFIG", "SET", "dir", "/x"), Failed("dir", "can't set protected config"));
  EXPECT_EQ(Run("CONFIG", "SET", "timeout", "x", "DATABASES", "1"),
            Failed("DATABASES", "can't set immutable config"));
}

TEST_F(ConfigCommandsTest, WhatIsFixedAtStartButNotInRedisCanBeSetToWhatItIs) {
  EXPECT_EQ(Run("CONFIG", "SET", "port", "6379", "bind", "127.0.0.1", "journal-limit", "67108864",
                "threads", std::to_string(services.config().threads)),
            "+OK\r\n");
  EXPECT_EQ(Run("CONFIG", "SET", "port", "6380"),
            Failed("port", "it cannot be anything but '6379' here"));
  EXPECT_EQ(services.config().port, 6379);
}

TEST_F(ConfigCommandsTest, EverythingThatRedisLetsSetCanBeSetToWhatItIs) {
  for (const ConfigParameter& parameter : ConfigParameters()) {
    if (parameter.access == ConfigParameter::Access::kImmutable ||
        parameter.access == ConfigParameter::Access::kProtected) {
      continue;
    }
    const std::string before = ValueOf(parameter, services.config());
    EXPECT_EQ(Run("CONFIG", "SET", parameter.name, before), "+OK\r\n") << parameter.name;
    EXPECT_EQ(ValueOf(parameter, services.config()), before) << parameter.name;
  }
}

TEST_F(ConfigCommandsTest, SetTakesAFactForWhatItIsOnly) {
  EXPECT_EQ(Run("CONFIG", "SET", "appendonly", "YES", "save", ""), "+OK\r\n");
  EXPECT_EQ(Run("CONFIG", "SET", "appendonly", "no"),
            Failed("appendonly", "it cannot be anything but 'yes' here"));
}

TEST_F(ConfigCommandsTest, WhatHasNoEffectIsRememberedInRedissLimits) {
  EXPECT_EQ(
      Run("CONFIG", "SET", "hash-max-listpack-entries", "100", "activerehashing", "NO",
          "sanitize-dump-payload", "Clients", "repl-backlog-size", "2kb", "dbfilename", "x y"),
      "+OK\r\n");
  const auto get = [&](std::string_view name) {
    return ValueOf(*FindConfigParameter(name), services.config());
  };
  EXPECT_EQ(get("activerehashing"), "no");
  EXPECT_EQ(get("sanitize-dump-payload"), "clients");
  EXPECT_EQ(get("repl-backlog-size"), "2048");
  EXPECT_EQ(get("dbfilename"), "x y");
  EXPECT_EQ(Run("CONFIG", "SET", "activerehashing", "maybe"),
            Failed("activerehashing", "argument must be 'yes' or 'no'"));
  EXPECT_EQ(Run("CONFIG", "SET", "lfu-log-factor", "x"),
            Failed("lfu-log-factor", "argument couldn't be parsed into an integer"));
  EXPECT_EQ(Run("CONFIG", "SET", "repl-timeout", "0"),
            Failed("repl-timeout", "argument must be between 1 and 2147483647 inclusive"));
  EXPECT_EQ(Run("CONFIG", "SET", "repl-backlog-size", "-1"),
            Failed("repl-backlog-size", "argument must be a memory value"));
  EXPECT_EQ(Run("CONFIG", "SET", "oom-score-adj", "maybe"),
            Failed("oom-score-adj",
                   "argument(s) must be one of the following: no, yes, relative, absolute"));
  EXPECT_EQ(Run("CONFIG", "SET", "appendfilename", "x"),
            Failed("appendfilename", "can't set immutable config"));
}

TEST_F(ConfigCommandsTest, AnOlderNameHasTheValueOfTheNewerOne) {
  EXPECT_EQ(Run("CONFIG", "SET", "slave-priority", "7"), "+OK\r\n");
  EXPECT_EQ(Run("CONFIG", "GET", "replica-priority", "slave-priority"),
            "*4\r\n$16\r\nreplica-priority\r\n$1\r\n7\r\n$14\r\nslave-priority\r\n$1\r\n7\r\n");
}

TEST_F(ConfigCommandsTest, EachRememberedParameterIsGoodAsItIs) {
  for (const RememberedParameter& parameter : RememberedParameters()) {
    const RememberedParameter& own = *WithValue(*FindConfigParameter(parameter.name)).remembered;
    std::string value;
    EXPECT_EQ(ReadValue(own, own.initial, &value), "") << parameter.name;
    EXPECT_EQ(value, own.initial) << parameter.name;
  }
}

TEST_F(ConfigCommandsTest, SavePointsAreThoseThatWereSet) {
  EXPECT_EQ(Run("CONFIG", "SET", "save", "3600 1 300 100"), "+OK\r\n");
  EXPECT_EQ(Run("CONFIG", "GET", "save"), "*2\r\n$4\r\nsave\r\n$14\r\n3600 1 300 100\r\n");
  EXPECT_EQ(Run("CONFIG", "SET", "save", "0 1"), Failed("save", "Invalid save parameters"));
  EXPECT_EQ(services.config().save_points().size(), 2u);
  EXPECT_EQ(Run("CONFIG", "SET", "save", ""), "+OK\r\n");
  EXPECT_TRUE(services.config().save_points().empty());
}

TEST_F(ConfigCommandsTest, SetSaysWhatItTakes) {
  EXPECT_EQ(
      Run("CONFIG", "SET", "appendfsync", "x"),
      Failed("appendfsync", "argument(s) must be one of the following: everysec, always, no"));
  EXPECT_EQ(Run("CONFIG", "SET", "timeout", "-1"),
            Failed("timeout", "argument must be between 0 and 2147483647 inclusive"));
  EXPECT_EQ(Run("CONFIG", "SET", "maxclients", "0"),
            Failed("maxclients", "argument must be between 1 and 4294967295 inclusive"));
  EXPECT_EQ(Run("CONFIG", "SET", "proto-max-bulk-len", "1xb"),
            Failed("proto-max-bulk-len", "argument must be a memory value"));
  EXPECT_EQ(
      Run("CONFIG", "SET", "proto-max-bulk-len", "1"),
      Failed("proto-max-bulk-len", "argument must be between 1048576 and 536870912 inclusive"));
  EXPECT_EQ(Run("CONFIG", "SET", "proto-max-bulk-len", "536870912"), "+OK\r\n");
  EXPECT_EQ(
      Run("CONFIG", "SET", "proto-max-bulk-len", "536870913"),
      Failed("proto-max-bulk-len", "argument must be between 1048576 and 536870912 inclusive"));
}

TEST_F(ConfigCommandsTest, PasswordCanBeSetAndTakenAway) {
  EXPECT_EQ(Run("CONFIG", "SET", "requirepass", "s p"), "+OK\r\n");
  const AclUsers& users = services.config().users();
  EXPECT_NE(users.LogIn("default", "s p"), nullptr);
  EXPECT_EQ(users.LogIn("default", "s"), nullptr);
  EXPECT_TRUE(users.asks_for_login());
  EXPECT_EQ(Run("CONFIG", "GET", "requirepass"), "*2\r\n$11\r\nrequirepass\r\n$3\r\ns p\r\n");
  EXPECT_EQ(Run("CONFIG", "SET", "requirepass", ""), "+OK\r\n");
  EXPECT_FALSE(users.asks_for_login());
}

TEST_F(ConfigCommandsTest, ResetStatAsksTheServer) {
  EXPECT_EQ(Run("CONFIG", "RESETSTAT"), "+OK\r\n");
  EXPECT_EQ(services.resets, 1);
}

}  // namespace
}  // namespace tally::server
