// The output gate at the HTTP door, of a whole server in this process, with a sync that the test holds.

#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "server/listening_socket.h"
#include "server/server.h"
#include "tests/end_to_end/support/client.h"
#include "tests/storage/memory_database.h"

namespace tally::test {
namespace {

using server::Server;

std::string Get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

TEST(HttpGateTest, NothingIsToldOverHttpBeforeItIsSynced) {
  constexpr std::chrono::milliseconds kLongEnoughToBeWrong{300};
  storage::MemoryDatabase database;
  server::Config config;
  config.port = 0;
  config.threads = 2;
  Server::Options options;
  options.config = &config;
  options.facts.threads = 2;
  Server server(&database, std::move(options));
  server::ListeningSocket http;
  ASSERT_TRUE(http.Bind("127.0.0.1", 0, "--http-port").ok());
  ASSERT_TRUE(server.Start({}, std::move(http)).ok());
  ASSERT_NE(server.http_port(), 0);
  Client writer(server.http_port());
  Client reader(server.http_port());
  std::latch sync_begun(1);
  std::latch sync_may_end(1);
  std::atomic<bool> first{true};
  database.set_before_sync([&] {
    if (!first.exchange(false)) return;
    sync_begun.count_down();
    sync_may_end.wait();
  });
  ASSERT_TRUE(writer.SendRaw(Get("/increment?name=A")));
  sync_begun.wait();
  ASSERT_TRUE(reader.SendRaw(Get("/?name=A")));
  EXPECT_EQ(writer.ReadUntil("count: 1", kLongEnoughToBeWrong), std::nullopt);
  EXPECT_EQ(reader.ReadUntil("count: 1", kLongEnoughToBeWrong), std::nullopt);
  EXPECT_EQ(writer.pending(), "");
  EXPECT_EQ(reader.pending(), "");
  sync_may_end.count_down();
  EXPECT_NE(writer.ReadUntil("count: 1"), std::nullopt);
  EXPECT_NE(reader.ReadUntil("count: 1"), std::nullopt);
  server.Stop(false);
}

}  // namespace
}  // namespace tally::test
