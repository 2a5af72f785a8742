#include "server/memory_limit.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

/// A machine of files.
class MemoryLimitTest : public testing::Test {
 protected:
  MemoryLimitTest() {
    root_ = (std::filesystem::temp_directory_path() / "tally_machine_XXXXXX").string();
    EXPECT_NE(mkdtemp(root_.data()), nullptr);
  }
  ~MemoryLimitTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void HasGibibytes(uint64_t count) {
    Write("/proc/meminfo", "MemFree:        123 kB\nMemTotal:       " +
                               std::to_string(count << 20) + " kB\nBuffers:  7 kB\n");
  }
  [[nodiscard]] uint64_t Offered() const { return OfferedMemoryBytes(root_); }

  std::string root_;
};

TEST_F(MemoryLimitTest, IsTheMachinesWhereNothingElseLimitsIt) {
  HasGibibytes(16);
  EXPECT_EQ(Offered(), 16 * kGiB);
  EXPECT_EQ(DefaultMaxMemoryBytes(root_), 8 * kGiB);
}

TEST_F(MemoryLimitTest, IsUnknownWhereNobodySays) {
  EXPECT_EQ(Offered(), 0u);
  EXPECT_EQ(DefaultMaxMemoryBytes(root_), 0u);
  Write("/proc/meminfo", "nothing that is known\n");
  EXPECT_EQ(Offered(), 0u);
}

TEST_F(MemoryLimitTest, AContainersOwnGroupLimitsIt) {
  HasGibibytes(16);
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(Offered(), 16 * kGiB);
  Write("/sys/fs/cgroup/memory.max", "2147483648\n");
  EXPECT_EQ(Offered(), 2 * kGiB);
}

TEST_F(MemoryLimitTest, TheTightestOfTheGroupsAroundItCounts) {
  HasGibibytes(16);
  Write("/proc/self/cgroup", "1:name=systemd:/x\n0::/system.slice/tally.service\n");
  Write("/sys/fs/cgroup/system.slice/tally.service/memory.max", "8589934592\n");
  EXPECT_EQ(Offered(), 8 * kGiB);
  Write("/sys/fs/cgroup/system.slice/memory.max", "4294967296\n");
  EXPECT_EQ(Offered(), 4 * kGiB);
  Write("/sys/fs/cgroup/system.slice/tally.service/memory.max", "1073741824\n");
  EXPECT_EQ(Offered(), kGiB);
  Write("/sys/fs/cgroup/other.slice/memory.max", "1\n");  // somebody else's
  EXPECT_EQ(Offered(), kGiB);
}

TEST_F(MemoryLimitTest, VersionOneCountsToo) {
  HasGibibytes(16);
  Write("/proc/self/cgroup", "5:cpu,memory:/docker/abc\n4:memoryless:/no\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Offered(), 16 * kGiB);
  Write("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "3221225472\n");
  EXPECT_EQ(Offered(), 3 * kGiB);
}

// The path is the one outside of the container, the mount shows its inside.
TEST_F(MemoryLimitTest, AnUnknownPathFallsBackToTheMount) {
  HasGibibytes(16);
  Write("/proc/self/cgroup", "5:memory:/docker/abc\n0::/../elsewhere\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
  EXPECT_EQ(Offered(), kGiB);
  Write("/sys/fs/cgroup/memory.max", "536870912\n");
  Write("/sys/fs/elsewhere/memory.max", "1\n");
  EXPECT_EQ(Offered(), kGiB / 2);
}

TEST_F(MemoryLimitTest, ALimitAboveTheMachineLimitsNothing) {
  HasGibibytes(2);
  Write("/sys/fs/cgroup/memory.max", "99999999999999\n");
  EXPECT_EQ(Offered(), 2 * kGiB);
}

TEST_F(MemoryLimitTest, OddContentsLimitNothing) {
  HasGibibytes(2);
  for (const std::string text : {"", "\n", "abc\n", "-5\n", "0\n", "99999999999999999999999\n"}) {
    Write("/sys/fs/cgroup/memory.max", text);
    EXPECT_EQ(Offered(), 2 * kGiB) << text;
  }
  Write("/proc/self/cgroup", "\n:\n::\nabc\n0::\n1:memory:no/slash\n");
  EXPECT_EQ(Offered(), 2 * kGiB);
}

TEST(MemoryLimit, OfThisMachineIsKnown) { EXPECT_GT(OfferedMemoryBytes(), uint64_t{64} << 20); }

}  // namespace
}  // namespace tally::server
