// Small records that know whether they are whole: version u8 · fields, little-endian · XXH3-64 u64 of
// all before. All functions are thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/fixed_bytes.h"

namespace tally::storage {

/// Ends a record that began with its version.
void Seal(std::string* out);
/// Leaves the fields in *in. False: damaged, or not of this version.
[[nodiscard]] bool Unseal(std::string_view* in, uint8_t version);

}  // namespace tally::storage
