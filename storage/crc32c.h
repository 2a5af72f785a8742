#pragma once

#include <cstdint>
#include <string_view>

namespace tally::storage {

/// CRC-32C (Castagnoli; RFC 3720, B.4), as RocksDB's logs are checked with.
[[nodiscard]] uint32_t Crc32c(std::string_view bytes);

}  // namespace tally::storage
