// The output gate at the HTTP door, of a whole server in this process, with a sync that the test holds.

#include <chrono>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/crash/server_in_process.h"
#include "tests/end_to_end/support/client.h"
#include "tests/storage/memory_database.h"

namespace tally::test {
namespace {

std::string Get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

TEST(HttpGateTest, NothingIsToldOverHttpBeforeItIsSynced) {
  constexpr std::chrono::milliseconds kLongEnoughToBeWrong{300};
  storage::MemoryDatabase database;
  ServerInProcess server(&database, {.threads = 2, .http = true});
  ASSERT_NE(server.http_port(), 0);
  Client writer(server.http_port());
  Client reader(server.http_port());
  HeldSync sync(&database);
  ASSERT_TRUE(writer.SendRaw(Get("/increment?name=A")));
  sync.AwaitBegin();
  ASSERT_TRUE(reader.SendRaw(Get("/?name=A")));
  EXPECT_EQ(writer.ReadUntil("count: 1", kLongEnoughToBeWrong), std::nullopt);
  EXPECT_EQ(reader.ReadUntil("count: 1", kLongEnoughToBeWrong), std::nullopt);
  EXPECT_EQ(writer.pending(), "");
  EXPECT_EQ(reader.pending(), "");
  sync.LetEnd();
  EXPECT_NE(writer.ReadUntil("count: 1"), std::nullopt);
  EXPECT_NE(reader.ReadUntil("count: 1"), std::nullopt);
}

}  // namespace
}  // namespace tally::test
