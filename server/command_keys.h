#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "server/command.h"

namespace tally::server {

// Which of a request's arguments are keys, and what the command does with them. The arity fits.

/// Shard channels stand where keys do, and are among them.
[[nodiscard]] std::vector<std::string_view> KeysOf(const Command& command,
                                                   std::span<const std::string_view> request);

/// Key-spec flags of the key number `key_index`, counted from 0, in this very request: "RW access update".
[[nodiscard]] std::string_view AccessFlags(const Command& command,
                                           std::span<const std::string_view> request,
                                           size_t key_index);

}  // namespace tally::server
