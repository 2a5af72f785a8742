#pragma once

#include <string>
#include <string_view>

namespace tally::server {

/// The bytes as UTF-8: each maximal part of a sequence that is none becomes U+FFFD, as the WHATWG Encoding
/// standard has it.
[[nodiscard]] std::string ToUtf8(std::string_view bytes);

}  // namespace tally::server
