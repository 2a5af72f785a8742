// CLIENT's subcommands about the caller itself, and the pause. LIST and KILL: client_visits.cc.
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "protocol/request_parser.h"
#include "server/client_info.h"
#include "server/client_visits.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/tracking_commands.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

void Id(Operation& op) { op.reply().Integer(static_cast<int64_t>(op.client()->id)); }

void SetName(Operation& op) {
  if (!IsValidClientAttribute(op.arg(2))) return op.reply().Error(errors::kInvalidClientName);
  op.client()->name = op.arg(2);
  op.reply().Ok();
}

void GetName(Operation& op) {
  if (op.client()->name.empty()) return op.reply().Null();
  op.reply().Bulk(op.client()->name);
}

void SetInfo(Operation& op) {
  ClientState& client = *op.client();
  std::string* attribute = nullptr;
  if (EqualsIgnoreCase(op.arg(2), "LIB-NAME")) attribute = &client.library_name;
  if (EqualsIgnoreCase(op.arg(2), "LIB-VER")) attribute = &client.library_version;
  if (attribute == nullptr) return op.reply().Error(errors::UnrecognizedOption(op.arg(2)));
  if (!IsValidClientAttribute(op.arg(3))) {
    return op.reply().Error(errors::InvalidClientAttribute(op.arg(2)));
  }
  *attribute = op.arg(3);
  op.reply().Ok();
}

void Info(Operation& op) {
  op.reply().Verbatim(
      "txt",
      ClientInfoLine(*op.client(), op.now_ms(), protocol::EncodedRequestBytes(op.args())) + "\n");
}

// ON or OFF into `*flag`.
void Switch(Operation& op, bool* flag) {
  const bool on = EqualsIgnoreCase(op.arg(2), "ON");
  if (!on && !EqualsIgnoreCase(op.arg(2), "OFF")) return op.reply().Error(errors::kSyntax);
  *flag = on;
  op.reply().Ok();
}

void NoEvict(Operation& op) { Switch(op, &op.client()->no_evict); }

void NoTouch(Operation& op) { Switch(op, &op.client()->no_touch); }

// Answers to ON only: the others are about replies that are not sent, their own among them.
void Reply(Operation& op) {
  using Mode = ClientState::ReplyMode;
  Mode& mode = op.client()->reply_mode;
  if (EqualsIgnoreCase(op.arg(2), "ON")) {
    mode = Mode::kOn;
    op.reply().Ok();
  } else if (EqualsIgnoreCase(op.arg(2), "OFF")) {
    mode = Mode::kOff;
  } else if (EqualsIgnoreCase(op.arg(2), "SKIP")) {
    if (mode != Mode::kOff) mode = Mode::kSkipNext;
  } else {
    op.reply().Error(errors::kSyntax);
  }
}

void Pause(Operation& op) {
  if (op.argc() > 4) {
    return op.reply().Error(errors::BadSubcommand(op.arg(1), "client"));
  }
  const bool writes_only = op.argc() == 4 && EqualsIgnoreCase(op.arg(3), "WRITE");
  if (op.argc() == 4 && !writes_only && !EqualsIgnoreCase(op.arg(3), "ALL")) {
    return op.reply().Error(errors::kClientPauseMode);
  }
  const std::optional<int64_t> timeout_ms = protocol::ParseInt64(op.arg(2));
  if (!timeout_ms) return op.reply().Error(errors::kTimeoutNotAnInteger);
  if (*timeout_ms < 0) return op.reply().Error(errors::kTimeoutNegative);
  constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
  const bool fits = *timeout_ms <= kForever - op.now_ms();
  op.services().PauseClients(fits ? op.now_ms() + *timeout_ms : kForever, writes_only);
  op.reply().Ok();
}

void Unpause(Operation& op) {
  op.services().UnpauseClients();
  op.reply().Ok();
}

// Nobody waits here for what another client does, which is what this is for in Redis: there is no such
// client to be woken.
void Unblock(Operation& op) {
  if (op.argc() > 4) return op.reply().Error(errors::BadSubcommand(op.arg(1), "client"));
  if (op.argc() == 4 && !EqualsIgnoreCase(op.arg(3), "TIMEOUT") &&
      !EqualsIgnoreCase(op.arg(3), "ERROR")) {
    return op.reply().Error(errors::kUnblockReason);
  }
  if (!protocol::ParseInt64(op.arg(2))) return op.reply().Error(errors::kNotAnInteger);
  op.reply().Integer(0);
}

constexpr uint32_t kOwn = kNoScript | kLoading | kStale;
constexpr uint32_t kOthers = kOwn | kAdmin;

constexpr Command Row(Command row) {
  row.acl = kAclConnection;
  row.group = "connection";
  return row;
}

