#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/number.h"

namespace tally::server {

/// Reads the offset of a bit: at most the last bit of a string of `max_bytes`. With a `field_bits` other
/// than 0, "#n" is the offset of the n-th field of that width. nullopt: it is none.
[[nodiscard]] inline std::optional<uint64_t> ParseBitOffset(std::string_view text,
                                                            uint64_t max_bytes,
                                                            int64_t field_bits = 0) {
  const bool counts_fields = field_bits != 0 && text.starts_with('#');
  const std::optional<int64_t> number = protocol::ParseInt64(text.substr(counts_fields ? 1 : 0));
  if (!number || *number < 0) return std::nullopt;
  int64_t offset = *number;
  if (counts_fields && __builtin_mul_overflow(offset, field_bits, &offset)) return std::nullopt;
  if (static_cast<uint64_t>(offset) >> 3 >= max_bytes) return std::nullopt;
  return static_cast<uint64_t>(offset);
}

}  // namespace tally::server
