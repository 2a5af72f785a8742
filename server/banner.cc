#include "server/banner.h"

#include <fmt/format.h>

namespace tally::server {
namespace {

std::string_view DurabilityText(FsyncPolicy policy) {
  switch (policy) {
    case FsyncPolicy::kAlways:
      return "always: a reply means that it is on disk";
    case FsyncPolicy::kEverySecond:
      return "everysec: a crash of the machine may lose the last second";
    case FsyncPolicy::kNo:
      return "no: a crash of the machine may lose what the system had not written";
  }
  return "";
}

std::string Count(uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string MemoryText(uint64_t maxmemory_bytes) {
  if (maxmemory_bytes == 0) return "no limit";
  constexpr double kMegabyte = 1 << 20;
  constexpr double kGigabyte = 1 << 30;
  const auto bytes = static_cast<double>(maxmemory_bytes);
  const std::string amount = bytes < kGigabyte ? fmt::format("{:.1f} MB", bytes / kMegabyte)
                                               : fmt::format("{:.1f} GB", bytes / kGigabyte);
  return "up to " + amount + ", the rest of the data on disk";
}

std::string Endpoint(const std::string& address, uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

std::string HttpLine(uint16_t port) {
  return port == 0 ? "" : fmt::format("  http        http://127.0.0.1:{}/increment?name=A\n", port);
}

// The command's options, as far as they are not redis-cli's defaults. Not the password: it would be on
// the screen and in the shell's history.
std::string ClientOptions(const Config& config) {
  constexpr uint16_t kUsualPort = 6379;
  std::string options;
  if (config.bind == "::") {
    options += " -h ::1";
  } else if (config.bind != "127.0.0.1" && config.bind != "0.0.0.0") {
    options += " -h " + config.bind;
  }
  if (config.port != kUsualPort) options += fmt::format(" -p {}", config.port);
  if (config.has_password()) options += " --askpass";
  return options;
}

}  // namespace

std::string BannerText(const Config& config, const StartFacts& facts) {
  return fmt::format(
      "Tally {} ({})\n"
      "  redis       {}\n"
      "{}"
      "  data        {} ({}, {} replayed)\n"
      "  memory      {}\n"
      "  durability  appendfsync {}\n"
      "  try         redis-cli{} INCR A      stop with Ctrl-C\n",
      facts.version, Count(static_cast<uint64_t>(config.threads), "core", "cores"),
      Endpoint(config.bind, config.port), HttpLine(config.http_port), facts.directory,
      Count(facts.objects, "object", "objects"),
      Count(facts.journal_entries, "journal entry", "journal entries"),
      MemoryText(config.maxmemory_bytes.load()), DurabilityText(config.appendfsync.load()),
      ClientOptions(config));
}

}  // namespace tally::server
