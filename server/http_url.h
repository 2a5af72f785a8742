#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tally::server {

/// A request's target, as the WHATWG URL standard (url.spec.whatwg.org) reads it behind `http://host`.
struct HttpUrl {
  std::string
      authority;      ///< of an absolute target ("http://host:port/path"), without user; else empty
  std::string path;   ///< begins with '/'; dot segments are resolved, percent-encoding stays
  std::string query;  ///< what stands between '?' and '#', as it came
};

/// nullopt: neither a path nor an absolute http(s) URL.
[[nodiscard]] std::optional<HttpUrl> ParseHttpTarget(std::string_view target);

/// The first field of that name (compared after decoding, case-sensitive) of a query, as
/// application/x-www-form-urlencoded: '+' is a space, %xx a byte, what is not UTF-8 becomes U+FFFD. A field
/// without '=' is empty. nullopt: none has the name.
[[nodiscard]] std::optional<std::string> FirstFormField(std::string_view query,
                                                        std::string_view name);

}  // namespace tally::server
