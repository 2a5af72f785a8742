#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/support/client.h"

namespace tally::test {

// For random streams of requests that several connections send, to Tally and to redis-server.

/// TALLY_SEED, to replay a stream that failed; else `usual`.
[[nodiscard]] uint64_t StreamSeed(uint64_t usual);

/// All that the connection has had up to now, one element per reply or message. What the streams contain must not
/// have the fence's text in it.
[[nodiscard]] std::vector<std::string> TakeReplies(Client* client);

/// What a failure shows: the last of the steps, which are texts of a line each, and what came after them.
[[nodiscard]] std::string ShowDifference(const std::vector<std::string>& got,
                                         const std::vector<std::string>& wanted,
                                         const std::vector<std::string>& steps);

}  // namespace tally::test
