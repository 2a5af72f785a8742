// What a start says when the data is not as it was left: one line, which says why it is refused.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/server_process.h"
#include "tests/end_to_end/support/temp_directory.h"

namespace tally::test {
namespace {

namespace fs = std::filesystem;

constexpr auto kRefusalTimeout = std::chrono::milliseconds(20'000);

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteFile(const fs::path& path, std::string_view contents) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << contents;
}

std::map<std::string, std::string> ContentsOf(const std::string& directory) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    contents[entry.path().string()] = entry.is_regular_file() ? ReadFile(entry.path()) : "";
  }
  return contents;
}

// The longest file of this kind in the database.
fs::path Longest(const std::string& data_directory, const std::string& extension) {
  fs::path longest;
  uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(data_directory + "/rocks")) {
    if (entry.path().extension() != extension || entry.file_size() <= bytes) continue;
    longest = entry.path();
    bytes = entry.file_size();
  }
  return longest;
}

class StartTextTest : public testing::Test {
 protected:
  void SetUp() override {
    if (TallyIsStoodInFor()) GTEST_SKIP() << "what Tally says at a start";
  }
  static void Write(ServerProcess* server, const std::string& prefix) {
    Client client(server->port());
    for (int i = 0; i < 50; ++i) {
      ASSERT_EQ(client.Command({"SET", fmt::format("{}{}", prefix, i), std::string(100, 'v')}),
                "+OK\r\n");
    }
  }
  // It has a table of objects, and behind the checkpoint a journal that the high-water mark reaches.
  static void Fill(ServerProcess* server) {
    Write(server, "a");
    ASSERT_EQ(Client(server->port()).Command({"SAVE"}), "+OK\r\n");
    Write(server, "b");
    Client(server->port()).Send({"SHUTDOWN", "NOSAVE"});
    const auto exit = server->WaitForExit(kRefusalTimeout);
    ASSERT_TRUE(exit && exit->Clean()) << server->Log();
  }
  // And not a byte in the directory is another afterwards.
  static void ExpectRefusedInOneLine(const std::string& data_directory, const std::string& why) {
    const auto before = ContentsOf(data_directory);
    const RunResult run = RunUntilExit({}, FreePort(), data_directory, kRefusalTimeout);
    ASSERT_TRUE(run.exit) << "it runs: " << run.output;
    EXPECT_EQ(run.exit->code, 1) << run.output;
    EXPECT_EQ(run.output.find('\n'), run.output.size() - 1) << run.output;
    EXPECT_TRUE(run.output.starts_with("tally-server: ")) << run.output;
    EXPECT_NE(run.output.find(why), std::string::npos) << run.output;
    EXPECT_TRUE(ContentsOf(data_directory) == before) << run.output;
  }
  // The server serves a moment before it says so.
  static std::string WaitForLog(const ServerProcess& server, const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + kRefusalTimeout;
    while (server.Log().find(text) == std::string::npos && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return server.Log();
  }
};

TEST_F(StartTextTest, DamageIsRefusedInOneLine) {
  ServerProcess server;
  Fill(&server);
  if (HasFatalFailure()) return;
  const std::string log = Longest(server.data_directory(), ".log").filename();
  const std::string table = Longest(server.data_directory(), ".sst").filename();
  struct Damage {
    std::string file;
    std::function<void(std::string*)> change;  // none: the file is deleted
    std::string why;
  };
  const auto flip = [](size_t from_end) {
    return [from_end](std::string* bytes) { (*bytes)[bytes->size() - from_end] ^= 0x40; };
  };
  const Damage damages[] = {
      {log, flip(3000), "is damaged near byte "},
      // A power cut might leave that, were it not for the high-water mark.
      {log, flip(20), "a log was cut, changed or deleted"},
      {log, {}, "a log was cut, changed or deleted"},
      {table, [](std::string* bytes) { bytes->resize(bytes->size() / 2); }, "cannot open"},
      {table, {}, "cannot open the database"},
      {"CURRENT", {}, "CURRENT is missing"},
  };
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.file + ": " + damage.why);
    const TempDirectory copy;
    fs::copy(server.data_directory(), copy.File("data"), fs::copy_options::recursive);
    const fs::path path = fs::path(copy.File("data")) / "rocks" / damage.file;
    std::string bytes = ReadFile(path);
    ASSERT_GT(bytes.size(), 0U);
    if (damage.change) {
      damage.change(&bytes);
      WriteFile(path, bytes);
    } else {
      fs::remove(path);
    }
    ExpectRefusedInOneLine(copy.File("data"), damage.why);
  }
}

