#pragma once

#include <string>
#include <string_view>

namespace tally::server {

/// The page that people look at: one document, its style and script inside, that asks nothing of anybody but this
/// server's `/events` and `/key`. Its parts are the files in server/admin_page/, taken in when Tally is built.
[[nodiscard]] const std::string& AdminPage();

/// Fields of the page's header, each with its CRLF: a Content-Security-Policy that lets the browser run this very
/// script and style (by their hashes) and nothing else, and forbids other pages to frame it.
[[nodiscard]] std::string_view AdminPageFields();

}  // namespace tally::server
