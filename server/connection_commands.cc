// Commands on the connection itself: who is there, which protocol, which database.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "protocol/reply.h"
#include "server/client_info.h"
#include "server/client_rights.h"
#include "server/command_families.h"
#include "server/operation.h"
#include "server/redis_version.h"
#include "server/selected_database.h"
#include "server/services.h"
#include "server/subscriptions.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

void Ping(Operation& op) {
  if (op.argc() > 2) return op.reply().Error(errors::WrongArgumentCount("ping"));
  if (op.client()->resp == 2 && IsSubscriber(*op.client())) {
    // So that a client which expects nothing but messages can read it as one.
    op.reply().Array(2);
    op.reply().Bulk("pong");
    return op.reply().Bulk(op.argc() == 2 ? op.arg(1) : std::string_view());
  }
  if (op.argc() == 2) return op.reply().Bulk(op.arg(1));
  op.reply().Status("PONG");
}

void Echo(Operation& op) { op.reply().Bulk(op.arg(1)); }

void Quit(Operation& op) {
  op.client()->close_after_replies = true;
  op.reply().Ok();
}

bool Authenticate(Operation& op, std::string_view user, std::string_view password) {
  Config& config = op.services().config();
  AclUsers::UserPtr logged_in = config.users().LogIn(user, password);
  if (logged_in == nullptr) {
    ClientRights(&config, &op.services().acl_log())
        .NoteFailedLogin(*op.client(), op.command().name, user);
    op.reply().Error(errors::kWrongPassword);
    return false;
  }
  BecomeUser(op.client(), std::move(logged_in));
  return true;
}

void Auth(Operation& op) {
  if (op.argc() > 3) return op.reply().Error(errors::kSyntax);
  if (op.argc() == 2 && op.services().config().users().default_is_open()) {
    return op.reply().Error(errors::kAuthWithoutPassword);
  }
  const bool has_user = op.argc() == 3;
  if (Authenticate(op, has_user ? op.arg(1) : AclUsers::kDefault, op.arg(has_user ? 2 : 1))) {
    op.reply().Ok();
  }
}

void ReplyGreeting(Operation& op) {
  const ClientState& client = *op.client();
  std::string greeting;  // the operation's own writer still speaks the protocol of before
  protocol::ReplyWriter reply(&greeting, client.resp);
  reply.Map(7);
  reply.Bulk("server");
  reply.Bulk("redis");
  reply.Bulk("version");
  reply.Bulk(kRedisVersion);
  reply.Bulk("proto");
  reply.Integer(client.resp);
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(client.id));
  reply.Bulk("mode");
  reply.Bulk("standalone");
  reply.Bulk("role");
  reply.Bulk("master");
  reply.Bulk("modules");
  reply.EmptyArray();
  op.reply().Raw(greeting);
}

// The options take effect one by one, even if a later one is refused: so they do in Redis.
bool ApplyHelloOptions(Operation& op) {
  size_t i = 2;
  while (i < op.argc()) {
    const std::string_view option = op.arg(i);
    const size_t values = op.argc() - i - 1;
    if (EqualsIgnoreCase(option, "AUTH") && values >= 2) {
      if (!Authenticate(op, op.arg(i + 1), op.arg(i + 2))) return false;
      i += 3;
    } else if (EqualsIgnoreCase(option, "SETNAME") && values >= 1) {
      if (!IsValidClientAttribute(op.arg(i + 1))) {
        op.reply().Error(errors::kInvalidClientName);
        return false;
      }
      op.client()->name = op.arg(i + 1);
      i += 2;
    } else {
      op.reply().Error(errors::HelloSyntax(option));
      return false;
    }
  }
  return true;
}

