#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/acl_log.h"
#include "server/acl_selector.h"
#include "server/client_state.h"
#include "server/command.h"
#include "server/config.h"

namespace tally::server {

/// Asks for each request whether the client's user may make it, and notes in the ACL log what it may not.
///
/// A client keeps its user as of the last request that was looked at; a change of any user makes it look again, so
/// that a change counts from the next request on, in a transaction too.
///
/// Thread: any; a client's by turns.
class ClientRights {
 public:
  /// Both outlive it.
  ClientRights(const Config* config, AclLog* log)
      : config_(config), users_(&config->users()), log_(log) {}

  /// The arity fits. A client whose user is gone is denied everything, and closed.
  [[nodiscard]] AclDenial Check(ClientState* client, const Command& command,
                                std::span<const std::string_view> args) const {
    if (client->trusted_generation == users_->generation()) [[likely]]
      return {};
    return Look(client, command, args);
  }

  /// The same of a request that the client makes as `user`, whoever it is itself.
  [[nodiscard]] AclDenial CheckAs(const ClientState& client, const AclUser& user,
                                  const Command& command,
                                  std::span<const std::string_view> args) const;

  /// Somebody has not logged in: `object` is what it was tried with, `user` as whom.
  void NoteFailedLogin(const ClientState& client, std::string_view object,
                       std::string_view user) const;

 private:
  [[nodiscard]] AclDenial Look(ClientState* client, const Command& command,
                               std::span<const std::string_view> args) const;
  void Note(const ClientState& client, std::string_view reason, std::string_view object,
            std::string_view user) const;

  const Config* config_;
  const AclUsers* users_;
  AclLog* log_;
};

/// The client is this user from now on.
void BecomeUser(ClientState* client, AclUsers::UserPtr user);

/// Why a request is refused.
[[nodiscard]] std::string RefusalText(const AclDenial& denial, const Command& command);
/// The same of one that was queued when it was still allowed.
[[nodiscard]] std::string_view LateRefusalText(const AclDenial& denial);

}  // namespace tally::server
