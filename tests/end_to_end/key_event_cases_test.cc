// notify-keyspace-events, command by command: for each of these the subscriber hears from Tally what it hears
// from redis-server, and nothing else. (Long random streams of them: key_events_test.cc.)
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/observed_server.h"
#include "tests/end_to_end/support/resp.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

// One case a line, its commands separated by ';'. An argument '' is empty, <dump> a value for RESTORE. PXAT 1
// is past: what has it expires when somebody looks, since nothing else looks here. With two threads a has
// another shard than b and c.
constexpr std::string_view kCases = R"(
SET a 1; SET a 2
SET a 1 NX; SET a 1 NX; SET a 1 XX; SET b 1 XX
SET a 1 EX 100; SET a 2 KEEPTTL; SET a 3; SET a 3 KEEPTTL
SET a 1 GET; SET a 2 GET; SET a 3 NX GET; SET b 1 XX GET
SET a 1 PX 0; SET a 1 EX x; SET a 1 NX XX
SET a 1 PXAT 1; GET a; GET a
SET a 1; SET a 2 EXAT 1; DEL a
SET a 1 PXAT 1; SET a 2
SET a 1 PXAT 1; SET a 2 XX; SET a 1 NX
SETNX a 1; SETNX a 2; SET b 1 PXAT 1; SETNX b 2
SETEX a 100 1; SETEX a 0 1; PSETEX a 100000 2; SET b 1 PXAT 1; SETEX b 100 1
GETSET a 1; GETSET a 2; SET b 1 PXAT 1; GETSET b 2
GETDEL a; SET a 1; GETDEL a; SET a 1 PXAT 1; GETDEL a
GETEX a; SET a 1; GETEX a; GETEX a PERSIST; GETEX a EX 100; GETEX a PERSIST
SET a 1; GETEX a PXAT 1; SET a 1; GETEX a EXAT 1
SET a 1; GETEX a PXAT 9999999999999; GETEX a PXAT 9999999999999
MSET a 1 b 2 c 3; MSET a 1 a 2; SET b 1 PXAT 1; MSET b 2 d 3
MSETNX a 1 b 2; MSETNX b 1 d 2; SET a 1 PXAT 1; MSETNX a 2 e 1; DEL b; MSETNX a 2 b 3; SET c 1 PXAT 1; MSETNX c 1 d 1
APPEND a ''; APPEND a x; APPEND a ''; SET b 1 PXAT 1; APPEND b 2
SETRANGE a 0 ''; SETRANGE a 3 x; SETRANGE a 0 ''; SETRANGE a 0 y; SETRANGE a -1 x; SET b 1 PXAT 1; SETRANGE b 0 ''
SET b 1 PXAT 1; SETRANGE b 0 x
INCR a; DECR a; INCRBY a 5; DECRBY a 5; INCRBY a 0; INCRBY a x; SET b x; INCR b; SET c 1 PXAT 1; INCR c
INCRBYFLOAT a 1.5; INCRBYFLOAT a 0; INCRBYFLOAT a x; SET b 1 PXAT 1; INCRBYFLOAT b 1
SETBIT a 7 1; SETBIT a 7 1; SETBIT a 3 0; SETBIT b 0 0; SETBIT a -1 1; SET c 1 PXAT 1; SETBIT c 1 1
BITOP AND a b c; SET b 1; BITOP AND a b c; BITOP OR a b b; BITOP NOT a b; BITOP NOT a d; BITOP NOT a d
SET a 1 PXAT 1; BITOP AND a b c; GET a
SET a 1 PXAT 1; SET b 1; BITOP OR a b b; GET a
SET a 1 PXAT 1; BITOP OR a a b
BITFIELD a SET u8 0 1; BITFIELD a SET u8 0 1; BITFIELD a SET u8 0 2 GET u8 0; BITFIELD a GET u8 0; BITFIELD b GET u8 0
BITFIELD a INCRBY u2 0 1; BITFIELD a OVERFLOW FAIL INCRBY u2 0 9; BITFIELD a INCRBY u2 100 0; BITFIELD b SET u8 0 0
BITFIELD a OVERFLOW FAIL INCRBY u2 0 9; BITFIELD_RO b GET u8 0
DEL a; SET a 1; DEL a; MSET a 1 b 1 c 1; DEL a b c d a; MSET a 1 b 1; UNLINK a b; SET a 1 PXAT 1; DEL a; SET b 1 PXAT 1; UNLINK b
EXPIRE a 100; SET a 1; EXPIRE a 100; EXPIRE a 100 NX; EXPIRE a 200 XX; EXPIRE a 100 GT; EXPIRE a 50 LT; PERSIST a; PERSIST a; PERSIST b
SET a 1; EXPIRE a -1; SET a 1; PEXPIRE a 0; SET a 1; EXPIREAT a 1; SET a 1; PEXPIREAT a 1
SET a 1; PEXPIREAT a 9999999999999; PEXPIREAT a 9999999999999; PEXPIRE a 100000; EXPIREAT a 9999999999
SET a 1 PXAT 1; EXPIRE a 100; SET a 1 PXAT 1; PERSIST a; SET a 1 PXAT 1; EXPIRE a -1
RENAME a b; SET a 1; RENAME a b; SET a 2; RENAME a b; RENAME b b; RENAMENX b b; SET a 1; RENAMENX a b; RENAMENX a d
SET a 1 PXAT 1; RENAME a b; SET a 1; SET b 1 PXAT 1; RENAME a b; SET c 1 PXAT 1; RENAMENX b c
COPY a b; SET a 1; COPY a b; COPY a b; COPY a b REPLACE; COPY a b DB 2; COPY a a DB 2; COPY a a
SET a 1; SET b 1 PXAT 1; COPY a b; SET a 1 PXAT 1; COPY a d; SET a 1; SET b 1 PXAT 1; COPY a b REPLACE
MOVE a 1; SET a 1; MOVE a 1; SET a 1; MOVE a 1; SELECT 1; MOVE a 2; MOVE a 2; SET b 1 PXAT 1; MOVE b 0; MOVE b 1
SET a 1; SWAPDB 0 1; GET a; SELECT 1; GET a; DEL a; SET b 1 PXAT 1; SWAPDB 1 2; SELECT 2; GET b
RESTORE a 0 <dump>; RESTORE a 0 <dump>; RESTORE a 0 <dump> REPLACE; RESTORE a 100000 <dump> REPLACE; RESTORE b 1 <dump> ABSTTL
RESTORE a 0 <dump>; RESTORE a 1 <dump> REPLACE ABSTTL; RESTORE a 1 <dump> REPLACE ABSTTL; RESTORE a 0 x; RESTORE a 0 <dump> IDLETIME 5
SET a 1 PXAT 1; RESTORE a 0 <dump> REPLACE; SET b 1 PXAT 1; RESTORE b 0 <dump>
SET a 1 PXAT 1; RESTORE a 1 <dump> REPLACE ABSTTL; GET a; SET b 1 PXAT 1; RESTORE b 0 bad REPLACE; GET b
SET a 1; FLUSHDB; SET a 1; FLUSHALL; GET a
GET a; STRLEN a; GETRANGE a 0 1; SUBSTR a 0 1; EXISTS a b; TOUCH a b; TYPE a; TTL a; PTTL a; EXPIRETIME a; PEXPIRETIME a
MGET a b a; DUMP a; GETBIT a 1; BITCOUNT a; BITPOS a 1; LCS a b; OBJECT ENCODING a; OBJECT REFCOUNT a; OBJECT IDLETIME a; MEMORY USAGE a
SET a 1 PXAT 1; OBJECT ENCODING a; SET a 1 PXAT 1; TYPE a; SET a 1 PXAT 1; EXISTS a; SET a 1 PXAT 1; TOUCH a; SET a 1 PXAT 1; TTL a
SET a 1 PXAT 1; MEMORY USAGE a SAMPLES x; GET a; SET a 1 PXAT 1; MGET a b; SET a 1 PXAT 1; LCS a b; SET a 1 PXAT 1; BITFIELD a GET u8 0
SET a 1 PXAT 1; BITFIELD a SET u8 0 1; SET a 1 PXAT 1; GETEX a; SET a 1 PXAT 1; DUMP a; SET a 1 PXAT 1; STRLEN a
SET a 1 PXAT 1; KEYS *; GET a
SET a 1 PXAT 1; SCAN 0 COUNT 100; GET a
MULTI; SET a 1; SET b 2; DEL a; RENAME b c; GET b; EXEC
MULTI; SET a 1; SET b 1; DISCARD; GET a
MULTI; SET a 1; INCR a x; EXEC
MULTI; SET a x; INCR a; SET b 1; EXEC
SET a 1 PXAT 1; SET b 1 PXAT 1; MULTI; GET b; GET a; SET a 2; EXEC
MULTI; SELECT 1; SET a 1; SELECT 0; SET b 1; MOVE b 3; EXEC
MULTI; CONFIG SET notify-keyspace-events Kg; SET a 1; DEL a; CONFIG SET notify-keyspace-events E$; SET b 1; DEL b; EXEC
CONFIG SET notify-keyspace-events K$; SET a 1; DEL a; CONFIG SET notify-keyspace-events Eg; SET a 1; DEL a; CONFIG SET notify-keyspace-events A; SET a 1
CONFIG SET notify-keyspace-events Kx; SET a 1 PXAT 1; GET a; GET a; CONFIG SET notify-keyspace-events Em; GET a; SET a 1; CONFIG SET notify-keyspace-events En; SET b 1
CONFIG SET notify-keyspace-events KEA; SET a 1; GET none; CONFIG SET notify-keyspace-events Ky; CONFIG GET notify-keyspace-events; CONFIG SET notify-keyspace-events ''
)";

