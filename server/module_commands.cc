// MODULE: there are none, and none can be loaded.
#include <array>
#include <string_view>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/operation.h"

namespace tally::server {
namespace {

void List(Operation& op) { op.reply().EmptyArray(); }

// Not reached: the session refuses what is protected, as Redis does.
void Refuse(Operation& op) { op.reply().Error(protocol::errors::kModuleNotAllowed); }

constexpr uint32_t kLoadsCode = kAdmin | kNoScript | kNoAsyncLoading | kProtected;

constexpr Command Row(Command row) {
  row.group = "server";
  row.complexity = "O(1)";
  return row;
}

constexpr std::array kSubcommands{
    Row({.name = "help",
         .arity = 2,
         .flags = kLoading | kStale,
         .handler = ReplyHelp,
         .since = "5.0.0",
         .summary = "Lists the subcommands."}),
    Row({.name = "list",
         .arity = 2,
         .flags = kAdmin | kNoScript,
         .handler = List,
         .since = "4.0.0",
         .summary = "Lists the modules: there are none.",
         .tips = "nondeterministic_output_order"}),
    Row({.name = "load",
         .arity = -3,
         .flags = kLoadsCode,
         .handler = Refuse,
         .since = "4.0.0",
         .summary = "Would load a module; always refused.",
         .syntax = "path [arg...]"}),
    Row({.name = "loadex",
         .arity = -3,
         .flags = kLoadsCode,
         .handler = Refuse,
         .since = "7.0.0",
         .summary = "Would load a module with a configuration; always refused.",
         .syntax = "path [CONFIG {configs=name value}]... [ARGS {args=arg}...]"}),
    Row({.name = "unload",
         .arity = 3,
         .flags = kLoadsCode,
         .handler = Refuse,
         .since = "4.0.0",
         .summary = "Would unload a module; always refused.",
         .syntax = "name"}),
};

constexpr std::array kRows{
    Command{.name = "module",
            .arity = -2,
            .group = "server",
            .since = "4.0.0",
            .complexity = "that of the subcommand",
            .summary = "Commands about modules.",
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> ModuleCommands() { return kRows; }

}  // namespace tally::server