constexpr std::array kSubcommands{
    Row({.name = "id",
         .arity = 2,
         .flags = kOwn,
         .handler = Id,
         .since = "5.0.0",
         .complexity = "O(1)",
         .summary = "Answers the number of this connection; none is given twice."}),
    Row({.name = "setname",
         .arity = 3,
         .flags = kOwn,
         .handler = SetName,
         .since = "2.6.9",
         .complexity = "O(1)",
         .summary = "Names this connection; an empty name takes the name away.",
         .syntax = "connection-name"}),
    Row({.name = "getname",
         .arity = 2,
         .flags = kOwn,
         .handler = GetName,
         .since = "2.6.9",
         .complexity = "O(1)",
         .summary = "Answers this connection's name, or null."}),
    Row({.name = "setinfo",
         .arity = 4,
         .flags = kOwn,
         .handler = SetInfo,
         .since = "7.2.0",
         .complexity = "O(1)",
         .summary = "Notes the name or version of the library that speaks.",
         .syntax = "<attr=LIB-NAME libname|LIB-VER libver>",
         .tips = "request_policy:all_nodes response_policy:all_succeeded"}),
    Row({.name = "info",
         .arity = 2,
         .flags = kOwn,
         .handler = Info,
         .since = "6.2.0",
         .complexity = "O(1)",
         .summary = "Tells about this connection, in the form of CLIENT LIST.",
         .tips = "nondeterministic_output"}),
    Row({.name = "list",
         .arity = -2,
         .flags = kOthers,
         .handler = ListClients,
         .since = "2.4.0",
         .complexity = "O(N), N: connections",
         .summary = "Tells about connections, a line for each.",
         .syntax = "[TYPE <normal_master_replica_pubsub=NORMAL|MASTER|REPLICA|PUBSUB>]@5.0.0 "
                   "[ID {id=client-id:integer...}]@6.2.0",
         .tips = "nondeterministic_output"}),
    Row({.name = "kill",
         .arity = -3,
         .flags = kOthers,
         .handler = KillClients,
         .since = "2.4.0",
         .complexity = "O(N), N: connections",
         .summary = "Closes the connections that all filters fit.",
         .syntax = "<filter=ip:port!2.8.12|<new-format=[ID client-id:integer]@2.8.12|"
                   "[TYPE <normal_master_slave_pubsub=NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|"
                   "PUBSUB>]@2.8.12|[USER username]|[ADDR ip:port]|[LADDR ip:port]@6.2.0|"
                   "[SKIPME yes/no]>...>"}),
    Row({.name = "no-evict",
         .arity = 3,
         .flags = kOthers,
         .handler = NoEvict,
         .since = "7.0.0",
         .complexity = "O(1)",
         .summary = "Keeps this connection when others are closed for want of memory.",
         .syntax = "<enabled=ON|OFF>"}),
    Row({.name = "no-touch",
         .arity = 3,
         .flags = kOwn,
         .handler = NoTouch,
         .since = "7.2.0",
         .complexity = "O(1)",
         .summary = "Lets this connection's reads leave no trace in how recently keys were used.",
         .syntax = "<enabled=ON|OFF>"}),
    Row({.name = "reply",
         .arity = 3,
         .flags = kOwn,
         .handler = Reply,
         .since = "3.2.0",
         .complexity = "O(1)",
         .summary = "Sends replies, sends none, or leaves out the next one.",
         .syntax = "<on_off_skip=ON|OFF|SKIP>"}),
    Row({.name = "pause",
         .arity = -3,
         .flags = kOthers,
         .handler = Pause,
         .since = "2.9.50",
         .complexity = "O(1)",
         .summary = "Holds back the commands of all connections, or only writes, for some time.",
         .syntax = "timeout:integer [mode=WRITE|ALL]@6.2.0"}),
    Row({.name = "unblock",
         .arity = -3,
         .flags = kOthers,
         .handler = Unblock,
         .since = "5.0.0",
         .complexity = "O(1)",
         .summary = "Would end another connection's wait; nobody waits for what others do, so 0.",
         .syntax = "client-id:integer [timeout_error=TIMEOUT|ERROR]"}),
    Row({.name = "unpause",
         .arity = 2,
         .flags = kOthers,
         .handler = Unpause,
         .since = "6.2.0",
         .complexity = "O(N), N: paused connections",
         .summary = "Ends the pause."}),
    Row({.name = "tracking",
         .arity = -3,
         .flags = kOwn,
         .handler = SetTracking,
         .since = "6.0.0",
         .complexity = "O(N), N: prefixes",
         .summary = "Has this connection told of changes of keys that it has read, so that it may "
                    "keep copies.",
         .syntax = "<status=ON|OFF> [REDIRECT client-id:integer] [PREFIX prefix]... [BCAST] "
                   "[OPTIN] [OPTOUT] [NOLOOP]"}),
    Row({.name = "caching",
         .arity = 3,
         .flags = kOwn,
         .handler = SetCaching,
         .since = "6.0.0",
         .complexity = "O(1)",
         .summary = "Says whether a copy of what the next request reads is kept.",
         .syntax = "<mode=YES|NO>"}),
    Row({.name = "trackinginfo",
         .arity = 2,
         .flags = kOwn,
         .handler = TellTracking,
         .since = "6.2.0",
         .complexity = "O(N), N: prefixes",
         .summary = "Tells what CLIENT TRACKING has asked for."}),
    Row({.name = "getredir",
         .arity = 2,
         .flags = kOwn,
         .handler = TellRedirect,
         .since = "6.0.0",
         .complexity = "O(1)",
         .summary = "Answers which connection is told of changes instead of this one; 0: none, -1: "
                    "tracking is off."}),
    Row({.name = "help",
         .arity = 2,
         .flags = kLoading | kStale,
         .handler = ReplyHelp,
         .since = "5.0.0",
         .complexity = "O(1)",
         .summary = "Lists the subcommands."}),
};

constexpr std::array kRows{
    Command{.name = "client",
            .arity = -2,
            .group = "connection",
            .since = "2.4.0",
            .complexity = "that of the subcommand",
            .summary = "Commands about connections.",
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> ClientCommands() { return kRows; }

}  // namespace tally::server
