#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// LZF, the compressed form in which Redis keeps long strings on disk and in DUMP payloads.
///
/// A sequence of runs. A first byte below 32 is a literal run: as many bytes as it says and one follow.
/// Of any other its upper three bits are a length; 7 means that a byte with the rest of it follows. The
/// lower five bits and one more byte are a distance, less one. Length and two bytes are repeated from that
/// distance before the end of what has been written; they may overlap it.
namespace tally::protocol {

/// Appends the compressed form to `*out` if it takes at most `most_bytes`. False: it takes more, and
/// `*out` is as before.
[[nodiscard]] bool CompressLzf(std::string_view in, size_t most_bytes, std::string* out);

/// Appends what `in` holds to `*out`. False: it is damaged, or not exactly `size` bytes; `*out` has grown by
/// at most `size` bytes then. Memory is taken for what `in` can hold, whatever `size` says.
[[nodiscard]] bool ExpandLzf(std::string_view in, size_t size, std::string* out);

}  // namespace tally::protocol
