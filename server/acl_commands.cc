// ACL: who the client is, and what the categories are. There is one user, and it may do everything.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/operation.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

// All of Redis's categories, in its order. Clients ask for those, too, that have no command here.
constexpr std::array kCategories = std::to_array<std::string_view>(
    {"keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
     "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
     "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting"});

// The bit of a category that commands have here; 0 of one that none has; nullopt of none at all.
std::optional<uint32_t> FindCategory(std::string_view name) {
  for (const AclCategoryName& category : AclCategoryNames()) {
    if (EqualsIgnoreCase(name, category.name.substr(1))) return category.category;
  }
  for (const std::string_view category : kCategories) {
    if (EqualsIgnoreCase(name, category)) return 0;
  }
  return std::nullopt;
}

void ReplyCommandsOf(Operation& op, uint32_t category) {
  std::vector<std::string> names;
  for (const Command& command : Commands()) {
    if ((command.acl & category) != 0) names.push_back(FullName(command));
    for (const Command& subcommand : command.subcommands) {
      if ((subcommand.acl & category) != 0) names.push_back(FullName(subcommand));
    }
  }
  op.reply().Array(names.size());
  for (const std::string& name : names) op.reply().Bulk(name);
}

void Cat(Operation& op) {
  if (op.argc() > 3) return op.reply().Error(errors::BadSubcommand(op.arg(1), "acl"));
  if (op.argc() == 3) {
    const std::optional<uint32_t> category = FindCategory(op.arg(2));
    if (!category) return op.reply().Error(errors::UnknownCategory(op.arg(2)));
    return ReplyCommandsOf(op, *category);
  }
  op.reply().Array(kCategories.size());
  for (const std::string_view category : kCategories) op.reply().Bulk(category);
}

void WhoAmI(Operation& op) { op.reply().Bulk(op.client()->user); }

void Users(Operation& op) {
  op.reply().Array(1);
  op.reply().Bulk("default");
}

constexpr Command Row(Command row) {
  row.flags |= kLoading | kStale;
  row.group = "server";
  row.since = "6.0.0";
  return row;
}

constexpr std::array kSubcommands{
    Row({.name = "cat",
         .arity = -2,
         .flags = kNoScript,
         .handler = Cat,
         .complexity = "O(N), N: commands",
         .summary = "Lists the categories, or the commands of one.",
         .syntax = "[categoryname]"}),
    Row({.name = "help",
         .arity = 2,
         .handler = ReplyHelp,
         .complexity = "O(1)",
         .summary = "Lists the subcommands."}),
    Row({.name = "users",
         .arity = 2,
         .flags = kAdmin | kNoScript,
         .handler = Users,
         .complexity = "O(1)",
         .summary = "Lists the users: there is one, default."}),
    Row({.name = "whoami",
         .arity = 2,
         .flags = kNoScript,
         .handler = WhoAmI,
         .complexity = "O(1)",
         .summary = "Answers the user that this connection is logged in as."}),
};

constexpr std::array kRows{
    Command{.name = "acl",
            .arity = -2,
            .group = "server",
            .since = "6.0.0",
            .complexity = "that of the subcommand",
            .summary = "Commands about users and what they may do.",
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> AclCommands() { return kRows; }

}  // namespace tally::server
