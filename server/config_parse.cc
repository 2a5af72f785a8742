#include "server/config_parse.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "server/acl_file.h"
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

// A `user` line of the file, with where it stands in front.
struct DeclaredUser {
  std::string place;
  std::string text;
};

std::string ApplyFile(const std::string& path, Config* config,
                      std::vector<DeclaredUser>* declared) {
  const ConfigLines file = ReadConfigFile(path);
  if (!file.problem.empty()) return file.problem;
  std::set<const ConfigParameter*> named;
  for (const ConfigLine& line : file.lines) {
    const std::string place = fmt::format("{}:{}: ", path, line.number);
    if (EqualsIgnoreCase(line.name, kUserLine)) {
      declared->push_back({place, line.value});
      continue;
    }
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

// Once all options are known: acl-pubsub-default says what rules begin with.
std::string MakeUsers(const std::vector<DeclaredUser>& declared, Config* config) {
  if (!config->acl_file.empty()) {
    if (!declared.empty()) {
      return declared.front().place + "there are users here, and in the file that aclfile names";
    }
    std::vector<AclUsers::UserPtr> gone;
    return LoadAclFile(config->acl_file, &config->users(), &gone);
  }
  std::set<std::string_view> names;
  for (const DeclaredUser& user : declared) {
    const std::string_view name = std::string_view(user.text).substr(0, user.text.find(' '));
    if (!names.insert(name).second) {
      return fmt::format("{}user '{}' is declared twice", user.place, name);
    }
    const std::string problem = DeclareUser(user.text, &config->users());
    if (!problem.empty()) return fmt::format("{}user {}: {}", user.place, name, problem);
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

  std::vector<DeclaredUser> declared;
  if (!file.empty()) {
    std::string problem = ApplyFile(file, config.get(), &declared);
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
  if (!config->acl_file.empty()) config->acl_file = Absolute(config->acl_file);
  if (std::string problem = MakeUsers(declared, config.get()); !problem.empty()) {
    return Failure(std::move(problem));
  }
  return {std::move(config), {}, 0};
}

}  // namespace tally::server