constexpr std::string_view kFenceKey = "the-fence";

std::vector<Arguments> CommandsOf(const std::string& line, const std::string& dump) {
  std::vector<Arguments> commands;
  std::istringstream parts(line);
  for (std::string part; std::getline(parts, part, ';');) {
    std::istringstream words(part);
    Arguments command;
    for (std::string word; words >> word;) {
      if (word == "''") word.clear();
      command.push_back(word == "<dump>" ? dump : word);
    }
    commands.push_back(std::move(command));
  }
  return commands;
}

std::string DumpOf(ObservedServer* server) {
  server->client.Command({"SET", "x", "x"});
  server->client.Send({"DUMP", "x"});
  const std::optional<Reply> reply = server->client.ReadReply();
  return reply ? reply->text : "";
}

/// What the subscriber has heard since the last call, and the replies.
struct Told {
  std::string replies;
  std::string heard;
};

bool TellsTheSameEverywhere(const Arguments& command) {
  return command[0] != "DUMP" && command[0] != "PTTL" && command[0] != "OBJECT";
}

Told Tell(ObservedServer* server, const std::vector<Arguments>& commands) {
  Told told;
  Client& client = server->client;
  client.Command({"SELECT", "0"});
  client.Command({"CONFIG", "SET", "notify-keyspace-events", "KEAmn"});
  client.Command({"FLUSHALL"});
  for (const Arguments& command : commands) {
    const std::string reply = client.Command(command);
    told.replies += TellsTheSameEverywhere(command) ? reply : reply.substr(0, 1);
  }
  client.Command({"CONFIG", "SET", "notify-keyspace-events", "E$"});
  client.Command({"SET", kFenceKey, ""});
  for (;;) {
    const std::optional<std::string> message = server->subscriber.ReadRawReply();
    if (!message) {
      ADD_FAILURE() << "the fence is missing";
      return told;
    }
    if (message->find(kFenceKey) != std::string::npos) return told;
    told.heard += "\n  " + Printable(*message);
  }
}

