#include "server/config_parse.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/config_file.h"
#include "server/config_parameters.h"
#include "server/key_events.h"
#include "server/memory_limit.h"
#include "server/memory_size.h"
#include "server/save_points.h"

namespace tally::server {
namespace {

ParsedConfig Parse(std::vector<const char*> args) {
  args.insert(args.begin(), "tally-server");
  return ParseConfig(static_cast<int>(args.size()), args.data(), "tally 1.2.3");
}

/// A configuration file that lives as long as this does.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    path_ = (std::filesystem::temp_directory_path() / "tally_config_XXXXXX").string();
    const int descriptor = mkstemp(path_.data());
    EXPECT_GE(descriptor, 0);
    close(descriptor);
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ParseConfig, NothingGivenIsTheDefaults) {
  const ParsedConfig parsed = Parse({});
  ASSERT_NE(parsed.config, nullptr) << parsed.text;
  const Config defaults;
  for (const ConfigParameter& parameter : ConfigParameters()) {
    if (parameter.name == "dir" || parameter.name == "maxmemory") continue;  // this machine's
    EXPECT_EQ(ValueOf(parameter, *parsed.config), ValueOf(parameter, defaults)) << parameter.name;
  }
  EXPECT_EQ(parsed.config->dir, std::filesystem::current_path().string() + "/data");
  EXPECT_EQ(parsed.config->config_file, "");
  EXPECT_EQ(parsed.config->maxmemory_bytes, DefaultMaxMemoryBytes());
  EXPECT_GT(parsed.config->maxmemory_bytes, 0u);
}

TEST(ParseConfig, NoMemoryLimitIsAChoice) {
  const ParsedConfig parsed = Parse({"--maxmemory", "0"});
  ASSERT_NE(parsed.config, nullptr) << parsed.text;
  EXPECT_EQ(parsed.config->maxmemory_bytes, 0u);
}

TEST(ParseConfig, EveryOptionIsTaken) {
  const ParsedConfig parsed = Parse({"--port",
                                     "7000",
                                     "--bind",
                                     "::1",
                                     "--dir",
                                     "/tmp/x/../y/",
                                     "--threads",
                                     "2",
                                     "--appendfsync",
                                     "everysec",
                                     "--maxclients",
                                     "100",
                                     "--requirepass",
                                     "se cret",
                                     "--timeout",
                                     "9",
                                     "--tcp-keepalive",
                                     "60",
                                     "--proto-max-bulk-len",
                                     "2mb",
                                     "--databases",
                                     "4",
                                     "--tcp-backlog",
                                     "64",
                                     "--maxmemory",
                                     "3gb",
                                     "--enable-debug-command",
                                     "Local",
                                     "--notify-keyspace-events",
                                     "KExg",
                                     "--journal-limit=1mb"});
  ASSERT_NE(parsed.config, nullptr) << parsed.text;
  const Config& config = *parsed.config;
  EXPECT_EQ(config.port, 7000);
  EXPECT_EQ(config.bind, "::1");
  EXPECT_EQ(config.dir, "/tmp/y");
  EXPECT_EQ(config.threads, 2);
  EXPECT_EQ(config.appendfsync, FsyncPolicy::kEverySecond);
  EXPECT_EQ(config.maxclients, 100u);
  EXPECT_EQ(config.requirepass(), "se cret");
  EXPECT_EQ(config.timeout_s, 9);
  EXPECT_EQ(config.tcp_keepalive_s, 60);
  EXPECT_EQ(config.proto_max_bulk_bytes, uint64_t{2} << 20);
  EXPECT_EQ(config.databases, 4);
  EXPECT_EQ(config.tcp_backlog, 64);
  EXPECT_EQ(config.maxmemory_bytes, uint64_t{3} << 30);
  EXPECT_EQ(config.debug_command, DebugCommand::kLocal);
  EXPECT_EQ(config.journal_limit_bytes, 1u << 20);
  EXPECT_EQ(KeyEventLetters(config.notify_keyspace_events), "gxKE");
}

TEST(ParseConfig, BadInputIsAnErrorThatSaysWhereAndWhy) {
  const auto error_of = [](std::vector<const char*> args) {
    ParsedConfig parsed = Parse(std::move(args));
    EXPECT_EQ(parsed.config, nullptr);
    EXPECT_EQ(parsed.exit_code, 1);
    return parsed.text;
  };
  EXPECT_EQ(error_of({"--port", "70000"}),
            "--port: argument must be between 0 and 65535 inclusive");
  EXPECT_EQ(error_of({"--port", "-1"}), "--port: argument must be between 0 and 65535 inclusive");
  EXPECT_EQ(error_of({"--port", "x"}), "--port: argument couldn't be parsed into an integer");
  EXPECT_EQ(error_of({"--threads", "257"}),
            "--threads: argument must be between 0 and 256 inclusive");
  EXPECT_EQ(error_of({"--databases", "0"}),
            "--databases: argument must be between 1 and 256 inclusive");
  EXPECT_EQ(error_of({"--appendfsync", "often"}),
            "--appendfsync: argument(s) must be one of the following: everysec, always, no");
  EXPECT_EQ(error_of({"--enable-debug-command", "maybe"}),
            "--enable-debug-command: argument(s) must be one of the following: no, yes, local");
  EXPECT_EQ(error_of({"--proto-max-bulk-len", "1q"}),
            "--proto-max-bulk-len: argument must be a memory value");
  EXPECT_EQ(error_of({"--proto-max-bulk-len", "513mb"}),
            "--proto-max-bulk-len: argument must be between 1048576 and 536870912 inclusive");
  EXPECT_EQ(error_of({"--dir", ""}), "--dir: argument must be the path of a directory");
  EXPECT_NE(error_of({"--bind", "1.2.3.4.5"}).find("--bind: "), std::string::npos);
  EXPECT_NE(error_of({"--bind", "127.0.0.1 localhost"}).find("IP addresses"), std::string::npos);
  EXPECT_NE(error_of({"--bind", " "}).find("IP addresses"), std::string::npos);
  EXPECT_NE(error_of({"--unixsocketperm", "778"}).find("octal"), std::string::npos);
  EXPECT_NE(error_of({"--nosuch", "1"}).find("--nosuch"), std::string::npos);
  EXPECT_NE(error_of({"--port"}).find("--port"), std::string::npos);
  EXPECT_EQ(error_of({"/nonexistent/tally.conf"}),
            "/nonexistent/tally.conf: No such file or directory");
  EXPECT_EQ(error_of({"--appendonly", "no"}), "--appendonly: it cannot be anything but 'yes' here");
}

TEST(ParseConfig, WhatRedisIsOftenStartedWithIsUnderstood) {
  EXPECT_NE(Parse({"--save", "", "--appendonly", "yes", "--daemonize", "no"}).config, nullptr);
}

TEST(ParseConfig, HelpAndVersionAreNotErrors) {
  const ParsedConfig help = Parse({"--help"});
  EXPECT_EQ(help.config, nullptr);
  EXPECT_EQ(help.exit_code, 0);
  for (const ConfigParameter& parameter : ConfigParameters()) {
    const bool is_told = help.text.find("--" + std::string(parameter.name)) != std::string::npos;
    EXPECT_EQ(is_told, parameter.is_option()) << parameter.name;
  }
  EXPECT_NE(help.text.find("SIZE=64mb "), std::string::npos) << "sizes as the README has them";
  EXPECT_NE(help.text.find("SIZE=512mb\n"), std::string::npos) << help.text;
  const ParsedConfig version = Parse({"--version"});
  EXPECT_EQ(version.config, nullptr);
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.text, "tally 1.2.3");
}

