#pragma once

#include <cstddef>
#include <string_view>

namespace tally::fuzz {

/// What was counted in a client's incoming bytes.
struct ReplyCount {
  size_t replies = 0;
  size_t pushes = 0;       ///< of RESP3
  bool is_whole = true;    ///< false: the last one is not complete
  bool is_broken = false;  ///< these are no replies
};

/// Reads RESP2 and RESP3 as a client does that trusts nothing.
[[nodiscard]] ReplyCount CountReplies(std::string_view bytes);

}  // namespace tally::fuzz
