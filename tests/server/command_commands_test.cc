#include <string>

#include <gtest/gtest.h>

#include "server/command_replies.h"
#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

using CommandCommandsTest = OperationTest;
using testing::Test;

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(CommandCommandsTest, CountIsThatOfTheTable) {
  EXPECT_EQ(Run("COMMAND", "COUNT"), ":" + std::to_string(Commands().size()) + "\r\n");
}

TEST_F(CommandCommandsTest, InfoTellsWhatClientsNeed) {
  EXPECT_EQ(Run("COMMAND", "INFO", "mset"),
            "*1\r\n*10\r\n$4\r\nmset\r\n:-3\r\n*2\r\n+write\r\n+denyoom\r\n:1\r\n:-1\r\n:2\r\n"
            "*3\r\n+@write\r\n+@string\r\n+@slow\r\n"
            "*2\r\n$26\r\nrequest_policy:multi_shard\r\n$29\r\nresponse_policy:all_succeeded\r\n"
            "*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+OW\r\n+update\r\n"
            "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n"
            "$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n"
            "$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n"
            "$7\r\nlastkey\r\n:-1\r\n$7\r\nkeystep\r\n:2\r\n$5\r\nlimit\r\n:0\r\n*0\r\n");
}

TEST_F(CommandCommandsTest, InfoUsesTheTypesOfResp3) {
  resp = 3;
  EXPECT_EQ(Run("COMMAND", "INFO", "DBSIZE", "nope"),
            "*2\r\n*10\r\n$6\r\ndbsize\r\n:1\r\n~2\r\n+readonly\r\n+fast\r\n:0\r\n:0\r\n:0\r\n"
            "~3\r\n+@keyspace\r\n+@read\r\n+@fast\r\n"
            "~2\r\n$25\r\nrequest_policy:all_shards\r\n$23\r\nresponse_policy:agg_sum\r\n"
            "~0\r\n~0\r\n_\r\n");
}

TEST_F(CommandCommandsTest, InfoNamesSubcommandsInFull) {
  EXPECT_TRUE(Run("COMMAND", "INFO", "command|count").starts_with("*1\r\n*10\r\n$13\r\ncommand|c"));
  EXPECT_TRUE(Contains(Run("COMMAND", "INFO", "command"), "*7\r\n*10\r\n$12\r\ncommand|info\r\n"));
  EXPECT_EQ(Run("COMMAND", "INFO", "command|nope", "get|x"), "*2\r\n$-1\r\n$-1\r\n");
}

TEST_F(CommandCommandsTest, WithoutNamesAllAreTold) {
  const std::string all = Run("COMMAND");
  EXPECT_TRUE(all.starts_with("*" + std::to_string(Commands().size()) + "\r\n*10\r\n$3\r\nacl"));
  EXPECT_EQ(Run("COMMAND", "INFO"), all);
  const std::string docs = Run("COMMAND", "DOCS");
  EXPECT_TRUE(docs.starts_with("*" + std::to_string(2 * Commands().size()) + "\r\n"));
  for (const Command& command : Commands()) {
    EXPECT_TRUE(Contains(docs, Bulk(std::string(command.summary))));
  }
}

TEST_F(CommandCommandsTest, DocsTellTheArgumentsAsATree) {
  resp = 3;
  EXPECT_EQ(Run("COMMAND", "DOCS", "nope", "persist"),
            "%1\r\n" + Bulk("persist") + "%5\r\n" + Bulk("summary") +
                Bulk(std::string(FindCommandByName("persist")->summary)) + Bulk("since") +
                Bulk("2.2.0") + Bulk("group") + Bulk("generic") + Bulk("complexity") +
                Bulk("O(1)") + Bulk("arguments") + "*1\r\n%3\r\n" + Bulk("name") + Bulk("key") +
                Bulk("type") + Bulk("key") + Bulk("key_spec_index") + ":0\r\n");
  const std::string set = Run("COMMAND", "DOCS", "set");
  EXPECT_TRUE(Contains(set, "%5\r\n" + Bulk("name") + Bulk("condition") + Bulk("type") +
                                Bulk("oneof") + Bulk("since") + Bulk("2.6.12") + Bulk("flags") +
                                "~1\r\n+optional\r\n" + Bulk("arguments") + "*2\r\n%3\r\n" +
                                Bulk("name") + Bulk("nx") + Bulk("type") + Bulk("pure-token") +
                                Bulk("token") + Bulk("NX")));
  EXPECT_TRUE(Contains(Run("COMMAND", "DOCS", "command"), Bulk("subcommands") + "%7\r\n"));
}

TEST_F(CommandCommandsTest, DocsTellWhatIsDeprecated) {
  EXPECT_TRUE(Contains(Run("COMMAND", "DOCS", "GETSET"),
                       Bulk("doc_flags") + "*1\r\n+deprecated\r\n" + Bulk("deprecated_since") +
                           Bulk("6.2.0") + Bulk("replaced_by")));
}

