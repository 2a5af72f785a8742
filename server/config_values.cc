#include "server/config_values.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "server/bind_address.h"
#include "server/descriptor_limit.h"
#include "server/http_access.h"
#include "server/key_events.h"
#include "server/percentiles.h"
#include "server/save_points.h"
#include "server/tls_context.h"

namespace tally::server {

namespace errors = protocol::errors;

std::string SetBind(std::string_view text, Config* config) {
  const std::vector<BindAddress> addresses = BindAddresses(text);
  const bool is_good = !addresses.empty() && text.find('\0') == std::string_view::npos &&
                       std::ranges::all_of(addresses, IsAddress);
  if (!is_good) {
    return "argument must be IP addresses, such as 127.0.0.1 or ::1, * for all of IPv4 and ::* for "
           "all of IPv6";
  }
  if (config != nullptr) config->bind = text;
  return {};
}

namespace {

template <auto kField>
std::string SetPath(std::string_view text, Config* config) {
  if (text.find('\0') != std::string_view::npos) return "argument must be a path";
  if (config != nullptr) config->*kField = text;
  return {};
}

}  // namespace

std::string SetUnixSocket(std::string_view text, Config* config) {
  return SetPath<&Config::unix_socket>(text, config);
}

std::string SetPubSubDefault(std::string_view text, Config* config) {
  const bool all = EqualsIgnoreCase(text, "allchannels");
  if (!all && !EqualsIgnoreCase(text, "resetchannels")) {
    return protocol::errors::ConfigNotOneOf(
        std::array<std::string_view, 2>{"allchannels", "resetchannels"});
  }
  if (config != nullptr) config->users().set_all_channels(all);
  return {};
}

std::string SetAclFile(std::string_view text, Config* config) {
  return SetPath<&Config::acl_file>(text, config);
}

std::string SetLogFile(std::string_view text, Config* config) {
  return SetPath<&Config::log_file>(text, config);
}

std::string SetPidFile(std::string_view text, Config* config) {
  return SetPath<&Config::pid_file>(text, config);
}

std::string SetOutputBounds(std::string_view text, Config* config) {
  OutputBoundsByClass bounds = config == nullptr ? OutputBoundsByClass() : config->output_bounds();
  std::string problem = ReadOutputBounds(text, &bounds);
  if (problem.empty() && config != nullptr) config->set_output_bounds(bounds);
  return problem;
}

std::string SetPermissions(std::string_view text, Config* config) {
  uint32_t mode = 0;
  constexpr uint32_t kAll = 0777;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc() || end != text.data() + text.size() || mode > kAll) {
    return "argument must be an octal number from 0 to 777";
  }
  if (config != nullptr) config->unix_socket_permissions = mode;
  return {};
}

std::string PermissionsText(const Config& config) {
  return fmt::format("{:o}", config.unix_socket_permissions);
}

std::string SetTlsAuth(std::string_view text, Config* config) {
  TlsSettings settings = config == nullptr ? TlsSettings{} : config->tls();
  std::string problem =
      ChooseByName<TlsClientAuth::kNo, TlsClientAuth::kYes, TlsClientAuth::kOptional>(
          text, &settings.auth_clients);
  if (problem.empty() && config != nullptr) config->set_tls(std::move(settings));
  return problem;
}

std::string SetTlsProtocols(std::string_view text, Config* config) {
  std::string problem = CheckTlsProtocols(text);
  if (!problem.empty()) return problem;
  return SetTlsText<&TlsSettings::protocols>(text, config);
}

std::string SetTlsPreference(std::string_view text, Config* config) {
  TlsSettings settings = config == nullptr ? TlsSettings{} : config->tls();
  std::string problem = ChooseYesNo(text, &settings.prefer_server_ciphers);
  if (problem.empty() && config != nullptr) config->set_tls(std::move(settings));
  return problem;
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
