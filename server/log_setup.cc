#include "server/log_setup.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "server/json.h"

namespace tally::server {
namespace {

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
    case LogLevel::kVerbose:
      return spdlog::level::debug;
    case LogLevel::kNotice:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
  }
  return spdlog::level::info;
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File OpenToAppend(const std::string& path) { return {std::fopen(path.c_str(), "ae"), std::fclose}; }

class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (const File file = OpenToAppend(path_); file != nullptr) {
      std::fwrite(line.data(), 1, line.size(), file.get());
    }
  }
  void flush_() override {}

  const std::string path_;
};

class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::seconds;
    const auto since_epoch = message.time.time_since_epoch();
    const auto ms = duration_cast<milliseconds>(since_epoch - duration_cast<seconds>(since_epoch));
    const std::tm utc = fmt::gmtime(spdlog::log_clock::to_time_t(message.time));
    const std::string_view level(spdlog::level::to_string_view(message.level).data());
    fmt::format_to(std::back_inserter(line),
                   R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"{}","pid":{},"message":{}}})"
                   "\n",
                   utc, ms.count(), level, getpid(),
                   JsonString({message.payload.data(), message.payload.size()}));
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

}  // namespace

std::string OpenLog(const Config& config) {
  spdlog::sink_ptr sink;
  if (config.log_file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  } else if (OpenToAppend(config.log_file) == nullptr) {
    return fmt::format("{}: {}", config.log_file, std::strerror(errno));
  } else {
    sink = std::make_shared<FileSink>(config.log_file);
  }
  auto logger = std::make_shared<spdlog::logger>("tally", std::move(sink));
  if (config.log_format == LogFormat::kJson) {
    logger->set_formatter(std::make_unique<JsonFormatter>());
  }
  spdlog::set_default_logger(std::move(logger));
  SetLogLevel(config.log_level);
  return {};
}

void SetLogLevel(LogLevel level) { spdlog::set_level(LevelOf(level)); }

}  // namespace tally::server
