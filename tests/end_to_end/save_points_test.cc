// --save: checkpoints by time and number of changes.

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/info.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

TEST(SavePointsTest, MakeACheckpointOnceEnoughHasChanged) {
  ServerProcess server({.extra_arguments = {"--save", "1 2"}});
  Client client(server.port());
  ASSERT_EQ(client.Command({"INCR", "a"}), ":1\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_EQ(InfoField(&client, "rdb_saves"), "0") << "one change is too few";
  ASSERT_EQ(client.Command({"INCR", "a"}), ":2\r\n");
  EXPECT_TRUE(AwaitInfoField(&client, "rdb_saves", "1"));
  EXPECT_TRUE(AwaitInfoField(&client, "rdb_changes_since_last_save", "0"));
}

}  // namespace
}  // namespace tally::test
