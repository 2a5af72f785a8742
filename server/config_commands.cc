// CONFIG: the parameters of config_parameters.h, for clients.
#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/config_parameters.h"
#include "server/config_rewrite.h"
#include "server/cycle_clock.h"
#include "server/deferred_reply.h"
#include "server/glob.h"
#include "server/operation.h"
#include "server/services.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using Access = ConfigParameter::Access;

struct Match {
  const ConfigParameter* parameter;
  std::string name;  // as it is replied
};

void AddMatch(std::vector<Match>* matches, const ConfigParameter& parameter,
              std::string_view name) {
  if (std::ranges::find(*matches, &parameter, &Match::parameter) != matches->end()) return;
  matches->push_back({&parameter, std::string(name)});
}

// Each parameter once, whichever patterns fit it. One that was asked for by its very name is called
// what the client called it.
void Get(Operation& op) {
  std::vector<Match> matches;
  for (const std::string_view pattern : op.args().subspan(2)) {
    if (pattern.find_first_of("*?[") == std::string_view::npos) {
      const ConfigParameter* const parameter = FindConfigParameter(pattern);
      if (parameter != nullptr) AddMatch(&matches, *parameter, pattern);
      continue;
    }
    for (const ConfigParameter& parameter : ConfigParameters()) {
      if (GlobMatch(pattern, parameter.name, true)) AddMatch(&matches, parameter, parameter.name);
    }
  }
  const Config& config = op.services().config();
  op.reply().Map(matches.size());
  for (const Match& match : matches) {
    op.reply().Bulk(match.name);
    op.reply().Bulk(ValueOf(*match.parameter, config));
  }
}

struct Setting {
  const ConfigParameter* parameter;
  std::string_view value;
};

// Why the parameter may not be set by this request at all, or "".
std::string_view Refusal(const ConfigParameter& parameter, std::span<const Setting> before) {
  if (parameter.access == Access::kImmutable) return errors::kConfigImmutable;
  if (parameter.access == Access::kProtected) return errors::kConfigProtected;
  const bool repeated = std::ranges::find(before, &parameter, &Setting::parameter) != before.end();
  return repeated ? errors::kConfigDuplicate : std::string_view();
}

[[nodiscard]] bool IsOfTls(const Setting& setting) {
  return setting.parameter->is_option() && setting.parameter->name.starts_with("tls-") &&
         setting.parameter->access == Access::kMutable;
}

// What belongs to TLS is good only together, and only if the files are: so it is tried first. Returns what is wrong,
// and has changed nothing then; or "".
std::string SetTls(std::span<const Setting> settings, Services& services) {
  if (std::ranges::none_of(settings, IsOfTls)) return {};
  Config& config = services.config();
  TlsSettings before = config.tls();
  for (const Setting& setting : settings) {
    if (IsOfTls(setting)) StoreValue(*setting.parameter, setting.value, &config);
  }
  std::string problem = services.ReloadTls();
  if (!problem.empty()) config.set_tls(std::move(before));
  return problem;
}

// All or nothing: everything is checked before anything is stored. An error that is found by name shows
// the name as the client wrote it, one that is found by value shows the parameter's own: as Redis does.
void Set(Operation& op) {
  if (op.argc() % 2 != 0) return op.reply().Error(errors::kSyntax);
  std::vector<Setting> settings;
  for (size_t i = 2; i < op.argc(); i += 2) {
    const ConfigParameter* const parameter = FindConfigParameter(op.arg(i));
    if (parameter == nullptr) return op.reply().Error(errors::UnknownConfigOption(op.arg(i)));
    const std::string_view refusal = Refusal(*parameter, settings);
    if (!refusal.empty()) return op.reply().Error(errors::ConfigSetFailed(op.arg(i), refusal));
    settings.push_back({parameter, op.arg(i + 1)});
  }
  Config& config = op.services().config();
  for (const Setting& setting : settings) {
    const bool is_fixed = setting.parameter->access == Access::kFixed;
    const std::string problem = is_fixed ? CheckSame(*setting.parameter, setting.value, config)
                                         : CheckValue(*setting.parameter, setting.value, config);
    if (problem.empty()) continue;
    return op.reply().Error(errors::ConfigSetFailed(setting.parameter->name, problem));
  }
  if (const std::string problem = SetTls(settings, op.services()); !problem.empty()) {
    return op.reply().Error(
        errors::ConfigSetFailed(std::ranges::find_if(settings, IsOfTls)->parameter->name, problem));
  }
  for (const Setting& setting : settings) {
    if (setting.parameter->access == Access::kFixed) continue;  // others may be reading it
    StoreValue(*setting.parameter, setting.value, &config);
  }
  op.services().ApplyConfig();
  op.reply().Ok();
}

void Rewrite(Operation& op) {
  const Config& config = op.services().config();
  if (config.config_file.empty()) return op.reply().Error(errors::kNoConfigFile);
  const std::shared_ptr<DeferredReply> token = op.Defer();
  op.services().RunAside([token, &config] {
    const std::string problem = RewriteConfigFile(config);
    SendReply(*token, [&](protocol::ReplyWriter& reply) {
      if (problem.empty()) return reply.Ok();
      reply.Error(errors::ConfigRewriteFailed(problem));
    });
  });
}

void ResetStat(Operation& op) {
  const std::shared_ptr<DeferredReply> token = op.Defer();
  op.services().ResetStatistics(op.command(), CycleClock::Now(), [token] {
    SendReply(*token, [](protocol::ReplyWriter& reply) { reply.Ok(); });
  });
}

constexpr uint32_t kOperator = kAdmin | kNoScript | kLoading | kStale;

constexpr std::array kSubcommands{
    Command{.name = "get",
            .arity = -3,
            .flags = kOperator,
            .handler = Get,
            .group = "server",
            .since = "2.0.0",
            .complexity = "O(N), N: parameters asked for",
            .summary = "Answers the parameters whose names fit a pattern.",
            .syntax = "{parameter}..."},
    Command{.name = "set",
            .arity = -4,
            .flags = kOperator,
            .handler = Set,
            .group = "server",
            .since = "2.0.0",
            .complexity = "O(N), N: parameters to set",
            .summary = "Sets parameters: all of them, or none when one cannot be.",
            .syntax = "{parameter_value=parameter value}...",
            .tips = "request_policy:all_nodes response_policy:all_succeeded"},
    Command{.name = "resetstat",
            .arity = 2,
            .flags = kOperator,
            .handler = ResetStat,
            .group = "server",
            .since = "2.0.0",
            .complexity = "O(1)",
            .summary = "Starts INFO's counters from zero."},
    Command{.name = "rewrite",
            .arity = 2,
            .flags = kOperator,
            .handler = Rewrite,
            .group = "server",
            .since = "2.8.0",
            .complexity = "O(N), N: length of the file",
            .summary = "Writes the parameters as they are now into the configuration file."},
    Command{.name = "help",
            .arity = 2,
            .flags = kLoading | kStale,
            .handler = ReplyHelp,
            .group = "server",
            .since = "5.0.0",
            .complexity = "O(1)",
            .summary = "Lists the subcommands."},
};

constexpr std::array kRows{
    Command{.name = "config",
            .arity = -2,
            .group = "server",
            .since = "2.0.0",
            .complexity = "that of the subcommand",
            .summary = "Commands about the server's parameters.",
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> ConfigCommands() { return kRows; }

}  // namespace tally::server
