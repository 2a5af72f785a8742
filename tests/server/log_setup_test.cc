#include "server/log_setup.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "server/json.h"
#include "tests/storage/test_directory.h"

namespace tally::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LogSetupTest : public ::testing::Test {
 protected:
  ~LogSetupTest() override { static_cast<void>(OpenLog(Config())); }

  storage::TestDirectory directory_;
  const std::string path_ = directory_.File("tally.log");
  Config config_;
};

TEST_F(LogSetupTest, ALogThatIsMovedAwayIsBegunAnew) {
  config_.log_file = path_;
  ASSERT_EQ(OpenLog(config_), "");
  spdlog::info("one");
  std::filesystem::rename(path_, path_ + ".1");
  spdlog::warn("two");
  EXPECT_THAT(storage::ReadFile(path_ + ".1"), HasSubstr("[info] one\n"));
  EXPECT_THAT(storage::ReadFile(path_), HasSubstr("[warning] two\n"));
}

TEST_F(LogSetupTest, WhatIsThereStays) {
  std::ofstream(path_) << "before\n";
  config_.log_file = path_;
  ASSERT_EQ(OpenLog(config_), "");
  spdlog::info("after");
  EXPECT_THAT(storage::ReadFile(path_), ::testing::StartsWith("before\n"));
  EXPECT_THAT(storage::ReadFile(path_), HasSubstr("after"));
}

TEST_F(LogSetupTest, LinesAreJsonWhenAskedFor) {
  config_.log_file = path_;
  config_.log_format = LogFormat::kJson;
  ASSERT_EQ(OpenLog(config_), "");
  spdlog::warn("a \"quoted\" word");
  EXPECT_THAT(storage::ReadFile(path_),
              ::testing::MatchesRegex(
                  "\\{\"time\":\"[0-9-]+T[0-9:]+\\.[0-9][0-9][0-9]Z\",\"level\":\"warning\","
                  "\"pid\":[0-9]+,\"message\":\"a \\\\\"quoted\\\\\" word\"\\}\n"));
}

TEST_F(LogSetupTest, TheLevelIsTheLeastThatIsLogged) {
  config_.log_file = path_;
  config_.log_level = LogLevel::kWarning;
  ASSERT_EQ(OpenLog(config_), "");
  spdlog::info("not this");
  SetLogLevel(LogLevel::kDebug);
  spdlog::debug("but this");
  EXPECT_THAT(storage::ReadFile(path_), Not(HasSubstr("not this")));
  EXPECT_THAT(storage::ReadFile(path_), HasSubstr("but this"));
}

TEST_F(LogSetupTest, AFileThatCannotBeOpenedIsAProblem) {
  config_.log_file = directory_.File("none/tally.log");
  EXPECT_EQ(OpenLog(config_), config_.log_file + ": No such file or directory");
}

TEST(JsonTest, StringsAreEscaped) {
  EXPECT_EQ(JsonString("a\"b\\c\n\t\x01\x7F"), "\"a\\\"b\\\\c\\n\\u0009\\u0001\\u007f\"");
  EXPECT_EQ(JsonString("\xFFz\xC3\xA9"), "\"\xEF\xBF\xBDz\xC3\xA9\"");
}

}  // namespace
}  // namespace tally::server
