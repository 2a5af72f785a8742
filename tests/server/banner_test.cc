#include "server/banner.h"

#include <string>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

class BannerTest : public ::testing::Test {
 protected:
  BannerTest() { config_.threads = 1; }
  std::string Text() const {
    return BannerText(config_, {.version = "1.2.3",
                                .directory = "/var/tally",
                                .objects = objects_,
                                .journal_entries = entries_});
  }
  // The line that begins with the word, without it.
  std::string Line(const std::string& word) const {
    const std::string text = Text();
    const std::string begin = "\n  " + word;
    const size_t at = text.find(begin);
    if (at == std::string::npos) return "no such line: " + word;
    const size_t value = text.find_first_not_of(' ', at + begin.size());
    return text.substr(value, text.find('\n', value) - value);
  }
  // The command that the banner proposes.
  std::string Try() const {
    const std::string line = Line("try");
    return line.substr(0, line.find("  "));
  }

  Config config_;
  uint64_t objects_ = 0;
  uint64_t entries_ = 0;
};

TEST_F(BannerTest, IsAsInTheReadme) {
  config_.port = 7000;
  EXPECT_EQ(Text(),
            "Tally 1.2.3 (1 core)\n"
            "  redis       127.0.0.1:7000\n"
            "  http        http://127.0.0.1:8787/increment?name=A\n"
            "  admin       http://127.0.0.1:8788/\n"
            "  data        /var/tally (0 objects, 0 journal entries replayed)\n"
            "  memory      no limit\n"
            "  durability  appendfsync always: a reply means that it is on disk\n"
            "  try         redis-cli -p 7000 INCR A      stop with Ctrl-C\n");
}

TEST_F(BannerTest, HttpIsToldIfItIsServed) {
  config_.http_port = 80;
  EXPECT_EQ(Line("http"), "http://127.0.0.1:80/increment?name=A");
  config_.http_port = 0;
  EXPECT_EQ(Line("http"), "no such line: http");
}

TEST_F(BannerTest, TheAdminDoorIsToldIfItIsOpen) {
  config_.admin_port = 81;
  EXPECT_EQ(Line("admin"), "http://127.0.0.1:81/");
  config_.admin_port = 0;
  EXPECT_EQ(Line("admin"), "no such line: admin");
}

TEST_F(BannerTest, MemoryIsTold) {
  config_.maxmemory_bytes = uint64_t{100} << 20;
  EXPECT_EQ(Line("memory"), "up to 100.0 MB, the rest of the data on disk");
  config_.maxmemory_bytes = uint64_t{11} << 29;
  EXPECT_EQ(Line("memory"), "up to 5.5 GB, the rest of the data on disk");
}

TEST_F(BannerTest, OneIsNotMany) {
  objects_ = entries_ = 1;
  EXPECT_EQ(Line("data"), "/var/tally (1 object, 1 journal entry replayed)");
  objects_ = entries_ = 2;
  config_.threads = 2;
  EXPECT_EQ(Line("data"), "/var/tally (2 objects, 2 journal entries replayed)");
  EXPECT_EQ(Text().substr(0, Text().find('\n')), "Tally 1.2.3 (2 cores)");
}

TEST_F(BannerTest, TheCommandReachesTheAddress) {
  struct Case {
    std::string bind;
    std::string redis;
    std::string command;
  };
  const Case cases[] = {{"127.0.0.1", "127.0.0.1:6379", "redis-cli INCR A"},
                        {"0.0.0.0", "0.0.0.0:6379", "redis-cli INCR A"},
                        {"*", "0.0.0.0:6379", "redis-cli INCR A"},
                        {"* -::*", "0.0.0.0:6379, [::]:6379", "redis-cli INCR A"},
                        {"::*", "[::]:6379", "redis-cli -h ::1 INCR A"},
                        {"192.168.1.9", "192.168.1.9:6379", "redis-cli -h 192.168.1.9 INCR A"},
                        {"::1", "[::1]:6379", "redis-cli -h ::1 INCR A"},
                        {"::", "[::]:6379", "redis-cli -h ::1 INCR A"}};
  for (const Case& one : cases) {
    config_.bind = one.bind;
    EXPECT_EQ(Line("redis"), one.redis);
    EXPECT_EQ(Try(), one.command);
  }
  config_.port = 7341;
  EXPECT_EQ(Line("redis"), "[::]:7341");
  EXPECT_EQ(Try(), "redis-cli -h ::1 -p 7341 INCR A");
}

TEST_F(BannerTest, TheUnixSocketIsOneWayInOrTheOnlyOne) {
  config_.unix_socket = "/run/tally.sock";
  EXPECT_EQ(Line("redis"), "127.0.0.1:6379, /run/tally.sock");
  EXPECT_EQ(Try(), "redis-cli INCR A");
  config_.port = 0;
  EXPECT_EQ(Line("redis"), "/run/tally.sock");
  EXPECT_EQ(Try(), "redis-cli -s /run/tally.sock INCR A");
}

TEST_F(BannerTest, TlsIsOneWayInOrTheOnlyOne) {
  config_.tls_port = 6380;
  EXPECT_EQ(Line("redis"), "127.0.0.1:6379");
  EXPECT_EQ(Line("tls"), "127.0.0.1:6380");
  EXPECT_EQ(Try(), "redis-cli INCR A");
  config_.port = 0;
  EXPECT_EQ(Line("redis"), "by TLS only");
  EXPECT_EQ(Try(), "redis-cli -p 6380 --tls INCR A");
}

TEST_F(BannerTest, ThePasswordIsAskedForAndNotShown) {
  config_.port = 7000;
  config_.set_requirepass("secret");
  EXPECT_EQ(Try(), "redis-cli -p 7000 --askpass INCR A");
  EXPECT_EQ(Text().find("secret"), std::string::npos);
}

TEST_F(BannerTest, EveryDurabilityIsNamed) {
  EXPECT_EQ(Line("durability").substr(0, 19), "appendfsync always:");
  config_.appendfsync = FsyncPolicy::kEverySecond;
  EXPECT_EQ(Line("durability").substr(0, 21), "appendfsync everysec:");
  config_.appendfsync = FsyncPolicy::kNo;
  EXPECT_EQ(Line("durability").substr(0, 15), "appendfsync no:");
}

}  // namespace
}  // namespace tally::server
