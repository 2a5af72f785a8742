#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tally::server {

/// A number of bytes with Redis's units: "64", "64b", "1k" (1000), "1kb" (1024), m, mb, g, gb, in any
/// case. nullopt: not such a number. More than fits is the largest number.
[[nodiscard]] std::optional<uint64_t> ParseMemorySize(std::string_view text);

/// The shortest text that ParseMemorySize makes the same number of with kb, mb or gb: "64mb", "1000".
[[nodiscard]] std::string MemorySizeText(uint64_t bytes);

}  // namespace tally::server
