#pragma once

#include <cstdint>
#include <string_view>

namespace tally::protocol {

/// CRC-64 with the polynomial of Jones, lowest bit first, from 0: what a DUMP payload ends with. Of
/// "123456789" it is 0xe9c6d914c4b8d9ca.
[[nodiscard]] uint64_t Crc64(std::string_view bytes);

}  // namespace tally::protocol
