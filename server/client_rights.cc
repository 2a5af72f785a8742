#include "server/client_rights.h"

#include <string>
#include <utility>

#include "protocol/errors.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using Reason = AclDenial::Reason;

std::string_view NameOf(Reason reason) {
  switch (reason) {
    case Reason::kKey:
      return "key";
    case Reason::kChannel:
      return "channel";
    default:
      return "command";
  }
}

}  // namespace

AclDenial ClientRights::Look(ClientState* client, const Command& command,
                             std::span<const std::string_view> args) const {
  if (client->is_checked_at_door) return {};
  const uint64_t generation = users_->generation();
  if (client->rights_generation != generation) {
    AclUsers::UserPtr user = users_->Find(client->user);
    if (user == nullptr || (client->rights != nullptr && client->rights->id() != user->id() &&
                            client->user != AclUsers::kDefault)) {
      client->close_after_replies = true;
      return {Reason::kCommand, 0};
    }
    client->rights = std::move(user);
    client->rights_generation = generation;
  }
  if (client->rights->may_do_everything()) {
    client->trusted_generation = generation;
    return {};
  }
  return CheckAs(*client, *client->rights, command, args);
}

AclDenial ClientRights::CheckAs(const ClientState& client, const AclUser& user,
                                const Command& command,
                                std::span<const std::string_view> args) const {
  if (user.may_do_everything()) return {};
  const AclDenial denial = user.Check(command, args);
  if (!denial) return {};
  const bool is_command = denial.reason == Reason::kCommand;
  Note(client, NameOf(denial.reason),
       is_command ? FullName(command) : std::string(args[denial.argument]), user.name());
  return denial;
}

void BecomeUser(ClientState* client, AclUsers::UserPtr user) {
  client->authenticated = true;
  client->user = user->name();
  client->rights = std::move(user);
  client->rights_generation = client->trusted_generation = 0;
}

std::string RefusalText(const AclDenial& denial, const Command& command) {
  switch (denial.reason) {
    case Reason::kKey:
      return std::string(errors::kNoPermissionForKey);
    case Reason::kChannel:
      return std::string(errors::kNoPermissionForChannel);
    default:
      return errors::NoPermissionToRun(FullName(command));
  }
}

std::string_view LateRefusalText(const AclDenial& denial) {
  switch (denial.reason) {
    case Reason::kKey:
      return errors::kKeyForbiddenSince;
    case Reason::kChannel:
      return errors::kChannelForbiddenSince;
    default:
      return errors::kCommandForbiddenSince;
  }
}

}  // namespace tally::server
