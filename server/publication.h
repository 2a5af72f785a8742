#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace tally::server {

/// A message on its way to a channel's subscribers.
struct Publication {
  std::string channel;
  std::string payload;
  bool sharded = false;  ///< SPUBLISH: for those who SSUBSCRIBEd, and for no pattern
  /// PUBLISH's reply, the number of receivers, belongs there in the text of the replies …
  size_t reply_offset = 0;
  bool answered = true;  ///< … unless CLIENT REPLY says none
};

/// What one command, or one transaction, publishes, in order.
using Publications = std::vector<Publication>;

}  // namespace tally::server
