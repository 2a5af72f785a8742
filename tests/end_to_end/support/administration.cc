// Commands about the server as a whole whose arguments are not worth drawing.
#include "tests/end_to_end/support/odd_arguments.h"

namespace tally::test {

// clang-format off
const std::vector<Arguments>& AdministrationCommands() {
  static const std::vector<Arguments> all = {
      {"ROLE"}, {"ROLE", "x"}, {"REPLICAOF", "NO", "ONE"}, {"slaveof", "no", "one"},
      {"REPLICAOF", "h", "abc"}, {"REPLICAOF", "h", "99999999"}, {"REPLICAOF", "a"}, {"FAILOVER"},
      {"FAILOVER", "ABORT"}, {"FAILOVER", "TO"}, {"FAILOVER", "TO", "a"},
      {"FAILOVER", "TO", "a", "1"}, {"FAILOVER", "TO", "a", "x"},
      {"FAILOVER", "TO", "a", "1", "FORCE", "TIMEOUT", "100"}, {"FAILOVER", "TIMEOUT", "0"},
      {"FAILOVER", "TIMEOUT", "abc"}, {"FAILOVER", "ABORT", "TIMEOUT", "1"},
      {"FAILOVER", "TIMEOUT", "1", "TIMEOUT", "2"}, {"FAILOVER", "FORCE"}, {"REPLCONF", "a"},
      {"REPLCONF", "a", "b"}, {"REPLCONF", "listening-port", "x"}, {"REPLCONF", "capa", "eof"},
      {"PSYNC", "a"}, {"CLUSTER"}, {"CLUSTER", "INFO"}, {"cluster", "nodes"},
      {"CLUSTER", "KEYSLOT"}, {"CLUSTER", "KEYSLOT", "a"}, {"CLUSTER", "FOO"}, {"CLUSTER", "HELP"},
      {"CLUSTER", "SETSLOT", "1", "x"}, {"READONLY"}, {"READWRITE"}, {"ASKING"}, {"READONLY", "x"},
      {"MODULE"}, {"MODULE", "LIST"}, {"MODULE", "LIST", "x"}, {"MODULE", "LOAD", "x"},
      {"MODULE", "LOAD"}, {"MODULE", "UNLOAD", "x"}, {"MODULE", "FOO"}, {"MODULE", "HELP"}, {"ACL"},
      {"ACL", "WHOAMI"}, {"ACL", "WHOAMI", "x"}, {"ACL", "CAT"}, {"ACL", "CAT", "geo"},
      {"ACL", "CAT", "string"}, {"ACL", "CAT", "nosuch"}, {"ACL", "CAT", "a", "b"},
      {"ACL", "USERS"}, {"ACL", "FOO"}, {"LOLWUT"}, {"LOLWUT", "VERSION", "x"},
      {"LOLWUT", "VERSION", "5", "1", "x"}, {"LOLWUT", "x"}, {"MEMORY", "DOCTOR"},
      {"MEMORY", "PURGE"}, {"MEMORY", "STATS"}, {"MEMORY", "DOCTOR", "x"}, {"SLOWLOG"},
      {"SLOWLOG", "GET"}, {"SLOWLOG", "GET", "1"}, {"SLOWLOG", "GET", "x"},
      {"SLOWLOG", "GET", "-2"}, {"SLOWLOG", "GET", "1", "2"}, {"SLOWLOG", "LEN"},
      {"SLOWLOG", "LEN", "x"}, {"SLOWLOG", "RESET"}, {"SLOWLOG", "FOO"}, {"SLOWLOG", "HELP"},
      {"LATENCY"}, {"LATENCY", "LATEST"}, {"LATENCY", "HISTORY", "x"}, {"LATENCY", "GRAPH", "x"},
      {"LATENCY", "RESET"}, {"LATENCY", "DOCTOR"}, {"LATENCY", "FOO"}, {"LATENCY", "HISTOGRAM"},
      {"LATENCY", "HISTOGRAM", "nosuch"}, {"LATENCY", "HELP"}, {"WAIT", "0", "0"},
      {"WAIT", "a", "0"}, {"WAIT", "0", "a"}, {"WAIT", "0", "-1"}, {"WAIT", "1", "10"},
      {"WAIT", "0"}, {"CLIENT", "UNBLOCK", "999999999"}, {"CLIENT", "UNBLOCK", "x"},
      {"CLIENT", "UNBLOCK", "999999999", "x"}, {"CLIENT", "UNBLOCK", "999999999", "ERROR", "x"},
      {"CLIENT", "UNBLOCK"}, {"CONFIG", "REWRITE"}, {"CONFIG", "REWRITE", "x"},
      {"CONFIG", "GET", "slowlog-max-len"}, {"CONFIG", "GET", "latency-tracking-info-percentiles"},
      {"CONFIG", "SET", "slowlog-max-len", "-1"}, {"CONFIG", "SET", "slowlog-log-slower-than", "x"},
      {"CONFIG", "SET", "slowlog-log-slower-than", "-2"},
      {"CONFIG", "SET", "latency-monitor-threshold", "-1"},
      {"CONFIG", "SET", "latency-tracking", "maybe"},
      {"CONFIG", "SET", "latency-tracking-info-percentiles", "x"},
      {"CONFIG", "SET", "latency-tracking-info-percentiles", "101"}, {"MONITOR", "x"},
  };
  return all;
}

const std::vector<std::string>& AdministrationNames() {
  static const std::vector<std::string> all = {
      "role", "replicaof", "slaveof", "failover", "psync", "replconf", "sync", "cluster",
      "cluster|info", "cluster|setslot", "cluster|meet", "cluster|failover", "readonly",
      "readwrite", "asking", "module", "module|list", "module|load", "module|loadex", "acl|cat",
      "acl|whoami", "acl|users", "lolwut", "memory|doctor", "memory|stats", "memory|purge",
      "memory|malloc-stats", "slowlog|get", "slowlog|len", "slowlog|reset", "latency|histogram",
      "latency|latest", "latency|reset", "latency|help", "wait", "client|unblock", "config|rewrite",
      "monitor",
  };
  return all;
}
// clang-format on

}  // namespace tally::test
