#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command.h"
#include "server/config.h"
#include "server/memory_size.h"

namespace tally::server {

// How the values of parameters are read and shown: what the rows of config_parameters.cc have as `get` and `set`.
// Each Set… checks the text and, unless `config` is null, stores the value. It returns why it cannot be, or "".

// An integer in [kMin, kMax], handed to `Store` when there is a configuration to store it in.
template <int64_t kMin, int64_t kMax, auto kStore>
[[nodiscard]] std::string SetInteger(std::string_view text, Config* config) {
  const std::optional<int64_t> value = protocol::ParseInt64(text);
  if (!value) return std::string(protocol::errors::kConfigNotAnInteger);
  if (*value < kMin || *value > kMax) return protocol::errors::ConfigOutOfRange(kMin, kMax);
  if (config != nullptr) kStore(*config, *value);
  return {};
}

template <int64_t kMin, int64_t kMax, auto kStore>
[[nodiscard]] std::string SetMemory(std::string_view text, Config* config) {
  const std::optional<uint64_t> value = ParseMemorySize(text);
  if (!value) return std::string(protocol::errors::kConfigNotMemory);
  if (*value < static_cast<uint64_t>(kMin) || *value > static_cast<uint64_t>(kMax)) {
    return protocol::errors::ConfigOutOfRange(kMin, kMax);
  }
  if (config != nullptr) kStore(*config, *value);
  return {};
}

template <auto kField>
[[nodiscard]] std::string GetInteger(const Config& config) {
  return std::to_string(+(config.*kField));  // + reads an atomic, too
}

// One of `kChoices`, by its name, into `*field`, unless that is null.
template <auto... kChoices>
[[nodiscard]] std::string ChooseByName(std::string_view text, auto* field) {
  for (const auto choice : {kChoices...}) {
    if (!EqualsIgnoreCase(text, Name(choice))) continue;
    if (field != nullptr) *field = choice;
    return {};
  }
  return protocol::errors::ConfigNotOneOf(std::array{Name(kChoices)...});
}

template <auto kField, auto... kChoices>
[[nodiscard]] std::string SetChoice(std::string_view text, Config* config) {
  return ChooseByName<kChoices...>(text, config == nullptr ? nullptr : &(config->*kField));
}

[[nodiscard]] std::string ChooseYesNo(std::string_view text, auto* field) {
  const bool yes = EqualsIgnoreCase(text, "yes");
  if (!yes && !EqualsIgnoreCase(text, "no"))
    return std::string(protocol::errors::kConfigNotYesOrNo);
  if (field != nullptr) *field = yes;
  return {};
}

template <auto kField>
[[nodiscard]] std::string SetYesNo(std::string_view text, Config* config) {
  return ChooseYesNo(text, config == nullptr ? nullptr : &(config->*kField));
}

template <auto kField>
[[nodiscard]] std::string GetYesNo(const Config& config) {
  return config.*kField ? "yes" : "no";
}

// Of the options with `tls-` that are texts.
template <auto kField>
[[nodiscard]] std::string SetTlsText(std::string_view text, Config* config) {
  if (text.find('\0') != std::string_view::npos) return "argument must not contain a null byte";
  if (config == nullptr) return {};
  TlsSettings settings = config->tls();
  settings.*kField = text;
  config->set_tls(std::move(settings));
  return {};
}

template <auto kField>
[[nodiscard]] std::string GetTlsText(const Config& config) {
  return config.tls().*kField;
}

[[nodiscard]] std::string SetTlsAuth(std::string_view text, Config* config);
[[nodiscard]] std::string SetTlsProtocols(std::string_view text, Config* config);
[[nodiscard]] std::string SetTlsPreference(std::string_view text, Config* config);
[[nodiscard]] std::string SetBind(std::string_view text, Config* config);
[[nodiscard]] std::string SetUnixSocket(std::string_view text, Config* config);
[[nodiscard]] std::string SetPermissions(std::string_view text, Config* config);
[[nodiscard]] std::string PermissionsText(const Config& config);
[[nodiscard]] std::string SetDir(std::string_view text, Config* config);
[[nodiscard]] std::string SetMaxMemory(std::string_view text, Config* config);
[[nodiscard]] std::string SetMaxClients(std::string_view text, Config* config);
[[nodiscard]] std::string SetPercentiles(std::string_view text, Config* config);
[[nodiscard]] std::string SetSavePoints(std::string_view text, Config* config);
[[nodiscard]] std::string SetAllowedHosts(std::string_view text, Config* config);
[[nodiscard]] std::string SetOutputBounds(std::string_view text, Config* config);
[[nodiscard]] std::string SetPubSubDefault(std::string_view text, Config* config);
[[nodiscard]] std::string SetAclFile(std::string_view text, Config* config);
[[nodiscard]] std::string SetLogFile(std::string_view text, Config* config);
[[nodiscard]] std::string SetPidFile(std::string_view text, Config* config);
[[nodiscard]] std::string SetKeyEvents(std::string_view text, Config* config);

}  // namespace tally::server
