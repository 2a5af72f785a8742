#include "server/config_parameters.h"

#include <algorithm>
#include <vector>

#include "server/command.h"

namespace tally::server {
namespace {

using Access = ConfigParameter::Access;

std::vector<ConfigParameter> AllParameters() {
  const std::span<const ConfigParameter> options = ConfigOptions();
  std::vector<ConfigParameter> all(options.begin(), options.end());
  for (const RememberedParameter& parameter : RememberedParameters()) {
    const Access access = parameter.is_immutable ? Access::kImmutable : Access::kMutable;
    all.push_back({.name = parameter.name, .access = access, .remembered = &parameter});
  }
  std::ranges::sort(all, {}, &ConfigParameter::name);
  return all;
}

}  // namespace

std::span<const ConfigParameter> ConfigParameters() {
  static const std::vector<ConfigParameter> kAll = AllParameters();
  return kAll;
}

const ConfigParameter* FindConfigParameter(std::string_view name) {
  for (const ConfigParameter& parameter : ConfigParameters()) {
    if (EqualsIgnoreCase(name, parameter.name)) return &parameter;
  }
  return nullptr;
}

const ConfigParameter& WithValue(const ConfigParameter& parameter) {
  const bool is_older_name =
      parameter.remembered != nullptr && !parameter.remembered->newer_name.empty();
  return is_older_name ? *FindConfigParameter(parameter.remembered->newer_name) : parameter;
}

std::string ValueOf(const ConfigParameter& parameter, const Config& config) {
  if (parameter.get != nullptr) return parameter.get(config);
  if (parameter.remembered == nullptr) return std::string(parameter.fact);
  const RememberedParameter& own = *WithValue(parameter).remembered;
  return config.remembered(own.name).value_or(std::string(own.initial));
}

std::string CheckValue(const ConfigParameter& parameter, std::string_view value,
                       const Config& config) {
  if (parameter.is_option()) return parameter.set(value, nullptr);
  if (parameter.remembered != nullptr) {
    return ReadValue(*WithValue(parameter).remembered, value, nullptr);
  }
  return CheckSame(parameter, value, config);
}

std::string CheckSame(const ConfigParameter& parameter, std::string_view value,
                      const Config& config) {
  const std::string fact = ValueOf(parameter, config);
  return EqualsIgnoreCase(value, fact) ? "" : "it cannot be anything but '" + fact + "' here";
}

void StoreValue(const ConfigParameter& parameter, std::string_view value, Config* config) {
  if (parameter.is_option()) parameter.set(value, config);
  if (parameter.remembered == nullptr) return;
  const RememberedParameter& own = *WithValue(parameter).remembered;
  std::string text;
  if (ReadValue(own, value, &text).empty()) config->Remember(own.name, std::move(text));
}

}  // namespace tally::server
