#pragma once

#include <string_view>

namespace tally::protocol {

/// Looks at the request at the front of `*unread` without taking it: gives its second argument, mostly its
/// first key, and moves `*unread` behind it. For hints only: whoever acts on a request parses it.
///
/// False: it is not there as a whole, is not written the way clients write requests
/// (`*2\r\n$3\r\nGET\r\n$1\r\na\r\n`), or has one argument; `*unread` and `*key` are unspecified then. Thread-safe.
[[nodiscard]] bool PeekKey(std::string_view* unread, std::string_view* key);

}  // namespace tally::protocol
