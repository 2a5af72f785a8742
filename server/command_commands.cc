// COMMAND: what the server says about its own commands, all of it from the command table.
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/command_keys.h"
#include "server/command_replies.h"
#include "server/glob.h"
#include "server/operation.h"
#include "server/words.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

void WriteInfoOfAll(Operation& op) {
  op.reply().Array(Commands().size());
  for (const Command& command : Commands()) WriteCommandInfo(op.reply(), command);
}

void Count(Operation& op) { op.reply().Integer(static_cast<int64_t>(Commands().size())); }

void Info(Operation& op) {
  if (op.argc() == 2) return WriteInfoOfAll(op);
  op.reply().Array(op.argc() - 2);
  for (const std::string_view name : op.args().subspan(2)) {
    if (const Command* command = FindCommandByName(name); command != nullptr) {
      WriteCommandInfo(op.reply(), *command);
    } else {
      op.reply().Null();
    }
  }
}

void Docs(Operation& op) {
  std::vector<const Command*> commands;
  if (op.argc() == 2) {
    for (const Command& command : Commands()) commands.push_back(&command);
  }
  for (const std::string_view name : op.args().subspan(2)) {
    if (const Command* command = FindCommandByName(name)) commands.push_back(command);
  }
  op.reply().Map(commands.size());
  for (const Command* command : commands) WriteCommandDocs(op.reply(), *command);
}

void ReplyNames(Operation& op,
                const std::function<bool(const Command&, std::string_view)>& wanted) {
  std::vector<std::string> names;
  const auto add = [&](const Command& command) {
    std::string name = FullName(command);
    if (wanted(command, name)) names.push_back(std::move(name));
  };
  for (const Command& command : Commands()) {
    add(command);
    for (const Command& subcommand : command.subcommands) add(subcommand);
  }
  op.reply().Array(names.size());
  for (const std::string& name : names) op.reply().Bulk(name);
}

uint32_t AclCategoryOf(std::string_view name) {
  for (const AclCategoryName& category : AclCategoryNames()) {
    if (EqualsIgnoreCase(name, category.name.substr(1))) return category.category;
  }
  return 0;
}

void List(Operation& op) {
  if (op.argc() == 2) return ReplyNames(op, [](const Command&, std::string_view) { return true; });
  if (op.argc() != 5 || !EqualsIgnoreCase(op.arg(2), "FILTERBY")) {
    return op.reply().Error(errors::kSyntax);
  }
  const std::string_view filter = op.arg(3);
  const std::string_view value = op.arg(4);
  if (EqualsIgnoreCase(filter, "MODULE")) return op.reply().EmptyArray();
  if (EqualsIgnoreCase(filter, "ACLCAT")) {
    const uint32_t category = AclCategoryOf(value);
    return ReplyNames(op, [category](const Command& command, std::string_view) {
      return (command.acl & category) != 0;
    });
  }
  if (EqualsIgnoreCase(filter, "PATTERN")) {
    return ReplyNames(op, [value](const Command&, std::string_view name) {
      return GlobMatch(value, name, true);
    });
  }
  op.reply().Error(errors::kSyntax);
}

// The command that the arguments from the third on are, if it has keys and enough arguments; else
// nullptr, and the error was replied.
const Command* CommandWithKeys(Operation& op) {
  const std::span<const std::string_view> request = op.args().subspan(2);
  bool unknown_subcommand = false;
  const Command* command = FindCommand(request, &unknown_subcommand);
  if (command == nullptr) {
    op.reply().Error(errors::kInvalidCommand);
  } else if (!NamesObjects(command->keys)) {
    op.reply().Error(errors::kCommandHasNoKeys);
  } else if (!ArityFits(*command, request.size())) {
    op.reply().Error(errors::kCommandArgumentCount);
  } else {
    return command;
  }
  return nullptr;
}

void GetKeys(Operation& op) {
  const Command* command = CommandWithKeys(op);
  if (command == nullptr) return;
  const std::vector<std::string_view> keys = KeysOf(*command, op.args().subspan(2));
  op.reply().Array(keys.size());
  for (const std::string_view key : keys) op.reply().Bulk(key);
}

void GetKeysAndFlags(Operation& op) {
  const Command* command = CommandWithKeys(op);
  if (command == nullptr) return;
  const std::span<const std::string_view> request = op.args().subspan(2);
  const std::vector<std::string_view> keys = KeysOf(*command, request);
  op.reply().Array(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    op.reply().Array(2);
    op.reply().Bulk(keys[i]);
    const std::vector<std::string_view> flags = Words(AccessFlags(*command, request, i));
    op.reply().Set(flags.size());
    for (const std::string_view flag : flags) op.reply().Status(flag);
  }
}

constexpr Command SubcommandRow(std::string_view name, int arity, Handler handler,
                                std::string_view since, std::string_view complexity,
                                std::string_view summary, std::string_view syntax = {},
                                std::string_view tips = {}) {
  return {.name = name,
          .arity = arity,
          .flags = kLoading | kStale,
          .acl = kAclConnection,
          .handler = handler,
          .group = "server",
          .since = since,
          .complexity = complexity,
          .summary = summary,
          .syntax = syntax,
          .tips = tips};
}

constexpr std::string_view kAnyOrder = "nondeterministic_output_order";
constexpr std::string_view kPerName = "O(N) where N is the number of names asked for";
constexpr std::string_view kPerArgument = "O(N) where N is the number of arguments";

constexpr std::array kSubcommands{
    SubcommandRow(
        "info", -2, Info, "2.8.13", kPerName,
        "Describes commands as clients need them: arity, flags, keys. All if none is named.",
        "[command-name...]", kAnyOrder),
    SubcommandRow(
        "docs", -2, Docs, "7.0.0", kPerName,
        "Describes commands as people need them: summary, arguments. All if none is named.",
        "[command-name...]", kAnyOrder),
    SubcommandRow(
        "list", -2, List, "7.0.0", "O(N) where N is the number of commands",
        "Names all commands, or those of a category or a pattern.",
        "[FILTERBY <filterby=MODULE module-name|ACLCAT category|PATTERN pattern:pattern>]",
        kAnyOrder),
    SubcommandRow("getkeys", -4, GetKeys, "2.8.13", kPerArgument,
                  "Picks the keys out of a whole command.", "command [arg...]"),
    SubcommandRow("count", 2, Count, "2.8.13", "O(1)", "Counts the commands."),
    SubcommandRow("getkeysandflags", -4, GetKeysAndFlags, "7.0.0", kPerArgument,
                  "Picks the keys out of a whole command and says what it would do to them.",
                  "command [arg...]"),
    SubcommandRow("help", 2, ReplyHelp, "5.0.0", "O(1)", "Shows this."),
};

constexpr std::array kRows{
    Command{.name = "command",
            .arity = -1,
            .flags = kLoading | kStale,
            .acl = kAclConnection,
            .handler = WriteInfoOfAll,
            .group = "server",
            .since = "2.8.13",
            .complexity = "O(N) where N is the number of commands",
            .summary = "Describes all commands as clients need them.",
            .tips = kAnyOrder,
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> CommandCommands() { return kRows; }

}  // namespace tally::server
