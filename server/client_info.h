#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/client_state.h"

namespace tally::server {

/// One client as CLIENT LIST and CLIENT INFO show it, without the line's end: Redis 7.0's fields in
/// their order, then 7.2's lib-name and lib-ver. What a client does not have here has the value that it has in Redis when it is absent.
/// `asking_bytes`: the length of the request that asks, if this is who asks: it still counts as unread.
[[nodiscard]] std::string ClientInfoLine(const ClientState& client, int64_t now_ms,
                                         size_t asking_bytes = 0);

/// The client that is told when this one's copies are no longer true; 0: itself, -1: it keeps none.
[[nodiscard]] int64_t RedirectOf(const ClientState& client);

/// Whether the text may be a client's name (or another of its attributes): printable ASCII without
/// spaces. The empty text may: it takes the name away.
[[nodiscard]] bool IsValidClientAttribute(std::string_view text);

}  // namespace tally::server
