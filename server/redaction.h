#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "server/command.h"

namespace tally::server {

/// The argument as others may see it (SLOWLOG, MONITOR): itself, or "(redacted)" if it is a password, or who
/// logs in with one. As Redis draws the line.
[[nodiscard]] std::string_view ShownArgument(const Command& command,
                                             std::span<const std::string_view> args, size_t index);

}  // namespace tally::server