TEST_F(CommandCommandsTest, ListNamesCommandsAndSubcommands) {
  EXPECT_TRUE(Run("COMMAND", "LIST").starts_with("*" + std::to_string(CommandCount()) + "\r\n"));
  EXPECT_EQ(Run("COMMAND", "LIST", "FILTERBY", "pattern", "?GET"), "*1\r\n$4\r\nmget\r\n");
  EXPECT_EQ(Run("COMMAND", "LIST", "filterby", "PATTERN", "COMMAND|C*"),
            "*1\r\n$13\r\ncommand|count\r\n");
  EXPECT_EQ(Run("COMMAND", "LIST", "filterby", "MODULE", "json"), "*0\r\n");
  EXPECT_EQ(Run("COMMAND", "LIST", "filterby", "ACLCAT", "nope"), "*0\r\n");
  const std::string strings = Run("COMMAND", "LIST", "filterby", "aclcat", "STRING");
  EXPECT_TRUE(strings.starts_with("*23\r\n$6\r\nappend\r\n"));
  EXPECT_FALSE(Contains(strings, "$3\r\ndel\r\n"));
}

TEST_F(CommandCommandsTest, OtherListsAreASyntaxError) {
  const std::string syntax = "-ERR syntax error\r\n";
  EXPECT_EQ(Run("COMMAND", "LIST", "x"), syntax);
  EXPECT_EQ(Run("COMMAND", "LIST", "FILTERBY", "PATTERN"), syntax);
  EXPECT_EQ(Run("COMMAND", "LIST", "FILTERBY", "NAME", "x"), syntax);
  EXPECT_EQ(Run("COMMAND", "LIST", "FILTERBY", "PATTERN", "a", "b"), syntax);
}

TEST_F(CommandCommandsTest, GetKeysPicksTheKeys) {
  EXPECT_EQ(Run("COMMAND", "GETKEYS", "GET", "a"), "*1\r\n$1\r\na\r\n");
  EXPECT_EQ(Run("COMMAND", "GETKEYS", "mset", "a", "1", "b", "2"), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(Run("COMMAND", "GETKEYS", "mset", "a", "1", "b"), "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(Run("COMMAND", "GETKEYS", "del", "a", "a"), "*2\r\n$1\r\na\r\n$1\r\na\r\n");
}

TEST_F(CommandCommandsTest, GetKeysAndFlagsTellsWhatTheyAreFor) {
  EXPECT_EQ(Run("COMMAND", "GETKEYSANDFLAGS", "SET", "a", "v"),
            "*1\r\n*2\r\n$1\r\na\r\n*2\r\n+OW\r\n+update\r\n");
  EXPECT_EQ(Run("COMMAND", "GETKEYSANDFLAGS", "SET", "a", "v", "get"),
            "*1\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+update\r\n");
  resp = 3;
  EXPECT_EQ(Run("COMMAND", "GETKEYSANDFLAGS", "DEL", "a"),
            "*1\r\n*2\r\n$1\r\na\r\n~2\r\n+RM\r\n+delete\r\n");
}

TEST_F(CommandCommandsTest, GetKeysSaysWhyThereAreNone) {
  EXPECT_EQ(Run("COMMAND", "GETKEYS", "nope", "a"), "-ERR Invalid command specified\r\n");
  EXPECT_EQ(Run("COMMAND", "GETKEYS", "command", "nope"), "-ERR Invalid command specified\r\n");
  EXPECT_EQ(Run("COMMAND", "GETKEYS", "dbsize", "a"), "-ERR The command has no key arguments\r\n");
  EXPECT_EQ(Run("COMMAND", "GETKEYS", "get", "a", "b"),
            "-ERR Invalid number of arguments specified for command\r\n");
}

TEST_F(CommandCommandsTest, HelpComesFromTheRows) {
  const std::string help = Run("COMMAND", "HELP");
  EXPECT_TRUE(Contains(help, "+LIST [FILTERBY <MODULE module-name|ACLCAT category|"));
  for (const Command& subcommand : FindCommandByName("command")->subcommands) {
    EXPECT_TRUE(Contains(help, "+    " + std::string(subcommand.summary) + "\r\n"));
  }
}

TEST_F(CommandCommandsTest, ArityAndUnknownSubcommands) {
  EXPECT_EQ(Run("COMMAND", "COUNT", "x"),
            "-ERR wrong number of arguments for 'command|count' command\r\n");
  EXPECT_EQ(Run("COMMAND", "GETKEYS", "get"),
            "-ERR wrong number of arguments for 'command|getkeys' command\r\n");
  EXPECT_EQ(Run("COMMAND", "nope"), "-ERR unknown subcommand 'nope'. Try COMMAND HELP.\r\n");
}

TEST(HumanSyntaxTest, ReadsLikeAManual) {
  EXPECT_EQ(HumanSyntax(*FindCommandByName("mset")), "key value [key value ...]");
  EXPECT_EQ(HumanSyntax(*FindCommandByName("expire")), "key seconds [NX|XX|GT|LT]");
  EXPECT_EQ(HumanSyntax(*FindCommandByName("set")),
            "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|"
            "PXAT unix-time-milliseconds|KEEPTTL]");
  EXPECT_EQ(HumanSyntax(*FindCommandByName("dbsize")), "");
}

}  // namespace
}  // namespace tally::server
