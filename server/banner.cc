#include "server/banner.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "server/bind_address.h"

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
  if (address == "*") return fmt::format("0.0.0.0:{}", port);
  if (address == "::*") return fmt::format("[::]:{}", port);
  const bool is_v6 = address.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

std::string TcpText(const Config& config, uint16_t port) {
  std::string text;
  for (const BindAddress& address : BindAddresses(config.bind)) {
    text += (text.empty() ? "" : ", ") + Endpoint(address.address, port);
  }
  return text;
}

// All ways in for Redis clients that speak no TLS.
std::string RedisText(const Config& config) {
  if (config.port == 0) return config.unix_socket.empty() ? "by TLS only" : config.unix_socket;
  const std::string text = TcpText(config, config.port);
  return config.unix_socket.empty() ? text : text + ", " + config.unix_socket;
}

std::string TlsLine(const Config& config) {
  if (config.tls_port == 0) return "";
  return fmt::format("  tls         {}\n", TcpText(config, config.tls_port));
}

std::string HttpLine(uint16_t port) {
  return port == 0 ? "" : fmt::format("  http        http://127.0.0.1:{}/increment?name=A\n", port);
}

std::string AdminLine(uint16_t port) {
  return port == 0 ? "" : fmt::format("  admin       http://127.0.0.1:{}/\n", port);
}

// The command's options, as far as they are not redis-cli's defaults. Not the password: it would be on
// the screen and in the shell's history.
std::string WayOptions(const Config& config) {
  if (config.port == 0 && !config.unix_socket.empty()) return " -s " + config.unix_socket;
  constexpr uint16_t kUsualPort = 6379;
  const std::string address = BindAddresses(config.bind).front().address;
  std::string options;
  if (address == "::" || address == "::*") {
    options += " -h ::1";
  } else if (address != "127.0.0.1" && address != "0.0.0.0" && address != "*") {
    options += " -h " + address;
  }
  const uint16_t port = config.port != 0 ? config.port : config.tls_port;
  if (port != kUsualPort) options += fmt::format(" -p {}", port);
  if (config.port == 0) options += " --tls";
  return options;
}

std::string ClientOptions(const Config& config) {
  return WayOptions(config) + (config.users().asks_for_login() ? " --askpass" : "");
}

}  // namespace

std::string BannerText(const Config& config, const StartFacts& facts) {
  return fmt::format(
      "Tally {} ({})\n"
      "  redis       {}\n"
      "{}{}{}"
      "  data        {} ({}, {} replayed)\n"
      "  memory      {}\n"
      "  durability  appendfsync {}\n"
      "  try         redis-cli{} INCR A      stop with Ctrl-C\n",
      facts.version, Count(static_cast<uint64_t>(config.threads), "core", "cores"),
      RedisText(config), TlsLine(config), HttpLine(config.http_port), AdminLine(config.admin_port),
      facts.directory, Count(facts.objects, "object", "objects"),
      Count(facts.journal_entries, "journal entry", "journal entries"),
      MemoryText(config.maxmemory_bytes.load()), DurabilityText(config.appendfsync.load()),
      ClientOptions(config));
}

}  // namespace tally::server
