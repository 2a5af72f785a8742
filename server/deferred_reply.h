#pragma once

#include <string>
#include <utility>

#include "protocol/reply.h"
#include "server/operation.h"

namespace tally::server {

/// Encodes one reply with `write(ReplyWriter&)` and gives it to a client that waits for it.
template <class Write>
void SendReply(DeferredReply& token, Write&& write) {
  std::string bytes;
  protocol::ReplyWriter reply(&bytes, token.resp());
  std::forward<Write>(write)(reply);
  token.Send(std::move(bytes));
}

}  // namespace tally::server
