// FUNCTION: there are none, and none can be loaded. What asks for them, or clears them away, is answered as
// by a Redis without libraries.
#include <array>
#include <string_view>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/operation.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

void Flush(Operation& op) {
  const bool has_mode = op.argc() == 3 && (EqualsIgnoreCase(op.arg(2), "SYNC") ||
                                           EqualsIgnoreCase(op.arg(2), "ASYNC"));
  if (op.argc() > 2 && !has_mode) return op.reply().Error(errors::kFunctionFlushMode);
  op.reply().Ok();
}

void List(Operation& op) {
  bool with_code = false;
  bool named = false;
  for (size_t i = 2; i < op.argc(); ++i) {
    if (!with_code && EqualsIgnoreCase(op.arg(i), "WITHCODE")) {
      with_code = true;
    } else if (!named && EqualsIgnoreCase(op.arg(i), "LIBRARYNAME")) {
      if (++i == op.argc()) return op.reply().Error(errors::kFunctionListNoName);
      named = true;
    } else {
      return op.reply().Error(errors::UnknownArgument(op.arg(i)));
    }
  }
  op.reply().EmptyArray();
}

void Stats(Operation& op) {
  op.reply().Map(2);
  op.reply().Bulk("running_script");
  op.reply().Null();
  op.reply().Bulk("engines");
  op.reply().Map(0);
}

void Delete(Operation& op) { op.reply().Error(errors::kNoSuchLibrary); }
void Kill(Operation& op) { op.reply().Error(errors::kNoScriptRuns); }
void Load(Operation& op) { op.reply().Error(errors::kNoFunctions); }

constexpr Command Row(Command row) {
  row.flags |= kNoScript;
  row.acl = kAclScripting;
  row.group = "scripting";
  row.since = "7.0.0";
  row.complexity = "O(1)";
  return row;
}

constexpr std::array kSubcommands{
    Row({.name = "delete",
         .arity = 3,
         .flags = kWrite,
         .handler = Delete,
         .summary = "Would delete a library; there is none.",
         .syntax = "library-name"}),
    Row({.name = "flush",
         .arity = -2,
         .flags = kWrite,
         .handler = Flush,
         .summary = "Deletes all libraries: there are none.",
         .syntax = "[ASYNC|SYNC]"}),
    Command{.name = "help",
            .arity = 2,
            .flags = kLoading | kStale,
            .acl = kAclScripting,
            .handler = ReplyHelp,
            .group = "scripting",
            .since = "7.0.0",
            .complexity = "O(1)",
            .summary = "Lists the subcommands."},
    Row({.name = "kill",
         .arity = 2,
         .flags = kAllowBusy,
         .handler = Kill,
         .summary = "Would end a function that runs; none does."}),
    Row({.name = "list",
         .arity = -2,
         .handler = List,
         .summary = "Lists the libraries: there are none.",
         .syntax = "[LIBRARYNAME library-name-pattern] [WITHCODE]",
         .tips = "nondeterministic_output_order"}),
    Row({.name = "load",
         .arity = -3,
         .flags = kWrite,
         .handler = Load,
         .summary = "Would load a library; always refused.",
         .syntax = "[REPLACE] function-code"}),
    Row({.name = "stats",
         .arity = 2,
         .flags = kAllowBusy,
         .handler = Stats,
         .summary = "Tells of the function that runs, and of the engines: there are none.",
         .tips = "nondeterministic_output"}),
};

constexpr std::array kRows{
    Command{.name = "function",
            .arity = -2,
            .group = "scripting",
            .since = "7.0.0",
            .complexity = "that of the subcommand",
            .summary = "Commands about functions.",
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> FunctionCommands() { return kRows; }

}  // namespace tally::server