class KeyEventCasesTest : public testing::TestWithParam<std::tuple<int, int, bool>> {};

TEST_P(KeyEventCasesTest, AreToldAsRedisTellsThem) {
  const auto [threads, resp, tiny_memory] = GetParam();
  const std::vector<std::string> debug{"--enable-debug-command", "yes"};
  ObservedServer ours({.threads = threads, .tiny_memory = tiny_memory, .extra_arguments = debug},
                      resp);
  ObservedServer theirs({.kind = ServerKind::kOracle, .extra_arguments = debug}, resp);
  for (ObservedServer* const server : {&ours, &theirs}) {
    ASSERT_EQ(server->client.Command({"DEBUG", "SET-ACTIVE-EXPIRE", "0"}), "+OK\r\n");
  }
  const std::string dump = DumpOf(&theirs);
  std::istringstream lines{std::string(kCases)};
  int cases = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    ++cases;
    const std::vector<Arguments> commands = CommandsOf(line, dump);
    const Told got = Tell(&ours, commands);
    const Told wanted = Tell(&theirs, commands);
    EXPECT_EQ(got.replies, wanted.replies) << line;
    EXPECT_EQ(got.heard, wanted.heard) << line;
  }
  EXPECT_GT(cases, 50);
}

INSTANTIATE_TEST_SUITE_P(Servers, KeyEventCasesTest,
                         testing::Values(std::tuple(1, 2, false), std::tuple(2, 3, false),
                                         std::tuple(2, 2, true)),
                         [](const auto& test) {
                           return fmt::format("{}ThreadsResp{}{}", std::get<0>(test.param),
                                              std::get<1>(test.param),
                                              std::get<2>(test.param) ? "TinyMemory" : "");
                         });

}  // namespace
}  // namespace tally::test
