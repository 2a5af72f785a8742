#include "server/json.h"

#include <fmt/format.h>

#include "server/utf8.h"

namespace tally::server {

std::string JsonString(std::string_view text) {
  std::string json = "\"";
  for (const char c : ToUtf8(text)) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c == '\n') {
      json += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      json += c;
    }
  }
  json += '"';
  return json;
}

}  // namespace tally::server
