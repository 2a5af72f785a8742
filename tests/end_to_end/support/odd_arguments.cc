#include "tests/end_to_end/support/odd_arguments.h"

namespace tally::test {

using namespace std::string_literals;

// Lists are read in lines, not one to a line.
// clang-format off

namespace {

std::vector<std::string> BuildOddInputs() {
  const std::string ping = "*1\r\n$4\r\nPING\r\n";
  const std::string set = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n42\r\n";
  std::vector<std::string> inputs = {
      // Array headers.
      "*0\r\n" + ping, "*-1\r\n" + ping, "*-5\r\n" + ping, "*\r\n" + ping, "*a\r\n" + ping,
      "*1a\r\n" + ping, "* 1\r\n$4\r\nPING\r\n", "*1 \r\n$4\r\nPING\r\n", "*01\r\n$4\r\nPING\r\n",
      "*+1\r\n$4\r\nPING\r\n", "*2147483648\r\n" + ping, "*9223372036854775807\r\n",
      "*9223372036854775808\r\n", "*-9223372036854775808\r\n" + ping,
      "*1.0\r\n$4\r\nPING\r\n", "*1\n$4\nPING\n" + ping, "*1\rX$4\r\nPING\r\n",
      // Bulk headers.
      "*1\r\n$-1\r\n" + ping, "*1\r\n$\r\n" + ping, "*1\r\n$a\r\nPING\r\n", "*1\r\n:4\r\nPING\r\n",
      "*1\r\n+PING\r\n", "*1\r\nPING\r\n", "*1\r\n\r\n", "*1\r\n$536870913\r\n",
      "*1\r\n$9223372036854775807\r\n", "*1\r\n$99999999999999999999\r\n", "*1\r\n$04\r\nPING\r\n",
      "*1\r\n$+4\r\nPING\r\n", "*1\r\n$4 \r\nPING\r\n", "*1\r\n$ 4\r\nPING\r\n",
      "*2\r\n$4\r\nPING\r\n$-1\r\n", "*2\r\n$4\r\nPING\r\n*0\r\n",
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$-2\r\n", "*1\r\n$-0\r\n\r\n",
      // The two bytes after a bulk are taken on trust by Redis.
      "*1\r\n$4\r\nPINGXX" + ping, "*1\r\n$4\r\nPING\n\r" + ping, "*1\r\n$4\r\nPING\r\r" + ping,
      "*1\r\n$3\r\nPING\r\n" + ping, "*1\r\n$5\r\nPING\r\n" + ping,
      // Empty commands, nested and mixed forms.
      "*1\r\n$0\r\n\r\n" + ping, "*2\r\n$0\r\n\r\n$0\r\n\r\n",
      set + "*0\r\n" + set + "PING\r\n" + ping, "PING\r\n*0\r\n*-1\r\n\r\nPING\r\n",
      "\r\n\n\r\n" + ping, "\n" + ping, "\r\r\n", " \r\n" + ping,
      "$4\r\nPING\r\n", "+PING\r\n", ":1\r\n", "-ERR\r\n", "%1\r\n",
      ">1\r\n", "_\r\n",
      // Quoting in inline commands.
      "PING \"a\r\n" + ping, "PING 'a\r\n", "PING \"a\"b\r\n", "PING 'a'b\r\n",
      "SET a \"\\x4\"\r\nGET a\r\n", "SET a \"\\xZZ\"\r\nGET a\r\n", "SET a '\\'x\\''\r\nGET a\r\n",
      "SET a '\\n'\r\nGET a\r\n", "SET a \"\\n\\r\\t\\b\\a\\\\\\\"\"\r\nGET a\r\n",
      "SET a \"\"\r\nGET a\r\n", "SET a ''\r\nGET a\r\n", "SET a x\"y\"\r\nGET a\r\n",
      "SET a \"\\x00\\xff\"\r\nGET a\r\n", "\"\"\r\n" + ping, "'' x\r\n", "SET\ta\tb\r\nGET\ta\r\n",
      "SET\va\fb\r\nGET a\r\n",
      // Other protocols must not get far. (Redis may lose the replies to what stands before POST or
      // Host:, so nothing does here.)
      "POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a b\r\n", "Host: localhost\r\n" + set,
      "post x y\r\n", "*1\r\n$4\r\nPOST\r\n" + ping, "*1\r\n$5\r\nHost:\r\n" + ping,
      "\x16\x03\x01\x02\x01\xfc\x03\x03\r\n",
      // Incomplete at the end: nothing of it may be done.
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n9", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n99", "*", "*1",
      "*1\r", "*1\r\n$", "PING", "INCR a", "", set + "*2\r\n$4\r\nINCR\r\n$1\r\n",
  };
  inputs.push_back(std::string(66'000, 'a'));  // no end of line in 64 KiB
  inputs.push_back("SET a " + std::string(40'000, 'b') + "\r\nSTRLEN a\r\n");
  inputs.push_back("*" + std::string(66'000, '1'));
  inputs.push_back("*1\r\n$" + std::string(66'000, '1'));
  return inputs;
}

}  // namespace

const std::vector<std::string>& Keys() {
  static const std::vector<std::string> all = {
      "a", "b", "counter", "{t}1", "{t}2", "x{t}y", "{}1", "", "bin\0\r\n\xff key"s,
      std::string(200, 'k'),
  };
  return all;
}

const std::vector<std::string>& OddIntegers() {
  static const std::vector<std::string> all = {
      "9223372036854775807", "9223372036854775806", "9223372036854775808", "-9223372036854775808",
      "-9223372036854775807", "-9223372036854775809", "18446744073709551615",
      "18446744073709551616", "4611686018427387904", "-4611686018427387905", "2147483648",
      "4294967296", "+1", "01", "-01", "-0", "0", "00", "1.0", "1e3", " 1", "1 ", "1\n", "1\0"s, "",
      " ", "-", "+", "0x10", "abc", "--1", "1-", "99999999999999999999999999999999", "-1", "1",
      "10", "100", "-100",
  };
  return all;
}

const std::vector<std::string>& OddFloats() {
  static const std::vector<std::string> all = {
      "0.1", "-0.1", "3.0", "3.14159265358979323846", "1e5", "1E5", "1e-5", "5e-324", "1e-400",
      "1e308", "-1e308", "1.7976931348623157e308", "1e400", "-1e400", "1e4932", "1e5000", "inf",
      "-inf", "+inf", "Infinity", "nan", "-nan", "NAN", "0x10", "0x1p3", "0x1.8p1", ".5", "5.",
      "-.5", "+1.5", "1e", "1e+", "e1", ".", "1,5", " 1.5", "1.5 ", "1.5\0"s, "", "-0", "-0.0",
      "00.5", "1_000", "0.00000000000000001", "123456789012345678901234567890",
      "0.1000000000000000055511151231257827", "9007199254740993", "1.5e1.5",
  };
  return all;
}

const std::vector<Arguments>& ClientCommands() {
  static const std::vector<Arguments> all = {
      {"CLIENT"}, {"CLIENT", "FOO"}, {"CLIENT", "FOO", "bar"}, {"CLIENT", ""}, {"CLIENT", "ID"},
      {"CLIENT", "ID", "x"}, {"CLIENT", "INFO"}, {"CLIENT", "INFO", "x"}, {"CLIENT", "LIST"},
      {"CLIENT", "LIST", "TYPE"}, {"CLIENT", "LIST", "TYPE", "normal"},
      {"CLIENT", "LIST", "TYPE", "foo"}, {"CLIENT", "LIST", "ID"}, {"CLIENT", "LIST", "ID", "abc"},
      {"CLIENT", "LIST", "ID", "0"}, {"CLIENT", "LIST", "ID", "999999999"},
      {"CLIENT", "LIST", "FOO"}, {"CLIENT", "KILL"}, {"CLIENT", "KILL", "1.2.3.4:5"},
      {"CLIENT", "KILL", ""}, {"CLIENT", "KILL", "ID", "999999999"},
      {"CLIENT", "KILL", "ID", "abc"}, {"CLIENT", "KILL", "ID", "0"},
      {"CLIENT", "KILL", "ID", "-1"}, {"CLIENT", "KILL", "ID"},
      {"CLIENT", "KILL", "TYPE", "pubsub"}, {"CLIENT", "KILL", "TYPE", "foo"},
      {"CLIENT", "KILL", "USER", "nobody"}, {"CLIENT", "KILL", "ADDR", "1.2.3.4:5"},
      {"CLIENT", "KILL", "LADDR", "1.2.3.4:5"}, {"CLIENT", "KILL", "SKIPME", "maybe"},
      {"CLIENT", "KILL", "ADDR", "1.2.3.4:5", "SKIPME", "no"}, {"CLIENT", "KILL", "FOO", "bar"},
      {"CLIENT", "KILL", "ID", "999999999", "TYPE"}, {"CLIENT", "NO-EVICT", "ON"},
      {"CLIENT", "NO-EVICT", "off"}, {"CLIENT", "NO-EVICT", "foo"}, {"CLIENT", "NO-EVICT"},
      {"CLIENT", "REPLY"}, {"CLIENT", "REPLY", "foo"}, {"CLIENT", "REPLY", "ON"},
      {"CLIENT", "REPLY", "ON", "x"}, {"CLIENT", "PAUSE"}, {"CLIENT", "PAUSE", "abc"},
      {"CLIENT", "PAUSE", "-1"}, {"CLIENT", "PAUSE", "1.5"}, {"CLIENT", "PAUSE", "1", "FOO"},
      {"CLIENT", "PAUSE", "1", "WRITE"}, {"CLIENT", "PAUSE", "1"}, {"CLIENT", "PAUSE", "0", "ALL"},
      {"CLIENT", "UNPAUSE"}, {"CLIENT", "UNPAUSE", "x"}, {"CLIENT", "SETNAME"},
      {"CLIENT", "GETNAME", "x"},
  };
  return all;
}

const std::vector<std::string>& CommandNames() {
  static const std::vector<std::string> all = {
      "get", "SET", "setnx", "setex", "psetex", "getset", "getdel", "getex", "mget", "mset",
      "msetnx", "append", "getrange", "substr", "setrange", "lcs", "setbit", "getbit", "bitcount",
      "bitpos", "bitop", "bitfield", "bitfield_ro", "strlen", "incr", "decr", "incrby", "decrby", "incrbyfloat", "del",
      "unlink", "exists", "touch", "type", "expire", "pexpire", "expireat", "pexpireat", "ttl",
      "pttl", "expiretime", "pexpiretime", "persist", "rename", "renamenx", "copy", "move", "dump", "restore", "flushdb", "flushall", "swapdb", "dbsize", "select",
      "ping", "echo", "quit", "reset", "hello", "auth", "client", "command", "config", "info",
      "scan", "keys", "randomkey", "time", "save", "bgsave", "lastsave", "shutdown", "object", "memory", "debug", "object|encoding", "object|idletime",
      "object|freq", "object|refcount", "object|help", "memory|usage", "memory|help", "client|id", "client|kill", "config|get",
      "command|getkeys", "no-such-command", "", "get|x",
  };
  return all;
}

const std::vector<Arguments>& CommandsWithKeys() {
  static const std::vector<Arguments> all = {
      {"SET", "k", "v"}, {"set", "k", "v", "GET", "EX", "10"}, {"MSET", "a", "1", "b", "2"},
      {"MSETNX", "a", "1", "b"}, {"MGET", "a", "b", "c"}, {"DEL", "a"}, {"GET"}, {"GET", "a", "b"},
      {"PING"}, {"CONFIG", "GET", "x"}, {"CONFIG"}, {"nosuch", "x"}, {"EXPIRE", "k", "1", "NX"},
      {"CLIENT", "ID"}, {"FLUSHALL"}, {"GETEX", "k", "PX", "1"}, {"EXISTS", "x", "x"},
      {"OBJECT", "ENCODING", "k"}, {"OBJECT", "FREQ"}, {"OBJECT", "HELP"}, {"OBJECT"},
      {"MEMORY", "USAGE", "k", "SAMPLES", "1"}, {"DEBUG", "SLEEP", "0"}, {"DEBUG"},
      {"SCAN", "0"}, {"KEYS", "*"}, {"RANDOMKEY"},
      {"BITOP", "and", "d", "a", "b"}, {"BITOP", "not", "d"}, {"LCS", "a", "b", "IDX"},
      {"BITFIELD", "k", "GET", "u8", "0"}, {"BITFIELD", "k", "GET", "u8", "0", "SET", "u8", "0", "1"},
      {"BITFIELD", "k", "OVERFLOW", "SAT", "get", "u8", "0"}, {"BITFIELD", "k", "GET", "u8"},
      {"COPY", "a", "b", "DB", "1"}, {"RENAME", "a", "b"}, {"MOVE", "a", "1"}, {"DUMP", "a"},
      {"RESTORE", "a", "0", "x"},
      {"BITFIELD", "k"}, {"BITFIELD_RO", "k", "GET", "u8", "0"}, {"SETRANGE", "k", "1", "x"},
  };
  return all;
}

const std::vector<Arguments>& ConfigCommands() {
  static const std::vector<Arguments> all = {
      {"CONFIG"}, {"CONFIG", "GET"}, {"CONFIG", "FOO"}, {"CONFIG", "FOO", "x"},
      {"CONFIG", "GET", "timeout"}, {"CONFIG", "GET", "TIMEOUT"}, {"CONFIG", "GET", "timeou?"},
      {"CONFIG", "GET", "[t]imeout"}, {"CONFIG", "GET", "time\\out"}, {"CONFIG", "GET", "nosuch"},
      {"CONFIG", "GET", ""}, {"CONFIG", "GET", "timeout", "timeout"},
      {"CONFIG", "GET", "timeout", "databases", "nosuch"}, {"CONFIG", "GET", "databases"},
      {"CONFIG", "GET", "tcp-keepalive"}, {"CONFIG", "GET", "appendfsync"},
      {"CONFIG", "GET", "requirepass"}, {"CONFIG", "GET", "proto-max-bulk-len"},
      {"CONFIG", "GET", "tcp-backlog"}, {"CONFIG", "GET", "maxmemory"}, {"CONFIG", "GET", "dir"},
      {"CONFIG", "GET", "port"}, {"CONFIG", "GET", "save"}, {"CONFIG", "GET", "appendonly"},
      {"CONFIG", "SET"}, {"CONFIG", "SET", "timeout"}, {"CONFIG", "SET", "nosuch", "1"},
      {"CONFIG", "SET", "timeout", "0"}, {"CONFIG", "SET", "TimeOut", "300"},
      {"CONFIG", "SET", "timeout", "-1"}, {"CONFIG", "SET", "timeout", "abc"},
      {"CONFIG", "SET", "timeout", ""}, {"CONFIG", "SET", "timeout", "2147483648"},
      {"CONFIG", "SET", "timeout", "1", "nosuch", "2"}, {"CONFIG", "SET", "timeout", "300", "x"},
      {"CONFIG", "SET", "timeout", "300", "timeout", "400"},
      {"CONFIG", "SET", "timeout", "300", "tcp-keepalive", "abc"},
      {"CONFIG", "SET", "timeout", "400", "tcp-keepalive", "200"},
      {"CONFIG", "SET", "tcp-keepalive", "300"}, {"CONFIG", "SET", "tcp-keepalive", "-1"},
      {"CONFIG", "SET", "databases", "4"}, {"CONFIG", "SET", "appendfsync", "sometimes"},
      {"CONFIG", "SET", "appendfsync", "always"}, {"CONFIG", "SET", "appendfsync", "ALWAYS"},
      {"CONFIG", "SET", "maxclients", "abc"}, {"CONFIG", "SET", "maxclients", "0"},
      {"CONFIG", "SET", "proto-max-bulk-len", "512mb"},
      {"CONFIG", "SET", "proto-max-bulk-len", "536870912"},
      // Not one out of range: the error names the range, which in Tally ends with the longest value.
      {"CONFIG", "SET", "proto-max-bulk-len", "1xb"},
      {"CONFIG", "SET", "maxmemory", "1gb"}, {"CONFIG", "SET", "MAXMEMORY", "-1"},
      {"CONFIG", "SET", "maxmemory", "10%"}, {"CONFIG", "SET", "maxmemory", "0"},
      {"CONFIG", "SET", "maxmemory", "1gb", "maxmemory", "2gb"},
      {"CONFIG", "GET", "maxmemory-policy"}, {"CONFIG", "GET", "enable-debug-command"},
      {"CONFIG", "SET", "enable-debug-command", "no"},
      {"CONFIG", "RESETSTAT"}, {"CONFIG", "RESETSTAT", "x"},
  };
  return all;
}

const std::vector<Arguments>& ServerCommands() {
  static const std::vector<Arguments> all = {
      {"TIME"}, {"TIME", "x"}, {"LASTSAVE"}, {"LASTSAVE", "x"}, {"INFO"}, {"INFO", "server"},
      {"INFO", "nosuch"}, {"INFO", "server", "clients"}, {"info", "EVERYTHING"}, {"SAVE"},
      {"SAVE", "x"}, {"BGSAVE", "x"}, {"BGSAVE", "SCHEDULE", "x"}, {"SHUTDOWN", "FOO"},
      {"SHUTDOWN", "SAVE", "NOSAVE"}, {"SHUTDOWN", "NOW", "ABORT"}, {"SHUTDOWN", "ABORT"},
      {"DBSIZE", "x"},
  };
  return all;
}

const std::vector<Arguments>& ObjectCommands() {
  static const std::vector<Arguments> all = {
      {"OBJECT"}, {"OBJECT", "FOO"}, {"OBJECT", "FOO", "a"}, {"OBJECT", ""}, {"OBJECT", "ENCODING"},
      {"OBJECT", "ENCODING", "nosuch", "b"}, {"OBJECT", "IDLETIME"}, {"OBJECT", "REFCOUNT", "nosuch"},
      {"OBJECT", "ENCODING", "nosuch"}, {"OBJECT", "HELP", "x"}, {"MEMORY"}, {"MEMORY", "FOO"},
      {"MEMORY", ""}, {"MEMORY", "USAGE"}, {"MEMORY", "USAGE", "nosuch"}, {"MEMORY", "HELP", "x"},
      {"MEMORY", "USAGE", "nosuch", "SAMPLES"}, {"MEMORY", "USAGE", "nosuch", "FOO", "1"},
      {"MEMORY", "USAGE", "nosuch", "SAMPLES", "1", "samples", "2"},
      {"MEMORY", "USAGE", "nosuch", "SAMPLES", "1", "2"},
  };
  return all;
}

// Not RELOAD NOFLUSH: Redis does not survive it.
const std::vector<Arguments>& DebugCommands() {
  static const std::vector<Arguments> all = {
      {"DEBUG"}, {"DEBUG", "FOO"}, {"DEBUG", ""}, {"DEBUG", "HELP", "x"}, {"DEBUG", "SLEEP"},
      {"DEBUG", "SLEEP", "0"}, {"debug", "sleep", "0.001"}, {"DEBUG", "SLEEP", "abc"},
      {"DEBUG", "SLEEP", "-1"}, {"DEBUG", "SLEEP", ""}, {"DEBUG", "SLEEP", "0", "x"},
      {"DEBUG", "SET-ACTIVE-EXPIRE"}, {"DEBUG", "SET-ACTIVE-EXPIRE", "0"},
      {"DEBUG", "set-active-expire", "1"}, {"DEBUG", "SET-ACTIVE-EXPIRE", "foo"},
      {"DEBUG", "SET-ACTIVE-EXPIRE", "1", "x"}, {"DEBUG", "RELOAD"}, {"DEBUG", "RELOAD", "merge"},
      {"DEBUG", "RELOAD", "FOO"}, {"DEBUG", "RELOAD", "NOSAVE", "FOO"},
  };
  return all;
}

const std::vector<std::string>& OddInputs() {
  static const std::vector<std::string> all = BuildOddInputs();
  return all;
}
// clang-format on

}  // namespace tally::test
