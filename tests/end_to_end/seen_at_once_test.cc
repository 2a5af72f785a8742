// What a client can see behind its next reply, where the server works in turns and on several threads.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/info.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

class SeenAtOnceTest : public ::testing::TestWithParam<const char*> {
 protected:
  SeenAtOnceTest()
      : server_({.extra_arguments = {"--threads", GetParam(), "--enable-debug-command", "yes"}}),
        client_(server_.port()) {}

  std::string Field(std::string_view name) { return InfoField(&client_, name); }
  void SetExpired(std::string_view name) {
    EXPECT_EQ(client_.Command({"SET", name, "v", "PX", "1"}), "+OK\r\n");
    while (client_.Command({"PTTL", name}) != ":-2\r\n") {
    }
  }

  ServerProcess server_;
  Client client_;
};

TEST_P(SeenAtOnceTest, ResetStatBeginsAnewAndCountsItself) {
  for (int i = 0; i < 20; ++i) {
    SetExpired("x");
    ASSERT_EQ(client_.Command({"SET", "x", "v"}), "+OK\r\n");
    ASSERT_EQ(client_.Command({"GET", "x"}), "$1\r\nv\r\n");
    ASSERT_EQ(client_.Command({"CONFIG", "RESETSTAT"}), "+OK\r\n");
    ASSERT_TRUE(client_.Command({"LATENCY", "HISTOGRAM"})
                    .starts_with("*2\r\n$16\r\nconfig|resetstat\r\n*4\r\n$5\r\ncalls\r\n:1\r\n"));
    ASSERT_TRUE(Field("cmdstat_config|resetstat").starts_with("calls=1,"));
    ASSERT_EQ(Field("cmdstat_get"), "");
    ASSERT_EQ(Field("expired_keys"), "0");
  }
}

TEST_P(SeenAtOnceTest, APausedClientIsBlocked) {
  Client paused(server_.port());
  ASSERT_EQ(client_.Command({"CLIENT", "PAUSE", "1000000", "WRITE"}), "+OK\r\n");
  const std::string id = paused.Command({"CLIENT", "ID"});
  ASSERT_TRUE(paused.Send({"SET", "a", "b"}));
  EXPECT_TRUE(AwaitInfoField(&client_, "blocked_clients", "1"));
  const std::string line =
      client_.Command({"CLIENT", "LIST", "ID", id.substr(1, id.find('\r') - 1)});
  EXPECT_NE(line.find(" flags=b "), std::string::npos) << line;
  EXPECT_NE(line.find(" cmd=set "), std::string::npos) << line;
  EXPECT_EQ(client_.Command({"CLIENT", "UNPAUSE"}), "+OK\r\n");
  EXPECT_EQ(paused.ReadRawReply(), "+OK\r\n");
  EXPECT_TRUE(AwaitInfoField(&client_, "blocked_clients", "0"));
}

TEST_P(SeenAtOnceTest, APausedClientThatLeavesIsNotCounted) {
  ASSERT_EQ(client_.Command({"CLIENT", "PAUSE", "1000000", "WRITE"}), "+OK\r\n");
  {
    Client paused(server_.port());
    ASSERT_TRUE(paused.Send({"SET", "a", "b"}));
    EXPECT_TRUE(AwaitInfoField(&client_, "blocked_clients", "1"));
  }
  EXPECT_TRUE(AwaitInfoField(&client_, "blocked_clients", "0"));
}

TEST_P(SeenAtOnceTest, NothingExpiresForGoodDuringAPause) {
  ASSERT_EQ(client_.Command({"CONFIG", "RESETSTAT"}), "+OK\r\n");
  ASSERT_EQ(client_.Command({"MULTI"}), "+OK\r\n");
  for (const std::string_view name : {"{t}a", "{t}b"}) {
    ASSERT_EQ(client_.Command({"SET", name, "v", "PX", "10"}), "+QUEUED\r\n");
  }
  ASSERT_EQ(client_.Command({"CLIENT", "PAUSE", "1000000", "WRITE"}), "+QUEUED\r\n");
  ASSERT_EQ(client_.Command({"EXEC"}), "*3\r\n+OK\r\n+OK\r\n+OK\r\n");
  for (const std::string_view name : {"{t}a", "{t}b"}) {
    while (client_.Command({"GET", name}) != "$-1\r\n") {
    }
  }
  EXPECT_EQ(client_.Command({"SCAN", "0", "COUNT", "1000"}), "*2\r\n$1\r\n0\r\n*0\r\n");
  EXPECT_EQ(Field("expired_keys"), "0");
  EXPECT_EQ(client_.Command({"DBSIZE"}), ":2\r\n");
  EXPECT_EQ(client_.Command({"CLIENT", "UNPAUSE"}), "+OK\r\n");
  EXPECT_EQ(client_.Command({"GET", "{t}a"}), "$-1\r\n");
  EXPECT_EQ(client_.Command({"GET", "{t}b"}), "$-1\r\n");
  EXPECT_EQ(Field("expired_keys"), "2");
}

