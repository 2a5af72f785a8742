// What a user does first, through real sockets, with --threads 1, 2 and 4.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

using std::chrono::milliseconds;

constexpr auto kRefusalTimeout = milliseconds(20'000);

/// A hiredis connection, as an application has it. Replies as plain text.
class Hiredis {
 public:
  explicit Hiredis(uint16_t port) : context_(redisConnect("127.0.0.1", port), &redisFree) {
    if (context_ == nullptr || context_->err != 0)
      throw std::runtime_error("hiredis: no connection");
  }

  std::string operator()(const std::vector<std::string>& arguments) {
    Append(arguments);
    return Next();
  }

  void Append(const std::vector<std::string>& arguments) {
    std::vector<const char*> values;
    std::vector<size_t> lengths;
    for (const std::string& argument : arguments) {
      values.push_back(argument.data());
      lengths.push_back(argument.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(values.size()), values.data(),
                           lengths.data());
  }

  std::string Next() {
    void* reply = nullptr;
    if (redisGetReply(context_.get(), &reply) != REDIS_OK) return "(no reply)";
    const std::unique_ptr<void, decltype(&freeReplyObject)> owner(reply, &freeReplyObject);
    return Text(*static_cast<const redisReply*>(reply));
  }

 private:
  static std::string Text(const redisReply& reply) {
    switch (reply.type) {
      case REDIS_REPLY_INTEGER:
        return std::to_string(reply.integer);
      case REDIS_REPLY_NIL:
        return "(nil)";
      case REDIS_REPLY_ARRAY: {
        std::string all;
        for (size_t i = 0; i < reply.elements; ++i) {
          all += (i == 0 ? "" : " ") + Text(*reply.element[i]);
        }
        return all;
      }
      default:
        return {reply.str, static_cast<size_t>(reply.len)};
    }
  }

  std::unique_ptr<redisContext, decltype(&redisFree)> context_;
};

class BasicTest : public testing::TestWithParam<int> {
 protected:
  ServerProcess server_{{.threads = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(Threads, BasicTest, testing::Values(1, 2, 4),
                         [](const auto& test) { return fmt::format("{}Threads", test.param); });

TEST_P(BasicTest, CounterGoesOnAfterKill9) {
  {
    Hiredis redis(server_.port());
    EXPECT_EQ(redis({"INCR", "A"}), "1");
    EXPECT_EQ(redis({"INCR", "A"}), "2");
    EXPECT_EQ(redis({"INCR", "A"}), "3");
  }
  server_.Kill9();
  server_.Restart();
  Hiredis redis(server_.port());
  EXPECT_EQ(redis({"GET", "A"}), "3");
  EXPECT_EQ(redis({"INCR", "A"}), "4");
}

TEST_P(BasicTest, EveryKindOfChangeIsThereAfterKill9) {
  const std::string binary("bin\0\r\n\xff", 7);
  {
    Hiredis redis(server_.port());
    redis({"SET", "text", "value"});
    redis({"SET", binary, binary});
    redis({"SET", "", "the empty name"});
    redis({"SET", "far", "v", "PXAT", "4102444800123"});
    redis({"SET", "past", "v", "PXAT", "1"});
    redis({"MSET", "a", "1", "b", "2", "c", "3"});
    redis({"DEL", "b"});
    redis({"INCRBYFLOAT", "float", "0.5"});
    redis({"APPEND", "text", "s"});
    redis({"SELECT", "9"});
    redis({"SET", "text", "of database 9"});
    redis({"SELECT", "3"});
    redis({"SET", "gone", "x"});
    redis({"FLUSHDB"});
  }
  server_.Kill9();
  server_.Restart();
  Hiredis redis(server_.port());
  EXPECT_EQ(redis({"GET", "text"}), "values");
  EXPECT_EQ(redis({"GET", binary}), binary);
  EXPECT_EQ(redis({"GET", ""}), "the empty name");
  EXPECT_EQ(redis({"PEXPIRETIME", "far"}), "4102444800123");
  EXPECT_EQ(redis({"EXISTS", "past"}), "0");
  EXPECT_EQ(redis({"MGET", "a", "b", "c"}), "1 (nil) 3");
  EXPECT_EQ(redis({"GET", "float"}), "0.5");
  EXPECT_EQ(redis({"SELECT", "9"}), "OK");
  EXPECT_EQ(redis({"GET", "text"}), "of database 9");
  EXPECT_EQ(redis({"SELECT", "3"}), "OK");
  EXPECT_EQ(redis({"DBSIZE"}), "0");
}

TEST_P(BasicTest, FlushAllIsThereAfterKill9) {
  {
    Hiredis redis(server_.port());
    for (int i = 0; i < 100; ++i) redis.Append({"SET", fmt::format("key:{}", i), "x"});
    for (int i = 0; i < 100; ++i) EXPECT_EQ(redis.Next(), "OK");
    EXPECT_EQ(redis({"FLUSHALL"}), "OK");
    EXPECT_EQ(redis({"SET", "key:7", "after"}), "OK");
  }
  server_.Kill9();
  server_.Restart();
  Hiredis redis(server_.port());
  EXPECT_EQ(redis({"DBSIZE"}), "1");
  EXPECT_EQ(redis({"GET", "key:7"}), "after");
  EXPECT_EQ(redis({"GET", "key:8"}), "(nil)");
}

TEST_P(BasicTest, SigtermExitsWithZeroAndKeepsTheData) {
  {
    Hiredis redis(server_.port());
    for (int i = 0; i < 1000; ++i) redis.Append({"INCR", fmt::format("key:{}", i % 10)});
    for (int i = 0; i < 1000; ++i) redis.Next();
  }
  const ExitStatus exit = server_.Terminate();
  EXPECT_TRUE(exit.Clean()) << exit.Describe() << "\n" << server_.Log();
  server_.Restart();
  Hiredis redis(server_.port());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(redis({"GET", fmt::format("key:{}", i)}), "100");
}

TEST_P(BasicTest, SigtermUnderLoadExitsWithZeroAndKeepsWhatWasAcknowledged) {
  int64_t acknowledged = 0;
  int64_t sent = 0;
  {
    std::jthread client([port = server_.port(), &acknowledged, &sent] {
      Client connection(port);
      do {
        ++sent;
      } while (connection.Command({"INCR", "counter"}) == fmt::format(":{}\r\n", sent) &&
               ++acknowledged > 0);
    });
    std::this_thread::sleep_for(milliseconds(200));
    EXPECT_TRUE(server_.Terminate().Clean()) << server_.Log();
  }
  server_.Restart();
  Hiredis redis(server_.port());
  const int64_t found = std::atoll(redis({"GET", "counter"}).c_str());
  EXPECT_GE(found, acknowledged);
  EXPECT_LE(found, sent);
  EXPECT_GT(acknowledged, 0);
}

TEST_P(BasicTest, ShutdownCommandExitsWithZero) {
  Client client(server_.port());
  EXPECT_EQ(client.Command({"INCR", "A"}), ":1\r\n");
  client.Send({"SHUTDOWN"});
  EXPECT_EQ(client.ReadUntilClosed(), "");
  const auto exit = server_.WaitForExit(kRefusalTimeout);
  ASSERT_TRUE(exit);
  EXPECT_TRUE(exit->Clean()) << exit->Describe() << server_.Log();
  server_.Restart();
  EXPECT_EQ(Client(server_.port()).Command({"INCR", "A"}), ":2\r\n");
}

TEST_P(BasicTest, HelloSwitchesToResp3AndBack) {
  Client client(server_.port());
  EXPECT_EQ(client.Command({"GET", "missing"}), "$-1\r\n");
  ASSERT_TRUE(client.Send({"HELLO", "3"}));
  const auto hello = client.ReadReply();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->type, '%');
  ASSERT_EQ(hello->elements.size(), 14U);
  EXPECT_EQ(hello->elements[4].text, "proto");
  EXPECT_EQ(hello->elements[5].integer, 3);
  EXPECT_EQ(client.Command({"GET", "missing"}), "_\r\n");
  EXPECT_EQ(client.Command({"CONFIG", "GET", "timeout"}), "%1\r\n$7\r\ntimeout\r\n$1\r\n0\r\n");
  EXPECT_EQ(client.Command({"HELLO", "4"}), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_EQ(client.Command({"GET", "missing"}), "_\r\n");
  EXPECT_EQ(client.Command({"HELLO", "2"}).front(), '*');
  EXPECT_EQ(client.Command({"GET", "missing"}), "$-1\r\n");
}

TEST_P(BasicTest, PipelineOfTenThousandIsAnsweredInOrder) {
  constexpr int kCommands = 10'000;
  constexpr int kCounters = 7;
  Client client(server_.port());
  std::string bytes;
  std::string expected;
  for (int i = 0; i < kCommands; ++i) {
    bytes += EncodeCommand({"INCR", fmt::format("counter:{}", i % kCounters)});
    expected += fmt::format(":{}\r\n", 1 + i / kCounters);
  }
  bytes += EncodeCommand({"ECHO", "end"});
  expected += "$3\r\nend\r\n";
  ASSERT_TRUE(client.SendRaw(bytes));
  EXPECT_EQ(client.ReadUntil("end\r\n"), expected);
}

TEST_P(BasicTest, PipelineOfKeysOfAllShardsKeepsItsOrder) {
  // Every MGET reads what the commands right before it changed, wherever these keys live.
  Client client(server_.port());
  std::string bytes;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    bytes += EncodeCommand({"SET", fmt::format("a:{}", i), "1"});
    bytes += EncodeCommand({"INCR", fmt::format("b:{}", i)});
    bytes += EncodeCommand({"MGET", fmt::format("a:{}", i), fmt::format("b:{}", i)});
    bytes += EncodeCommand({"DEL", fmt::format("a:{}", i), fmt::format("b:{}", i)});
    bytes += EncodeCommand({"GET", fmt::format("b:{}", i)});
    expected += "+OK\r\n:1\r\n*2\r\n$1\r\n1\r\n$1\r\n1\r\n:2\r\n$-1\r\n";
  }
  bytes += EncodeCommand({"ECHO", "end"});
  expected += "$3\r\nend\r\n";
  ASSERT_TRUE(client.SendRaw(bytes));
  EXPECT_EQ(client.ReadUntil("end\r\n"), expected);
}

TEST_P(BasicTest, RequestsMayBeSplitAtEveryByte) {
  const std::string request = EncodeCommand({"SET", "key", "value"}) +
                              EncodeCommand({"GET", "key"}) + "INCR counter\r\n" +
                              EncodeCommand({"ECHO", "a\r\nb"});
  Client client(server_.port());
  for (size_t cut = 1; cut < request.size(); ++cut) {
    client.SendRaw(std::string_view(request).substr(0, cut));
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    client.SendRaw(std::string_view(request).substr(cut));
    EXPECT_EQ(client.ReadUntil("a\r\nb\r\n"),
              fmt::format("+OK\r\n$5\r\nvalue\r\n:{}\r\n$4\r\na\r\nb\r\n", cut))
        << "cut at " << cut;
  }
  for (const char byte : request) client.SendRaw({&byte, 1});
  EXPECT_EQ(client.ReadUntil("a\r\nb\r\n"),
            fmt::format("+OK\r\n$5\r\nvalue\r\n:{}\r\n$4\r\na\r\nb\r\n", request.size()));
}

TEST_P(BasicTest, TenMegabytesComeBackAsTheyWere) {
  std::string value(10 << 20, '\0');
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 2'654'435'761U >> 13);
  {
    Hiredis redis(server_.port());
    EXPECT_EQ(redis({"SET", "big", value}), "OK");
    EXPECT_TRUE(redis({"GET", "big"}) == value);
    EXPECT_EQ(redis({"STRLEN", "big"}), std::to_string(value.size()));
  }
  server_.Kill9();
  server_.Restart();
  EXPECT_TRUE(Hiredis(server_.port())({"GET", "big"}) == value);
}

TEST_P(BasicTest, ProtocolErrorClosesThatConnectionOnly) {
  Client other(server_.port());
  EXPECT_EQ(other.Command({"SET", "key", "1"}), "+OK\r\n");
  Client broken(server_.port());
  broken.SendRaw(EncodeCommand({"INCR", "key"}) + "*1\r\n!oops\r\n" +
                 EncodeCommand({"INCR", "key"}));
  EXPECT_EQ(broken.ReadUntilClosed(), ":2\r\n-ERR Protocol error: expected '$', got '!'\r\n");
  EXPECT_EQ(other.Command({"GET", "key"}), "$1\r\n2\r\n");
}

TEST_P(BasicTest, WhatRedisWouldWaitForEndlesslyIsRefused) {
  if (TallyIsStoodInFor()) GTEST_SKIP() << "see kKnownDifferences of the differential test";
  Client arguments(server_.port());
  arguments.SendRaw("*1048577\r\n");
  EXPECT_EQ(arguments.ReadUntilClosed(), "-ERR Protocol error: invalid multibulk length\r\n");
  Client nul(server_.port());
  nul.SendRaw({"*1\r\n$4\0\r\nPING\r\n", 15});
  EXPECT_EQ(nul.ReadUntilClosed(), "-ERR Protocol error: invalid bulk length\r\n");
}

TEST_P(BasicTest, AnsweredToTheEndWhenTheClientHasFinishedSending) {
  Client client(server_.port());
  std::string bytes;
  std::string expected;
  for (int i = 1; i <= 100; ++i) {
    bytes += EncodeCommand({"INCR", "counter"});
    expected += fmt::format(":{}\r\n", i);
  }
  client.SendRaw(bytes);
  client.FinishSending();
  EXPECT_EQ(client.ReadUntilClosed(), expected);
}

TEST_P(BasicTest, BrowserIsSentAwayAndWhatItPostsIsNotDone) {
  for (const std::string_view request :
       {"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nINCR counter\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nINCR counter\r\n",
        "GET / HTTP/1.1\r\nhost: localhost\r\nX: y\r\n\r\nINCR counter\r\n"}) {
    Client browser(server_.port());
    browser.SendRaw(request);
    const auto answer = browser.ReadUntilClosed();
    ASSERT_TRUE(answer) << request;
    EXPECT_EQ(answer->find(':'), std::string::npos) << *answer;
  }
  EXPECT_EQ(Client(server_.port()).Command({"GET", "counter"}), "$-1\r\n");
}

TEST_P(BasicTest, AbruptCloseOfOneClientLeavesTheOthersAlone) {
  Client other(server_.port());
  for (int i = 0; i < 50; ++i) {
    Client client(server_.port());
    std::string bytes;
    for (int j = 0; j < 100; ++j) bytes += EncodeCommand({"INCR", fmt::format("k:{}", j % 5)});
    client.SendRaw(bytes);
    client.Reset();
    EXPECT_EQ(other.Command({"PING"}), "+PONG\r\n");
  }
}

TEST_P(BasicTest, ManyConnectionsAtOnce) {
  constexpr int kConnections = 200;
  std::vector<Client> clients;
  for (int i = 0; i < kConnections; ++i) clients.emplace_back(server_.port());
  for (Client& client : clients) ASSERT_TRUE(client.Send({"INCR", "counter"}));
  std::vector<int64_t> values;
  for (Client& client : clients) {
    const auto reply = client.ReadReply();
    ASSERT_TRUE(reply);
    values.push_back(reply->integer);
  }
  std::sort(values.begin(), values.end());
  for (int i = 0; i < kConnections; ++i) EXPECT_EQ(values[static_cast<size_t>(i)], i + 1);
}

TEST_P(BasicTest, ClientKillClosesTheOtherConnection) {
  Client killer(server_.port());
  Client victim(server_.port());
  ASSERT_TRUE(victim.Send({"CLIENT", "ID"}));
  const auto id = victim.ReadReply();
  ASSERT_TRUE(id);
  EXPECT_EQ(killer.Command({"CLIENT", "KILL", "ID", id->text}), ":1\r\n");
  EXPECT_EQ(victim.ReadUntilClosed(), "");
  EXPECT_EQ(killer.Command({"CLIENT", "KILL", "ID", id->text}), ":0\r\n");
}

TEST_P(BasicTest, ConfigAndInfoTellTheTruth) {
  Hiredis redis(server_.port());
  EXPECT_EQ(redis({"CONFIG", "GET", "port"}), fmt::format("port {}", server_.port()));
  EXPECT_EQ(redis({"CONFIG", "GET", "appendfsync"}), "appendfsync always");
  EXPECT_EQ(redis({"CONFIG", "GET", "databases"}), "databases 16");
  EXPECT_EQ(redis({"CONFIG", "SET", "timeout", "0"}), "OK");
  redis({"SET", "a", "1"});
  redis({"SET", "b", "1", "EX", "10000"});
  const std::string info = redis({"INFO"});
  EXPECT_NE(info.find("# Server\r\n"), std::string::npos) << info;
  EXPECT_NE(info.find(fmt::format("tcp_port:{}\r\n", server_.port())), std::string::npos) << info;
  EXPECT_NE(info.find(fmt::format("process_id:{}\r\n", server_.pid())), std::string::npos) << info;
  EXPECT_NE(info.find("connected_clients:1\r\n"), std::string::npos) << info;
  EXPECT_NE(info.find("db0:keys=2,expires=1"), std::string::npos) << info;
  EXPECT_EQ(redis({"INFO", "keyspace"}).substr(0, 12), "# Keyspace\r\n");
}

TEST_P(BasicTest, CommandDescribesItself) {
  Client client(server_.port());
  ASSERT_TRUE(client.Send({"COMMAND"}));
  const auto all = client.ReadReply();
  ASSERT_TRUE(client.Send({"COMMAND", "COUNT"}));
  const auto count = client.ReadReply();
  ASSERT_TRUE(client.Send({"COMMAND", "DOCS", "incr", "get"}));
  const auto docs = client.ReadReply();
  ASSERT_TRUE(all && count && docs);
  EXPECT_GE(count->integer, 50);
  EXPECT_EQ(static_cast<int64_t>(all->elements.size()), count->integer);
  for (const Reply& row : all->elements) EXPECT_EQ(row.elements.size(), 10U);
  EXPECT_EQ(docs->elements.size(), 4U);
}

TEST_P(BasicTest, WaitAofAnswersForTheLocalDisk) {
  if (TallyIsStoodInFor()) GTEST_SKIP() << "Redis 7.0 has no WAITAOF";
  Client client(server_.port());
  EXPECT_EQ(client.Command({"INCR", "A"}), ":1\r\n");
  EXPECT_EQ(client.Command({"WAITAOF", "1", "0", "1000"}), "*2\r\n:1\r\n:0\r\n");
  EXPECT_EQ(client.Command({"CLIENT", "SETINFO", "LIB-NAME", "test"}), "+OK\r\n");
}

TEST_P(BasicTest, SaveAndBgsaveAreAnswered) {
  Client client(server_.port());
  EXPECT_EQ(client.Command({"SET", "key", "value"}), "+OK\r\n");
  EXPECT_EQ(client.Command({"SAVE"}), "+OK\r\n");
  EXPECT_EQ(client.Command({"BGSAVE"}), "+Background saving started\r\n");
  EXPECT_EQ(client.Command({"GET", "key"}), "$5\r\nvalue\r\n");
}

TEST_P(BasicTest, PasswordIsAskedFor) {
  Client open(server_.port());
  EXPECT_EQ(open.Command({"CONFIG", "SET", "requirepass", "secret"}), "+OK\r\n");
  Client client(server_.port());
  EXPECT_EQ(client.Command({"GET", "a"}), "-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(client.Command({"NOSUCH"}).substr(0, 24), "-ERR unknown command 'NO");
  EXPECT_EQ(client.Command({"HELLO", "3"}).substr(0, 8), "-NOAUTH ");
  EXPECT_EQ(client.Command({"AUTH", "wrong"}).substr(0, 10), "-WRONGPASS");
  EXPECT_EQ(client.Command({"AUTH", "secret"}), "+OK\r\n");
  EXPECT_EQ(client.Command({"GET", "a"}), "$-1\r\n");
  EXPECT_EQ(client.Command({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(client.Command({"GET", "a"}), "-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(client.Command({"HELLO", "3", "AUTH", "default", "secret"}).front(), '%');
  EXPECT_EQ(client.Command({"GET", "a"}), "_\r\n");
  EXPECT_EQ(open.Command({"GET", "a"}), "$-1\r\n");
}

TEST(StartTest, SecondServerOnADirectoryRefuses) {
  if (TallyIsStoodInFor()) GTEST_SKIP() << "Redis does not lock its directory";
  ServerProcess first;
  EXPECT_EQ(Client(first.port()).Command({"INCR", "A"}), ":1\r\n");
  const RunResult second = RunUntilExit({}, FreePort(), first.data_directory(), kRefusalTimeout);
  ASSERT_TRUE(second.exit) << "it runs: " << second.output;
  EXPECT_EQ(second.exit->signal, 0) << second.output;
  EXPECT_NE(second.exit->code, 0) << second.output;
  EXPECT_NE(second.output.find(first.data_directory()), std::string::npos) << second.output;
  EXPECT_EQ(Client(first.port()).Command({"INCR", "A"}), ":2\r\n");
}

TEST(StartTest, PortInUseIsAClearRefusal) {
  ServerProcess first;
  const TempDirectory directory;
  const RunResult second = RunUntilExit({}, first.port(), directory.path(), kRefusalTimeout);
  ASSERT_TRUE(second.exit) << "it runs: " << second.output;
  EXPECT_EQ(second.exit->signal, 0) << second.output;
  EXPECT_NE(second.exit->code, 0) << second.output;
  EXPECT_NE(second.output.find(std::to_string(first.port())), std::string::npos) << second.output;
  EXPECT_EQ(Client(first.port()).Command({"PING"}), "+PONG\r\n");
}

TEST(StartTest, WrongOptionsAreRefused) {
  const TempDirectory directory;
  const RunResult run = RunUntilExit({.extra_arguments = {"--no-such-option", "1"}}, FreePort(),
                                     directory.path(), kRefusalTimeout);
  ASSERT_TRUE(run.exit) << run.output;
  EXPECT_NE(run.exit->code, 0) << run.output;
  EXPECT_NE(run.output.find("no-such-option"), std::string::npos) << run.output;
}

TEST(StartTest, ServerSaysWhereItListens) {
  ServerProcess server;
  // It serves a moment before it says so.
  const auto end = std::chrono::steady_clock::now() + kRefusalTimeout;
  while (server.Log().find(std::to_string(server.port())) == std::string::npos &&
         std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_NE(server.Log().find(std::to_string(server.port())), std::string::npos) << server.Log();
}

class WeakerDurabilityTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Appendfsync, WeakerDurabilityTest, testing::Values("everysec", "no"));

TEST_P(WeakerDurabilityTest, AnswersAndKeepsTheDataOverACleanStop) {
  ServerProcess server({.threads = 2, .extra_arguments = {"--appendfsync", GetParam()}});
  {
    Hiredis redis(server.port());
    EXPECT_EQ(redis({"CONFIG", "GET", "appendfsync"}), fmt::format("appendfsync {}", GetParam()));
    for (int i = 0; i < 100; ++i) redis.Append({"INCR", fmt::format("key:{}", i % 10)});
    for (int i = 0; i < 100; ++i) redis.Next();
  }
  EXPECT_TRUE(server.Terminate().Clean()) << server.Log();
  server.Restart();
  EXPECT_EQ(Hiredis(server.port())({"GET", "key:3"}), "10");
}

}  // namespace
}  // namespace tally::test
