#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tally::server {

// Strings as rows of bits. Bit 0 is the most significant one of the first byte. Pure functions.

/// Bits beyond the end are 0.
[[nodiscard]] bool GetBit(std::string_view bytes, uint64_t offset);
/// The byte must be there.
void SetBit(std::string* bytes, uint64_t offset, bool bit);

/// How many of the bits `first` to `last`, both included, are set. Both must be there.
[[nodiscard]] uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last);

/// The first of the bits `first` to `last`, both included, that is `bit`. Both must be there.
[[nodiscard]] std::optional<uint64_t> FindBit(std::string_view bytes, bool bit, uint64_t first,
                                              uint64_t last);

enum class BitOperation : uint8_t { kAnd, kOr, kXor };

/// `*accumulated` becomes the bitwise combination of both. The shorter one counts as if zeros followed.
void CombineBits(BitOperation operation, std::string_view operand, std::string* accumulated);

/// Every bit is turned.
void InvertBits(std::string* bytes);

}  // namespace tally::server
