#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tally::server {

/// SHA-256 in lower-case hexadecimal: what of a password is kept, and told.
[[nodiscard]] std::string PasswordHash(std::string_view password);

/// Whether the text has the form of such a hash.
[[nodiscard]] bool IsPasswordHash(std::string_view text);

/// In a time that does not depend on where two hashes differ.
[[nodiscard]] bool SamePasswordHash(std::string_view a, std::string_view b);

/// So many random hexadecimal digits, from the generator that OpenSSL makes keys with.
[[nodiscard]] std::string RandomHexDigits(size_t count);

}  // namespace tally::server