TEST(ParseConfig, FileIsReadAndTheCommandLineCountsMore) {
  const TemporaryFile file(
      "# a comment\n\n  port 7001\nREQUIREPASS \"a b\\x41\\n\"\nsave \"\"\nthreads 3\nthreads 2\n");
  for (const bool positional : {true, false}) {
    std::vector<const char*> args = {file.path().c_str(), "--port", "7002"};
    if (!positional) args.insert(args.begin(), "--config");
    const ParsedConfig parsed = Parse(args);
    ASSERT_NE(parsed.config, nullptr) << parsed.text;
    EXPECT_EQ(parsed.config->port, 7002);
    EXPECT_EQ(parsed.config->requirepass(), "a bA\n");
    EXPECT_EQ(parsed.config->threads, 2);
    EXPECT_EQ(parsed.config->config_file, file.path());
  }
}

TEST(ParseConfig, SavePointsOfAFilesLinesAddUp) {
  const auto points_of = [](const std::string& text) {
    const TemporaryFile file(text);
    const ParsedConfig parsed = Parse({file.path().c_str()});
    EXPECT_NE(parsed.config, nullptr) << parsed.text;
    return parsed.config == nullptr ? "" : SavePointsText(parsed.config->save_points());
  };
  EXPECT_EQ(points_of("save 3600 1\nsave 300 100\n"), "3600 1 300 100");
  EXPECT_EQ(points_of("save 3600 1\nsave \"\"\n"), "");
  EXPECT_EQ(points_of("save 3600 1\nsave \"\"\nsave 60 1000\n"), "60 1000");
  EXPECT_EQ(points_of("save \"3600 1 300 100\"\n"), "3600 1 300 100");
}

