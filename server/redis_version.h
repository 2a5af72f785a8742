#pragma once

#include <string_view>

namespace tally::server {

/// What HELLO and INFO call Redis's version: clients and exporters decide by it which commands and
/// fields to expect. Tally's own version is INFO's tally_version.
inline constexpr std::string_view kRedisVersion = "7.2.4";

}  // namespace tally::server
