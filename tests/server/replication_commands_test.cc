#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

constexpr std::string_view kNoReplication =
    "-ERR this server does not replicate: it neither has a master nor feeds replicas\r\n";
constexpr std::string_view kSyntax = "-ERR syntax error\r\n";
constexpr std::string_view kNotAnInteger = "-ERR value is not an integer or out of range\r\n";

class ReplicationCommandsTest : public SessionCommandTest {};

TEST_F(ReplicationCommandsTest, TheRoleIsMasterWithoutReplicas) {
  EXPECT_EQ(Run("ROLE"), "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
}

TEST_F(ReplicationCommandsTest, ItIsAReplicaOfNobody) {
  EXPECT_EQ(Run("REPLICAOF", "NO", "ONE"), "+OK\r\n");
  EXPECT_EQ(Run("SLAVEOF", "no", "one"), "+OK\r\n");
  EXPECT_EQ(Run("REPLICAOF", "127.0.0.1", "x"), "-ERR Invalid master port\r\n");
  EXPECT_EQ(Run("REPLICAOF", "127.0.0.1", "65536"), "-ERR Invalid master port\r\n");
  EXPECT_EQ(Run("REPLICAOF", "127.0.0.1", "6379"), kNoReplication);
}

TEST_F(ReplicationCommandsTest, ThereIsNobodyToFailOverTo) {
  constexpr std::string_view kNobody = "-ERR FAILOVER requires connected replicas.\r\n";
  EXPECT_EQ(Run("FAILOVER"), kNobody);
  EXPECT_EQ(Run("FAILOVER", "TO", "host", "1", "FORCE", "TIMEOUT", "100"), kNobody);
  EXPECT_EQ(Run("FAILOVER", "ABORT"), "-ERR No failover in progress.\r\n");
  EXPECT_EQ(Run("FAILOVER", "ABORT", "FORCE"), kSyntax);
  EXPECT_EQ(Run("FAILOVER", "TO", "host"), kSyntax);
  EXPECT_EQ(Run("FAILOVER", "TO", "host", "x"), kNotAnInteger);
  EXPECT_EQ(Run("FAILOVER", "TIMEOUT", "x"), kNotAnInteger);
  EXPECT_EQ(Run("FAILOVER", "TIMEOUT", "0"), "-ERR FAILOVER timeout must be greater than 0\r\n");
  EXPECT_EQ(Run("FAILOVER", "TIMEOUT", "1", "TIMEOUT", "2"), kSyntax);
}

TEST_F(ReplicationCommandsTest, NobodyIsFed) {
  EXPECT_EQ(Run("SYNC"), kNoReplication);
  EXPECT_EQ(Run("PSYNC", "?", "-1"), kNoReplication);
  EXPECT_EQ(Run("REPLCONF"), "+OK\r\n");
  EXPECT_EQ(Run("REPLCONF", "listening-port", "1", "capa", "eof"), "+OK\r\n");
  EXPECT_EQ(Run("REPLCONF", "listening-port"), kSyntax);
  EXPECT_EQ(Run("REPLCONF", "listening-port", "x"), kNotAnInteger);
  EXPECT_EQ(Run("REPLCONF", "x", "1"), "-ERR Unrecognized REPLCONF option: x\r\n");
  EXPECT_EQ(Run("REPLCONF", "ACK", "1"), "");  // as Redis answers nothing
}

class ClusterCommandsTest : public SessionCommandTest {};

TEST_F(ClusterCommandsTest, ThereIsNoCluster) {
  constexpr std::string_view kDisabled = "-ERR This instance has cluster support disabled\r\n";
  EXPECT_EQ(Run("CLUSTER", "NODES"), kDisabled);
  EXPECT_EQ(Run("CLUSTER", "HELP"), kDisabled);
  EXPECT_EQ(Run("READONLY"), kDisabled);
  EXPECT_EQ(Run("READWRITE"), kDisabled);
  EXPECT_EQ(Run("ASKING"), kDisabled);
  EXPECT_EQ(Run("CLUSTER", "NOSUCH"), "-ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP.\r\n");
  EXPECT_EQ(Run("CLUSTER", "KEYSLOT"),
            "-ERR wrong number of arguments for 'cluster|keyslot' command\r\n");
}

class ModuleCommandsTest : public SessionCommandTest {};

TEST_F(ModuleCommandsTest, ThereAreNoneAndNoneIsLoaded) {
  EXPECT_EQ(Run("MODULE", "LIST"), "*0\r\n");
  EXPECT_TRUE(Run("MODULE", "LOAD", "x").starts_with("-ERR MODULE command not allowed."));
  EXPECT_TRUE(Run("MODULE", "HELP").starts_with("*11\r\n+MODULE <subcommand>"));
}

}  // namespace
}  // namespace tally::server