TEST_P(SeenAtOnceTest, WalksRemoveWhatHasExpired) {
  ASSERT_EQ(client_.Command({"DEBUG", "SET-ACTIVE-EXPIRE", "0"}), "+OK\r\n");
  // What is set here expires on its own; asking for it would remove it.
  const auto set = [&](std::string_view name) {
    ASSERT_EQ(client_.Command({"SET", name, "v", "PXAT", "1"}), "+OK\r\n");
    ASSERT_EQ(client_.Command({"SET", name, "v"}), "+OK\r\n");
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(now).count() + 20;
    ASSERT_EQ(client_.Command({"PEXPIREAT", name, std::to_string(at)}), ":1\r\n");
    while (std::chrono::system_clock::now().time_since_epoch() <=
           std::chrono::milliseconds(at + 1)) {
      std::this_thread::yield();
    }
  };
  set("a");
  ASSERT_EQ(client_.Command({"DBSIZE"}), ":1\r\n");
  EXPECT_EQ(client_.Command({"KEYS", "*"}), "*0\r\n");
  EXPECT_EQ(client_.Command({"DBSIZE"}), ":1\r\n") << "KEYS leaves it, as in Redis";
  std::string cursor = "0";
  do {
    const std::string reply = client_.Command({"SCAN", cursor, "COUNT", "1000"});
    const size_t at = reply.find("\r\n", 4) + 2;
    cursor = reply.substr(at, reply.find('\r', at) - at);
  } while (cursor != "0");
  EXPECT_EQ(client_.Command({"DBSIZE"}), ":0\r\n");
  set("b");
  ASSERT_EQ(client_.Command({"DBSIZE"}), ":1\r\n");
  EXPECT_EQ(client_.Command({"RANDOMKEY"}), "$-1\r\n");
  EXPECT_EQ(client_.Command({"DBSIZE"}), ":0\r\n");
}

TEST_P(SeenAtOnceTest, ARequestForTheListIsStillInTheBuffer) {
  EXPECT_NE(client_.Command({"client", "list"}).find(" qbuf=26 "), std::string::npos);
  EXPECT_NE(client_.Command({"client", "info"}).find(" qbuf=26 "), std::string::npos);
  Client other(server_.port());
  EXPECT_NE(other.Command({"client", "list"}).find(" qbuf=0 "), std::string::npos);
}

TEST_P(SeenAtOnceTest, DebugTellsOfAnObject) {
  ASSERT_EQ(client_.Command({"SET", "a", "7"}), "+OK\r\n");
  ASSERT_EQ(client_.Command({"SET", "b", "x"}), "+OK\r\n");
  const std::string text = client_.Command({"DEBUG", "OBJECT", "a"});
  EXPECT_TRUE(text.starts_with("+Value at:0x")) << text;
  EXPECT_NE(text.find(" refcount:1 encoding:int serializedlength:1 "), std::string::npos) << text;
  EXPECT_EQ(client_.Command({"DEBUG", "OBJECT", "c"}), "-ERR no such key\r\n");
  ASSERT_EQ(client_.Command({"DEBUG", "LOADAOF"}), "+OK\r\n");
  EXPECT_NE(client_.Command({"DEBUG", "OBJECT", "b"}).find("encoding:embstr"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Threads, SeenAtOnceTest, ::testing::Values("1", "2"),
                         [](const auto& param) { return std::string("threads") + param.param; });

}  // namespace
}  // namespace tally::test
