// --save: checkpoints by time and number of changes.

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

constexpr std::chrono::seconds kPatience{30};

bool SaysInfo(Client* client, const std::string& line) {
  return client->Command({"INFO", "persistence"}).find(line + "\r\n") != std::string::npos;
}

/// Whether INFO comes to have that line, within a time that only a test on a busy machine needs.
bool ComesToSay(Client* client, const std::string& line) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!SaysInfo(client, line)) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

TEST(SavePointsTest, MakeACheckpointOnceEnoughHasChanged) {
  ServerProcess server({.extra_arguments = {"--save", "1 2"}});
  Client client(server.port());
  ASSERT_EQ(client.Command({"INCR", "a"}), ":1\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_TRUE(SaysInfo(&client, "rdb_saves:0")) << "one change is too few";
  ASSERT_EQ(client.Command({"INCR", "a"}), ":2\r\n");
  EXPECT_TRUE(ComesToSay(&client, "rdb_saves:1"));
  EXPECT_TRUE(ComesToSay(&client, "rdb_changes_since_last_save:0"));
}

}  // namespace
}  // namespace tally::test
