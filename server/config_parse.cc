#include "server/config_parse.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "server/config_file.h"
#include "server/config_parameters.h"
#include "server/memory_limit.h"
#include "server/memory_size.h"

namespace tally::server {
namespace {

// One --option with the text that was given for it.
struct GivenOption {
  const ConfigParameter* parameter;
  std::string value;
  const CLI::Option* option;
};

ParsedConfig Failure(std::string text) { return {nullptr, std::move(text), 1}; }

// Why the value cannot be taken, or "" once it has been stored.
std::string Apply(const ConfigParameter& parameter, std::string_view value, Config* config) {
  std::string problem = CheckValue(parameter, value, *config);
  if (problem.empty()) StoreValue(parameter, value, config);
  return problem;
}

std::string ApplyFile(const std::string& path, Config* config) {
  const ConfigLines file = ReadConfigFile(path);
  if (!file.problem.empty()) return file.problem;
  std::set<const ConfigParameter*> named;
  for (const ConfigLine& line : file.lines) {
    const std::string place = fmt::format("{}:{}: ", path, line.number);
    const ConfigParameter* parameter = FindConfigParameter(line.name);
    if (parameter == nullptr) return fmt::format("{}unknown option '{}'", place, line.name);
    std::string value = line.value;
    if (!named.insert(parameter).second && parameter->adds_up && !value.empty()) {
      if (const std::string before = ValueOf(*parameter, *config); !before.empty()) {
        value.insert(0, before + " ");
      }
    }
    const std::string problem = Apply(*parameter, value, config);
    if (!problem.empty()) return fmt::format("{}{}: {}", place, line.name, problem);
  }
  return {};
}

// Absolute, so that it stays true when somebody looks at it later (CONFIG GET dir, INFO).
std::string Absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return path;
  std::string text = absolute.lexically_normal().string();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

ParsedConfig ParseConfig(int argc, const char* const* argv, std::string_view version) {
  CLI::App app(
      "Tally: a server for counters and other objects that must not be lost.\n"
      "Any Redis client talks to it.");
  app.set_version_flag("-v,--version", std::string(version));

  auto config = std::make_unique<Config>();
  config->maxmemory_bytes = DefaultMaxMemoryBytes();
  std::string file;
  app.add_option("file,--config", file, "configuration file in the form of redis.conf")
      ->type_name("FILE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);

  std::vector<GivenOption> options;
  options.reserve(ConfigParameters().size());  // the options keep references to the values
  for (const ConfigParameter& parameter : ConfigParameters()) {
    GivenOption& given = options.emplace_back(GivenOption{&parameter, {}, nullptr});
    CLI::Option* option = app.add_option("--" + std::string(parameter.name), given.value,
                                         std::string(parameter.help));
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (parameter.is_option()) {
      option->type_name(std::string(parameter.placeholder));
      const std::string value = ValueOf(parameter, *config);
      const std::optional<uint64_t> bytes =
          parameter.is_memory_size ? ParseMemorySize(value) : std::nullopt;
      option->default_str(bytes ? MemorySizeText(*bytes) : value);
    } else {
      option->group("");  // understood, but not worth a line of --help
    }
    given.option = option;
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return {nullptr, app.help(), 0};
  } catch (const CLI::CallForVersion&) {
    return {nullptr, std::string(version), 0};
  } catch (const CLI::ParseError& error) {
    return Failure(error.what());
  }

  if (!file.empty()) {
    std::string problem = ApplyFile(file, config.get());
    if (!problem.empty()) return Failure(std::move(problem));
    config->config_file = Absolute(file);
  }
  for (const GivenOption& given : options) {
    if (given.option->count() == 0) continue;
    const std::string problem = Apply(*given.parameter, given.value, config.get());
    if (!problem.empty()) {
      return Failure(fmt::format("--{}: {}", given.parameter->name, problem));
    }
  }
  config->dir = Absolute(config->dir);
  return {std::move(config), {}, 0};
}

}  // namespace tally::server
