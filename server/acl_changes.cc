#include "server/acl_changes.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "protocol/errors.h"
#include "server/acl_file.h"
#include "server/acl_users.h"
#include "server/deferred_reply.h"
#include "server/services.h"
#include "server/subscriptions.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using Kind = SubscriptionKind;
using protocol::ReplyWriter;

// Closes the clients that `concerns` is true of, then replies. Who asked has the reply first.
void CloseClients(Services* services, uint64_t caller, std::shared_ptr<DeferredReply> token,
                  std::function<bool(const ClientState&)> concerns,
                  std::function<void(ReplyWriter&)> reply) {
  services->VisitClients(
      [caller, concerns = std::move(concerns)](ClientState& client) {
        using Action = Services::ClientAction;
        if (!concerns(client)) return Action::kKeep;
        return client.id == caller ? Action::kCloseAfterReplies : Action::kClose;
      },
      [token = std::move(token), reply = std::move(reply)] { SendReply(*token, reply); });
}

bool IsAs(const ClientState& client, const AclUser& user) {
  return client.authenticated && client.user == user.name() &&
         (client.rights == nullptr || client.rights->id() == user.id());
}

bool IsAsOneOf(const ClientState& client, const std::vector<AclUsers::UserPtr>& users) {
  return std::ranges::any_of(users,
                             [&](const AclUsers::UserPtr& user) { return IsAs(client, *user); });
}

bool ListensToMoreThan(const ClientState& client, const AclUser& user) {
  if (client.subscriptions == nullptr) return false;
  for (const Kind kind : {Kind::kChannel, Kind::kPattern, Kind::kShardChannel}) {
    for (const std::string& name : client.subscriptions->names(kind)) {
      if (!user.MayListen(name, kind == Kind::kPattern)) return true;
    }
  }
  return false;
}

}  // namespace

void SetAclUser(Operation& op) {
  if (!IsUserName(op.arg(2))) return op.reply().Error(errors::kBadUserName);
  std::string unmatched;
  const std::vector<std::string> rules = JoinSelectors(op.args().subspan(3), &unmatched);
  if (!unmatched.empty()) return op.reply().Error(errors::UnmatchedSelector(unmatched));
  const AclUsers::Change change = op.services().config().users().Set(op.arg(2), rules);
  if (change.problem != AclProblem::kNone) {
    return op.reply().Error(errors::BadAclRule(change.rule, TextOf(change.problem)));
  }
  if (change.before == nullptr || !change.after->LosesChannels(*change.before)) {
    return op.reply().Ok();
  }
  CloseClients(
      &op.services(), op.client()->id, op.Defer(),
      [user = change.after](const ClientState& client) {
        return IsAs(client, *user) && ListensToMoreThan(client, *user);
      },
      [](ReplyWriter& reply) { reply.Ok(); });
}

void DeleteAclUsers(Operation& op) {
  const auto names = op.args().subspan(2);
  if (std::ranges::find(names, AclUsers::kDefault) != names.end()) {
    return op.reply().Error(errors::kDefaultUserStays);
  }
  std::vector<AclUsers::UserPtr> gone;
  for (const std::string_view name : names) {
    AclUsers::UserPtr user = op.services().config().users().Remove(name);
    if (user != nullptr) gone.push_back(std::move(user));
  }
  if (gone.empty()) return op.reply().Integer(0);
  const auto count = static_cast<int64_t>(gone.size());
  CloseClients(
      &op.services(), op.client()->id, op.Defer(),
      [gone = std::move(gone)](const ClientState& client) { return IsAsOneOf(client, gone); },
      [count](ReplyWriter& reply) { reply.Integer(count); });
}

void LoadAclUsers(Operation& op) {
  if (op.services().config().acl_file.empty()) return op.reply().Error(errors::kNoAclFile);
  op.services().RunAside(
      [services = &op.services(), caller = op.client()->id, token = op.Defer()]() mutable {
        std::vector<AclUsers::UserPtr> gone;
        Config& config = services->config();
        const std::string problem = LoadAclFile(config.acl_file, &config.users(), &gone);
        if (!problem.empty()) {
          return SendReply(*token, [&](ReplyWriter& reply) { reply.Error("ERR " + problem); });
        }
        CloseClients(
            services, caller, std::move(token),
            [gone = std::move(gone)](const ClientState& client) { return IsAsOneOf(client, gone); },
            [](ReplyWriter& reply) { reply.Ok(); });
      });
}

void SaveAclUsers(Operation& op) {
  const Config& config = op.services().config();
  if (config.acl_file.empty()) return op.reply().Error(errors::kNoAclFile);
  op.services().RunAside([&config, token = op.Defer()] {
    const std::string problem = SaveAclFile(config.acl_file, config.users());
    if (!problem.empty()) spdlog::error("the ACL file was not saved: {}", problem);
    SendReply(*token, [&](ReplyWriter& reply) {
      if (problem.empty()) return reply.Ok();
      reply.Error(errors::kAclFileNotSaved);
    });
  });
}

}  // namespace tally::server
