#pragma once

#include <string>
#include <string_view>

namespace tally::server {

/// The text as a JSON string (RFC 8259), with its quotes; what is not UTF-8 in it becomes U+FFFD.
[[nodiscard]] std::string JsonString(std::string_view text);

}  // namespace tally::server
