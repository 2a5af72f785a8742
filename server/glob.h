#pragma once

#include <string_view>

namespace tally::server {

/// Whether `text` as a whole matches `pattern`, by Redis's rules for KEYS, CONFIG GET and others:
/// `*` any run of bytes, `?` one byte, `[a-c]` and `[^a-c]` one byte in or out of a set (a range may
/// be written backwards; an unclosed set reaches to the pattern's end), `\x` the byte x itself. With
/// `ignore_case`, ASCII letters match in either case. Bytes, not characters.
///
/// At most pattern × text steps, whatever the pattern: only the last `*` is ever tried again. (A
/// later `*` can take over all that an earlier one could still absorb.)
[[nodiscard]] bool GlobMatch(std::string_view pattern, std::string_view text, bool ignore_case);

}  // namespace tally::server