TEST(ParseConfig, ErrorsInAFileNameItsLine) {
  const auto error_of = [](const std::string& text) {
    const TemporaryFile file(text);
    const ParsedConfig parsed = Parse({file.path().c_str()});
    EXPECT_EQ(parsed.config, nullptr);
    EXPECT_TRUE(parsed.text.starts_with(file.path())) << parsed.text;
    return parsed.text.substr(std::min(parsed.text.size(), file.path().size()));
  };
  EXPECT_EQ(error_of("port 1\nnosuch 1\n"), ":2: unknown option 'nosuch'");
  EXPECT_EQ(error_of("port x"), ":1: port: argument couldn't be parsed into an integer");
  EXPECT_EQ(error_of("appendonly no"), ":1: appendonly: it cannot be anything but 'yes' here");
  EXPECT_EQ(error_of("\nport"), ":2: 'port' has no value; an empty one is \"\"");
  EXPECT_EQ(error_of("dir \"x"), ":1: a quote is not closed, or text follows a closing quote");
  EXPECT_EQ(error_of(std::string(kMaxConfigFileBytes + 1, '\n')),
            ": too long for a configuration file");
}

TEST(ParseConfigText, ReadsWordsAndQuotes) {
  const ConfigLines file =
      ParseConfigText("a b  c\r\n\tb 'x y'\nc 'it\\'s \\n'\nd \"\\x7f\\q\\\"\"\n#e f\ng \"\"", "f");
  ASSERT_EQ(file.problem, "");
  ASSERT_EQ(file.lines.size(), 5u);
  EXPECT_EQ(file.lines[0].value, "b c");
  EXPECT_EQ(file.lines[1].value, "x y");
  EXPECT_EQ(file.lines[2].value, "it's \\n");
  EXPECT_EQ(file.lines[3].value, "\x7fq\"");
  EXPECT_EQ(file.lines[4].name, "g");
  EXPECT_EQ(file.lines[4].value, "");
  EXPECT_EQ(file.lines[4].number, 6u);
  EXPECT_NE(ParseConfigText("a \"b\"c", "f").problem, "");
}

TEST(ParseMemorySize, KnowsRedisUnits) {
  EXPECT_EQ(ParseMemorySize("64"), 64u);
  EXPECT_EQ(ParseMemorySize("64b"), 64u);
  EXPECT_EQ(ParseMemorySize("1k"), 1000u);
  EXPECT_EQ(ParseMemorySize("1KB"), 1024u);
  EXPECT_EQ(ParseMemorySize("3m"), 3'000'000u);
  EXPECT_EQ(ParseMemorySize("3Mb"), 3u << 20);
  EXPECT_EQ(ParseMemorySize("2g"), 2'000'000'000u);
  EXPECT_EQ(ParseMemorySize("2gb"), uint64_t{2} << 30);
  EXPECT_EQ(ParseMemorySize("99999999999999999999"), UINT64_MAX);
  EXPECT_EQ(ParseMemorySize("99999999999999999gb"), UINT64_MAX);
  for (const std::string_view bad : {"1t", "-1", " 1", "1 mb", "mbx", "0x10"}) {
    EXPECT_EQ(ParseMemorySize(bad), std::nullopt) << bad;
  }
}

TEST(MemorySizeText, IsTheShortestThatMeansTheSame) {
  EXPECT_EQ(MemorySizeText(0), "0");
  EXPECT_EQ(MemorySizeText(1000), "1000");
  EXPECT_EQ(MemorySizeText(1024), "1kb");
  EXPECT_EQ(MemorySizeText(1025), "1025");
  EXPECT_EQ(MemorySizeText(1536), "1536");
  EXPECT_EQ(MemorySizeText(uint64_t{64} << 20), "64mb");
  EXPECT_EQ(MemorySizeText(uint64_t{512} << 20), "512mb");
  EXPECT_EQ(MemorySizeText(uint64_t{3} << 30), "3gb");
  EXPECT_EQ(MemorySizeText(uint64_t{1} << 40), "1024gb");
  for (const uint64_t bytes :
       {uint64_t{0}, uint64_t{7} << 10, (uint64_t{1} << 62) + 1, UINT64_MAX}) {
    EXPECT_EQ(ParseMemorySize(MemorySizeText(bytes)), bytes);
  }
}

TEST(Config, ThePasswordIsThatOfTheDefaultUserAndMatchesOnlyItself) {
  Config config;
  EXPECT_FALSE(config.users().asks_for_login());
  config.set_requirepass(std::string("a\0b", 3));
  EXPECT_TRUE(config.users().asks_for_login());
  EXPECT_NE(config.users().LogIn("default", std::string_view("a\0b", 3)), nullptr);
  for (const std::string_view wrong : {"", "a", "a\0c", "ab"}) {
    EXPECT_EQ(config.users().LogIn("default", wrong), nullptr);
  }
  EXPECT_EQ(config.users().LogIn("default", std::string_view("a\0b\0", 4)), nullptr);
}

}  // namespace
}  // namespace tally::server
