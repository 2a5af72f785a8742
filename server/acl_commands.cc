// ACL: users, and what they may do. Those of its commands that change something: acl_changes.cc.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/acl_categories.h"
#include "server/acl_changes.h"
#include "server/acl_log.h"
#include "server/acl_password.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/operation.h"
#include "server/services.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using protocol::ReplyWriter;

const AclUsers& UsersOf(Operation& op) { return op.services().config().users(); }

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
    const std::optional<uint32_t> category = FindAclCategory(op.arg(2));
    if (!category) return op.reply().Error(errors::UnknownCategory(op.arg(2)));
    return ReplyCommandsOf(op, *category);
  }
  op.reply().Array(AclCategories().size());
  for (const AclCategoryBit& category : AclCategories()) op.reply().Bulk(category.name);
}

void WhoAmI(Operation& op) { op.reply().Bulk(op.client()->user); }

void Users(Operation& op) {
  const std::vector<AclUsers::UserPtr> users = UsersOf(op).All();
  op.reply().Array(users.size());
  for (const AclUsers::UserPtr& user : users) op.reply().Bulk(user->name());
}

void List(Operation& op) {
  const std::vector<AclUsers::UserPtr> users = UsersOf(op).All();
  op.reply().Array(users.size());
  for (const AclUsers::UserPtr& user : users) op.reply().Bulk(user->Text());
}

void ReplySelector(ReplyWriter& reply, const AclSelector& selector) {
  reply.Bulk("commands");
  reply.Bulk(selector.CommandsText());
  reply.Bulk("keys");
  reply.Bulk(selector.KeysText());
  reply.Bulk("channels");
  reply.Bulk(selector.ChannelsText());
}

void GetUser(Operation& op) {
  const AclUsers::UserPtr user = UsersOf(op).Find(op.arg(2));
  ReplyWriter& reply = op.reply();
  if (user == nullptr) return reply.Null();
  reply.Map(6);
  reply.Bulk("flags");
  const std::vector<std::string_view> flags = user->Flags();
  reply.Set(flags.size());
  for (const std::string_view flag : flags) reply.Bulk(flag);
  reply.Bulk("passwords");
  reply.Array(user->passwords().size());
  for (const std::string& password : user->passwords()) reply.Bulk(password);
  const std::span<const AclSelector> selectors = user->selectors();
  ReplySelector(reply, selectors.front());
  reply.Bulk("selectors");
  reply.Array(selectors.size() - 1);
  for (const AclSelector& selector : selectors.subspan(1)) {
    reply.Map(3);
    ReplySelector(reply, selector);
  }
}

void GenPass(Operation& op) {
  constexpr int64_t kUsualBits = 256;
  constexpr int64_t kMostBits = 4096;
  constexpr int64_t kBitsPerDigit = 4;
  if (op.argc() > 3) return op.reply().Error(errors::BadSubcommand(op.arg(1), "acl"));
  int64_t bits = kUsualBits;
  if (op.argc() == 3) {
    const std::optional<int64_t> wanted = protocol::ParseInt64(op.arg(2));
    if (!wanted) return op.reply().Error(errors::kNotAnInteger);
    if (*wanted <= 0 || *wanted > kMostBits) return op.reply().Error(errors::kPasswordBits);
    bits = *wanted;
  }
  const auto digits = static_cast<size_t>((bits + kBitsPerDigit - 1) / kBitsPerDigit);
  op.reply().Bulk(RandomHexDigits(digits));
}

void ReplyLogEntry(Operation& op, const AclLogEntry& entry) {
  constexpr double kMsPerSecond = 1000;
  ReplyWriter& reply = op.reply();
  reply.Map(7);
  reply.Bulk("count");
  reply.Integer(static_cast<int64_t>(entry.count));
  reply.Bulk("reason");
  reply.Bulk(entry.reason);
  reply.Bulk("context");
  reply.Bulk(entry.context);
  reply.Bulk("object");
  reply.Bulk(entry.object);
  reply.Bulk("username");
  reply.Bulk(entry.user);
  reply.Bulk("age-seconds");
  reply.Double(static_cast<double>(std::max<int64_t>(0, op.now_ms() - entry.time_ms)) /
               kMsPerSecond);
  reply.Bulk("client-info");
  reply.Bulk(entry.client_info);
}

void Log(Operation& op) {
  constexpr int64_t kUsualCount = 10;
  if (op.argc() > 3) return op.reply().Error(errors::BadSubcommand(op.arg(1), "acl"));
  int64_t count = kUsualCount;
  if (op.argc() == 3) {
    if (EqualsIgnoreCase(op.arg(2), "RESET")) {
      op.services().acl_log().Clear();
      return op.reply().Ok();
    }
    const std::optional<int64_t> wanted = protocol::ParseInt64(op.arg(2));
    if (!wanted) return op.reply().Error(errors::kNotAnInteger);
    count = std::max<int64_t>(0, *wanted);
  }
  const std::vector<AclLogEntry> entries =
      op.services().acl_log().Newest(static_cast<uint64_t>(count));
  op.reply().Array(entries.size());
  for (const AclLogEntry& entry : entries) ReplyLogEntry(op, entry);
}

