// What is refused, on its way to the ACL log: with the client as CLIENT LIST tells of it.
#include <string>

#include "server/client_info.h"
#include "server/client_rights.h"
#include "server/wall_clock.h"

namespace tally::server {

void ClientRights::NoteFailedLogin(const ClientState& client, std::string_view object,
                                   std::string_view user) const {
  Note(client, "auth", object, user);
}

void ClientRights::Note(const ClientState& client, std::string_view reason, std::string_view object,
                        std::string_view user) const {
  const int64_t now_ms = WallClock::NowMs();
  log_->Add({.reason = reason,
             .context = client.transaction == nullptr ? "toplevel" : "multi",
             .object = std::string(object),
             .user = std::string(user),
             .client_info = ClientInfoLine(client, now_ms),
             .time_ms = now_ms},
            config_->acllog_max_len.load(std::memory_order_relaxed));
}

}  // namespace tally::server
