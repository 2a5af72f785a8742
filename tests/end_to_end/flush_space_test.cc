// The disk follows a flush by itself: nobody has to write, or to ask for a checkpoint.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

namespace fs = std::filesystem;

constexpr int kObjects = 5000;
constexpr size_t kValueBytes = 1000;  // that cannot be compressed
constexpr uint64_t kDataBytes = kObjects * kValueBytes;
constexpr std::chrono::seconds kPatience{20};

uint64_t BytesIn(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    std::error_code gone;
    const uint64_t size = entry.is_regular_file(gone) ? entry.file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

/// Whether it has become so small, within a time that only a test on a busy machine needs.
bool ShrinksTo(const std::string& directory, uint64_t bytes) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (BytesIn(directory) > bytes) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

void FillAndSave(Client* client, std::string_view database) {
  std::mt19937_64 random(1);
  ASSERT_EQ(client->Command({"SELECT", database}), "+OK\r\n");
  std::string pipeline;
  for (int i = 0; i < kObjects; ++i) {
    std::string value(kValueBytes, '\0');
    for (char& byte : value) byte = static_cast<char>(random());
    pipeline += EncodeCommand({"SET", fmt::format("key:{}", i), value});
  }
  ASSERT_TRUE(client->SendRaw(pipeline));
  for (int i = 0; i < kObjects; ++i) ASSERT_EQ(client->ReadRawReply(), "+OK\r\n");
  ASSERT_EQ(client->Command({"SAVE"}), "+OK\r\n");
}

class FlushSpaceTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (TallyIsStoodInFor()) GTEST_SKIP() << "redis-server keeps nothing on the disk here";
    server_.emplace(ServerOptions{.threads = GetParam()});
  }

  std::optional<ServerProcess> server_;
};

INSTANTIATE_TEST_SUITE_P(Threads, FlushSpaceTest, testing::Values(1, 2));

TEST_P(FlushSpaceTest, TheDirectoryShrinksAfterAFlushWithoutFurtherTraffic) {
  Client client(server_->port());
  ASSERT_NO_FATAL_FAILURE(FillAndSave(&client, "0"));
  ASSERT_NO_FATAL_FAILURE(FillAndSave(&client, "3"));
  ASSERT_GT(BytesIn(server_->data_directory()), 2 * kDataBytes);
  ASSERT_EQ(client.Command({"FLUSHDB"}), "+OK\r\n");
  EXPECT_TRUE(ShrinksTo(server_->data_directory(), 3 * kDataBytes / 2))
      << BytesIn(server_->data_directory());
  ASSERT_EQ(client.Command({"SELECT", "0"}), "+OK\r\n");
  EXPECT_EQ(client.Command({"DBSIZE"}), fmt::format(":{}\r\n", kObjects));
  ASSERT_EQ(client.Command({"FLUSHALL"}), "+OK\r\n");
  EXPECT_TRUE(ShrinksTo(server_->data_directory(), kDataBytes / 2))
      << BytesIn(server_->data_directory());
}

TEST_P(FlushSpaceTest, ACrashBehindTheFlushChangesNothingOfThat) {
  {
    Client client(server_->port());
    ASSERT_NO_FATAL_FAILURE(FillAndSave(&client, "0"));
    ASSERT_EQ(client.Command({"FLUSHALL"}), "+OK\r\n");
  }
  server_->Kill9();
  server_->Restart();
  EXPECT_TRUE(ShrinksTo(server_->data_directory(), kDataBytes / 2))
      << BytesIn(server_->data_directory());
  EXPECT_EQ(Client(server_->port()).Command({"DBSIZE"}), ":0\r\n");
}

}  // namespace
}  // namespace tally::test
