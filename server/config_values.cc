#include "server/config_values.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <limits>
#include <utility>
#include <vector>

#include "server/descriptor_limit.h"
#include "server/http_access.h"
#include "server/key_events.h"
#include "server/percentiles.h"
#include "server/save_points.h"

namespace tally::server {

namespace errors = protocol::errors;

std::string SetBind(std::string_view text, Config* config) {
  const std::string address(text == "*" ? "0.0.0.0" : text);
  std::array<unsigned char, sizeof(in6_addr)> parsed;
  if (text.find('\0') != std::string_view::npos ||
      (inet_pton(AF_INET, address.c_str(), parsed.data()) != 1 &&
       inet_pton(AF_INET6, address.c_str(), parsed.data()) != 1)) {
    return "argument must be one IP address, such as 127.0.0.1 or ::1, or * for all of IPv4";
  }
  if (config != nullptr) config->bind = address;
  return {};
}

std::string SetDir(std::string_view text, Config* config) {
  if (text.empty() || text.find('\0') != std::string_view::npos) {
    return "argument must be the path of a directory";
  }
  if (config != nullptr) config->dir = text;
  return {};
}

std::string SetMaxMemory(std::string_view text, Config* config) {
  const std::optional<uint64_t> value = ParseMemorySize(text);
  if (!value) return std::string(errors::kConfigNotMemory);
  if (config != nullptr) config->maxmemory_bytes = *value;
  return {};
}

std::string SetMaxClients(std::string_view text, Config* config) {
  std::string problem =
      SetInteger<1, std::numeric_limits<uint32_t>::max(), [](Config&, int64_t) {}>(text, nullptr);
  if (!problem.empty()) return problem;
  const int64_t value = *protocol::ParseInt64(text);
  if (const uint32_t possible = MostClients(); static_cast<uint64_t>(value) > possible) {
    return "The operating system is not able to handle the specified number of clients, try with " +
           std::to_string(possible);
  }
  if (config != nullptr) config->maxclients = static_cast<uint32_t>(value);
  return {};
}

std::string SetPercentiles(std::string_view text, Config* config) {
  std::optional<std::vector<double>> percentiles = ParsePercentiles(text);
  if (!percentiles) return std::string(errors::kConfigBadPercentiles);
  for (const double percentile : *percentiles) {
    if (!(percentile >= 0 && percentile <= 100)) {
      return std::string(errors::kConfigPercentileRange);
    }
  }
  if (config != nullptr) config->set_latency_percentiles(*std::move(percentiles));
  return {};
}

std::string SetSavePoints(std::string_view text, Config* config) {
  std::optional<std::vector<SavePoint>> points = ParseSavePoints(text);
  if (!points) return std::string(errors::kConfigBadSavePoints);
  if (config != nullptr) config->set_save_points(*std::move(points));
  return {};
}

std::string SetAllowedHosts(std::string_view text, Config* config) {
  std::string problem = CheckAllowedHosts(text);
  if (problem.empty() && config != nullptr) config->http_allow_host = text;
  return problem;
}

std::string SetKeyEvents(std::string_view text, Config* config) {
  const std::optional<uint32_t> kinds = ParseKeyEventKinds(text);
  if (!kinds) return std::string(errors::kConfigBadEventLetter);
  if (config != nullptr) config->notify_keyspace_events = *kinds;
  return {};
}

}  // namespace tally::server
