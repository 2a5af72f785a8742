#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The payload of DUMP and RESTORE: a value as Redis's RDB files have it, made to travel alone.
///
///   type u8 (0: a string) · value · RDB version u16 · CRC-64 u64 of all before    (little-endian)
///
/// A string's value begins with a byte whose upper two bits say what it is:
///   00  a length in the lower six bits, then the bytes
///   01  a length of 14 bits, with the next byte, highest first
///   10  0x80: a length of 32 bits follows; 0x81: of 64 bits; highest byte first
///   11  0xc0, 0xc1, 0xc2: the text of an integer of 8, 16, 32 bits, which follows, lowest byte first;
///       0xc3: two lengths, compressed and true, then LZF (lzf.h)
namespace tally::protocol {

/// The version that Redis 7.0 writes, and the latest that it reads.
inline constexpr uint16_t kDumpVersion = 10;

/// As Redis chooses it: short integers as such, what LZF shortens as that, all others as they are. (Which
/// of several possible compressed forms: ours.)
[[nodiscard]] std::string DumpString(std::string_view text);

enum class DumpStatus : uint8_t {
  kOk,
  kBadFooter,  ///< its version is newer, or its checksum is wrong
  kBadData,    ///< it is not one, or of a type that is not read here
};

/// Reads a string of at most `most_bytes`. `*text` is a view of `payload` or of `*room`. What stands between
/// value and footer is passed over, as Redis does.
[[nodiscard]] DumpStatus ReadDump(std::string_view payload, size_t most_bytes, std::string* room,
                                  std::string_view* text);

}  // namespace tally::protocol