void DryRun(Operation& op) {
  const AclUsers::UserPtr user = UsersOf(op).Find(op.arg(2));
  if (user == nullptr) return op.reply().Error(errors::UserNotFound(op.arg(2)));
  const std::span<const std::string_view> request = op.args().subspan(3);
  bool unknown_subcommand = false;
  const Command* const command = FindCommand(request, &unknown_subcommand);
  if (command == nullptr) return op.reply().Error(errors::CommandNotFound(request.front()));
  if (!ArityFits(*command, request.size())) {
    return op.reply().Error(errors::WrongArgumentCount(FullName(*command)));
  }
  const AclDenial denial = user->Check(*command, request);
  using Reason = AclDenial::Reason;
  std::string text = "This user has no permissions to ";
  switch (denial.reason) {
    case Reason::kNone:
      return op.reply().Ok();
    case Reason::kCommand:
      text.append("run the '").append(FullName(*command)).append("' command");
      break;
    case Reason::kKey:
      text.append("access the '").append(request[denial.argument]).append("' key");
      break;
    case Reason::kChannel:
      text.append("access the '").append(request[denial.argument]).append("' channel");
      break;
  }
  op.reply().Bulk(text);
}

constexpr Command Row(Command row) {
  row.flags |= kLoading | kStale;
  row.group = "server";
  row.since = row.since.empty() ? "6.0.0" : row.since;
  return row;
}

constexpr uint32_t kForAdmins = kAdmin | kNoScript;
constexpr std::string_view kPerUser = "O(N), N: users";

constexpr std::array kSubcommands{
    Row({.name = "cat",
         .arity = -2,
         .flags = kNoScript,
         .handler = Cat,
         .complexity = "O(N), N: commands",
         .summary = "Lists the categories, or the commands of one.",
         .syntax = "[categoryname]"}),
    Row({.name = "deluser",
         .arity = -3,
         .flags = kForAdmins,
         .handler = DeleteAclUsers,
         .complexity = "O(N), N: clients",
         .summary = "Removes users, and disconnects who is logged in as one.",
         .syntax = "username..."}),
    Row({.name = "dryrun",
         .arity = -4,
         .flags = kForAdmins,
         .handler = DryRun,
         .since = "7.0.0",
         .complexity = "O(N), N: the user's patterns",
         .summary = "Tells whether a user may run a command, and does not run it.",
         .syntax = "username command [arg...]"}),
    Row({.name = "genpass",
         .arity = -2,
         .flags = kNoScript,
         .handler = GenPass,
         .complexity = "O(1)",
         .summary = "Makes up a password, of 256 bits unless told otherwise.",
         .syntax = "[bits:integer]"}),
    Row({.name = "getuser",
         .arity = 3,
         .flags = kForAdmins,
         .handler = GetUser,
         .complexity = "O(N), N: the user's rules",
         .summary = "Tells what a user's rules are.",
         .syntax = "username"}),
    Row({.name = "help",
         .arity = 2,
         .handler = ReplyHelp,
         .complexity = "O(1)",
         .summary = "Lists the subcommands."}),
    Row({.name = "list",
         .arity = 2,
         .flags = kForAdmins,
         .handler = List,
         .complexity = kPerUser,
         .summary = "Tells all users' rules, as files have them."}),
    Row({.name = "load",
         .arity = 2,
         .flags = kForAdmins,
         .handler = LoadAclUsers,
         .complexity = kPerUser,
         .summary = "Replaces all users by those of the ACL file."}),
    Row({.name = "log",
         .arity = -2,
         .flags = kForAdmins,
         .handler = Log,
         .complexity = "O(N), N: entries",
         .summary = "Lists what was refused, newest first, or forgets it.",
         .syntax = "[operation=count:integer|RESET]"}),
    Row({.name = "save",
         .arity = 2,
         .flags = kForAdmins,
         .handler = SaveAclUsers,
         .complexity = kPerUser,
         .summary = "Writes all users into the ACL file."}),
    Row({.name = "setuser",
         .arity = -3,
         .flags = kForAdmins,
         .handler = SetAclUser,
         .complexity = "O(N), N: rules",
         .summary = "Makes a user, or changes it by rules: by all of them or by none.",
         .syntax = "username [rule...]"}),
    Row({.name = "users",
         .arity = 2,
         .flags = kForAdmins,
         .handler = Users,
         .complexity = kPerUser,
         .summary = "Lists the users' names."}),
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
