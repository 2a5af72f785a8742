#include "protocol/inline_request.h"

#include <cstddef>

#include "protocol/number.h"

namespace tally::protocol {
namespace {

// What isspace() says in the "C" locale: it separates arguments...
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// ...but only some of it ends one that has begun without quotes. So does Redis.
bool EndsBareArgument(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Decodes the inside of a double quote that `*rest` starts with. Leaves `*rest` behind the closing
// quote; false if there is none.
bool DecodeDoubleQuoted(std::string_view* rest, std::string* decoded) {
  std::string_view text = *rest;
  while (!text.empty()) {
    if (text[0] == '"') {
      *rest = text.substr(1);
      return true;
    }
    if (text.size() >= 4 && text[0] == '\\' && text[1] == 'x' && HexDigit(text[2]) >= 0 &&
        HexDigit(text[3]) >= 0) {
      *decoded += static_cast<char>(HexDigit(text[2]) * 16 + HexDigit(text[3]));
      text.remove_prefix(4);
    } else if (text.size() >= 2 && text[0] == '\\') {
      *decoded += Unescape(text[1]);
      text.remove_prefix(2);
    } else {
      *decoded += text[0];
      text.remove_prefix(1);
    }
  }
  return false;
}

bool DecodeSingleQuoted(std::string_view* rest, std::string* decoded) {
  std::string_view text = *rest;
  while (!text.empty()) {
    if (text[0] == '\'') {
      *rest = text.substr(1);
      return true;
    }
    if (text.starts_with("\\'")) {
      text.remove_prefix(1);
    }
    *decoded += text[0];
    text.remove_prefix(1);
  }
  return false;
}

}  // namespace

bool SplitInlineRequest(std::string_view line, std::string* decoded,
                        std::vector<std::string_view>* args) {
  decoded->clear();
  decoded->reserve(line.size());  // Decoding only shortens, so views into it stay valid.
  std::string_view rest = line;
  while (true) {
    while (!rest.empty() && IsSpace(rest[0])) {
      rest.remove_prefix(1);
    }
    if (rest.empty()) {
      return true;
    }
    std::size_t bare = 0;
    while (bare < rest.size() && !EndsBareArgument(rest[bare]) && rest[bare] != '"' &&
           rest[bare] != '\'') {
      ++bare;
    }
    if (bare == rest.size() || EndsBareArgument(rest[bare])) {
      args->push_back(rest.substr(0, bare));
      rest.remove_prefix(bare);
      continue;
    }
    const std::size_t start = decoded->size();
    decoded->append(rest.substr(0, bare));
    const bool is_double = rest[bare] == '"';
    rest.remove_prefix(bare + 1);
    const bool closed =
        is_double ? DecodeDoubleQuoted(&rest, decoded) : DecodeSingleQuoted(&rest, decoded);
    if (!closed || (!rest.empty() && !IsSpace(rest[0]))) {
      return false;
    }
    args->push_back(std::string_view(*decoded).substr(start));
  }
}

}  // namespace tally::protocol