void Hello(Operation& op) {
  ClientState& client = *op.client();
  int resp = client.resp;
  if (op.argc() > 1) {
    const std::optional<int64_t> version = protocol::ParseInt64(op.arg(1));
    if (!version) return op.reply().Error(errors::kProtocolNotAnInteger);
    if (*version < 2 || *version > 3) return op.reply().Error(errors::kUnsupportedProtocol);
    resp = static_cast<int>(*version);
    if (!ApplyHelloOptions(op)) return;
  }
  if (op.services().config().users().asks_for_login() && !client.authenticated) {
    return op.reply().Error(errors::kHelloNoAuth);
  }
  client.resp = resp;
  ReplyGreeting(op);
}

// Back to how a client is when it connects; what CLIENT NO-EVICT said stays, as in Redis 7.0.
void Reset(Operation& op) {
  ClientState& client = *op.client();
  client.transaction = nullptr;
  client.watch = nullptr;
  client.monitoring = false;
  client.subscriptions = nullptr;
  client.tracking = nullptr;
  client.caching = false;
  client.name.clear();
  client.resp = 2;
  client.database = 0;
  const AclUsers& users = op.services().config().users();
  BecomeUser(&client, users.Find(AclUsers::kDefault));
  client.authenticated = !users.asks_for_login();
  // A CLIENT REPLY SKIP in front silences this as it does everything else.
  using Mode = ClientState::ReplyMode;
  if (client.reply_mode != Mode::kSkipping) client.reply_mode = Mode::kOn;
  op.reply().Status("RESET");
}

void Select(Operation& op) {
  const NamedDatabase named = ReadDatabase(op.arg(1), op.services().config().databases);
  if (!named.error.empty()) return op.reply().Error(named.error);
  op.client()->database = named.number;
  op.reply().Ok();
}

constexpr uint32_t kAtAnyTime = kNoScript | kLoading | kStale | kFast | kNoAuth | kAllowBusy;

constexpr std::array kRows{
    Command{.name = "ping",
            .arity = -1,
            .flags = kFast,
            .acl = kAclConnection,
            .for_subscribers = true,
            .handler = Ping,
            .group = "connection",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Answers PONG, or the message: the server is there.",
            .syntax = "[message]",
            .tips = "request_policy:all_shards response_policy:all_succeeded"},
    Command{.name = "echo",
            .arity = 2,
            .flags = kLoading | kStale | kFast,
            .acl = kAclConnection,
            .handler = Echo,
            .group = "connection",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Answers the message.",
            .syntax = "message"},
    Command{.name = "quit",
            .arity = -1,
            .flags = kAtAnyTime,
            .acl = kAclConnection,
            .never_queued = true,
            .for_subscribers = true,
            .handler = Quit,
            .group = "connection",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Answers all that is due and ends the connection."},
    Command{.name = "reset",
            .arity = 1,
            .flags = kAtAnyTime,
            .acl = kAclConnection,
            .never_queued = true,
            .for_subscribers = true,
            .handler = Reset,
            .group = "connection",
            .since = "6.2.0",
            .complexity = "O(1)",
            .summary = "Puts the connection back into the state of a new one."},
    Command{.name = "hello",
            .arity = -1,
            .flags = kAtAnyTime,
            .acl = kAclConnection,
            .handler = Hello,
            .group = "connection",
            .since = "6.0.0",
            .complexity = "O(1)",
            .summary =
                "Chooses the protocol, may log in and name the connection, and says who answers.",
            .syntax = "[arguments=protover:integer [AUTH {username_password=username password}] "
                      "[SETNAME clientname]]"},
    Command{.name = "auth",
            .arity = -2,
            .flags = kAtAnyTime,
            .acl = kAclConnection,
            .handler = Auth,
            .group = "connection",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Logs in as a user; as default, if none is named.",
            .syntax = "[username]@6.0.0 password"},
    Command{.name = "select",
            .arity = 2,
            .flags = kLoading | kStale | kFast,
            .acl = kAclConnection,
            .handler = Select,
            .group = "connection",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Chooses the database that this connection's commands are about.",
            .syntax = "index:integer"},
};

}  // namespace

std::span<const Command> ConnectionCommands() { return kRows; }

}  // namespace tally::server