// A start reads no objects, so what is damaged in one is noticed by who asks for it: an error and never a
// wrong value. All others are served.
TEST_F(StartTextTest, ADamagedObjectIsAnErrorAndNeverAWrongValue) {
  ServerProcess server;
  Fill(&server);
  if (HasFatalFailure()) return;
  const fs::path table = Longest(server.data_directory(), ".sst");
  std::string bytes = ReadFile(table);
  bytes[100] ^= 0x40;
  WriteFile(table, bytes);
  server.Restart();
  Client client(server.port());
  int errors = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string reply = client.Command({"GET", "a" + std::to_string(i)});
    if (reply.starts_with("-ERR the object could not be read from the disk")) {
      ++errors;
    } else {
      EXPECT_EQ(reply, "$100\r\n" + std::string(100, 'v') + "\r\n");
    }
  }
  EXPECT_GT(errors, 0);
  EXPECT_EQ(client.Command({"DBSIZE"}), ":100\r\n");
  const std::string log = WaitForLog(server, "cannot be read");
  EXPECT_NE(log.find("[error]"), std::string::npos) << log;
}

TEST_F(StartTextTest, ADeletedOnlyLogIsSaidToBePossible) {
  ServerProcess server;
  Write(&server, "a");
  Client(server.port()).Send({"SHUTDOWN", "NOSAVE"});
  ASSERT_TRUE(server.WaitForExit(kRefusalTimeout));
  fs::remove(Longest(server.data_directory(), ".log"));
  ExpectRefusedInOneLine(server.data_directory(),
                         "everything in rocks/, or its only log, was deleted");
}

TEST_F(StartTextTest, ALogThatWasMovedAwayMayBePutBack) {
  ServerProcess server;
  Fill(&server);
  if (HasFatalFailure()) return;
  const fs::path log = Longest(server.data_directory(), ".log");
  const TempDirectory elsewhere;
  fs::copy(log, elsewhere.File("log"));
  fs::remove(log);
  for (int i = 0; i < 3; ++i) {
    ExpectRefusedInOneLine(server.data_directory(), "a log was cut, changed or deleted");
  }
  fs::copy(elsewhere.File("log"), log);
  server.Restart();
  EXPECT_EQ(Client(server.port()).Command({"DBSIZE"}), ":100\r\n");
}

// A torn end is no reason to refuse; RocksDB's warning of it reaches the log, behind the start.
TEST_F(StartTextTest, WarningsOfASuccessfulStartAreTold) {
  ServerProcess server;
  Fill(&server);
  if (HasFatalFailure()) return;
  std::ofstream(Longest(server.data_directory(), ".log"), std::ios::binary | std::ios::app)
      << std::string(100, 'x');
  server.Restart();
  EXPECT_EQ(Client(server.port()).Command({"DBSIZE"}), ":100\r\n");
  const std::string log = WaitForLog(server, "RocksDB: ");
  EXPECT_NE(log.find("[warning] RocksDB: "), std::string::npos) << log;
}

TEST_F(StartTextTest, ADirectoryOfWhichOnlyThePidFileIsLeftIsRefused) {
  ServerProcess server;
  Fill(&server);
  for (const char* part : {"format", "high-water", "rocks"}) {
    fs::remove_all(server.data_directory() + "/" + part);
  }
  ExpectRefusedInOneLine(server.data_directory(), "/format is missing");
}

}  // namespace
}  // namespace tally::test
