#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

class MemoryReportsTest : public SessionCommandTest {};

TEST_F(MemoryReportsTest, StatsAreAMapOfRedissFields) {
  services.core.object_bytes.Set(1000);
  const std::string stats = Run("MEMORY", "STATS");
  EXPECT_TRUE(stats.starts_with("*54\r\n$14\r\npeak.allocated\r\n:")) << stats;
  EXPECT_NE(stats.find("$10\r\nkeys.count\r\n:0\r\n$18\r\nkeys.bytes-per-key\r\n:0\r\n"),
            std::string::npos);
  EXPECT_NE(stats.find("$13\r\ndataset.bytes\r\n:1000\r\n"), std::string::npos);
  client.resp = 3;
  EXPECT_TRUE(Run("MEMORY", "STATS").starts_with("%27\r\n"));
}

TEST_F(MemoryReportsTest, DoctorSaysSomething) {
  EXPECT_EQ(Run("MEMORY", "DOCTOR").front(), '$');
  const std::string much(size_t{8} << 20, 'x');  // else the server is too small to be talked about
  services.core.waiting_operations.Set(3);
  EXPECT_NE(Run("MEMORY", "DOCTOR").find("3 operations wait"), std::string::npos) << much.size();
}

TEST_F(MemoryReportsTest, PurgeAndTheAllocatorsOwnReport) {
  EXPECT_EQ(Run("MEMORY", "PURGE"), "+OK\r\n");
  EXPECT_EQ(Run("MEMORY", "MALLOC-STATS").front(), '$');
}

}  // namespace
}  // namespace tally::server
