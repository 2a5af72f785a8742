#include "server/http_url.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/number.h"
#include "server/command.h"
#include "server/utf8.h"

namespace tally::server {
namespace {

bool IsSlash(char c) { return c == '/' || c == '\\'; }

// Of one segment: 0, or how many dots it stands for ("." and "..", each perhaps as %2e).
int DotsOf(std::string_view segment) {
  int dots = 0;
  while (!segment.empty()) {
    if (segment[0] == '.') {
      segment.remove_prefix(1);
    } else if (segment.size() >= 3 && EqualsIgnoreCase(segment.substr(0, 3), "%2e")) {
      segment.remove_prefix(3);
    } else {
      return 0;
    }
    if (++dots > 2) return 0;
  }
  return dots;
}

// The path state of the standard's parser, for special schemes: a backslash is a slash.
std::string NormalPath(std::string_view path) {
  std::vector<std::string_view> segments;
  size_t begin = path.empty() || !IsSlash(path[0]) ? 0 : 1;
  while (true) {
    const auto* const slash = std::find_if(path.begin() + begin, path.end(), IsSlash);
    const bool is_last = slash == path.end();
    const auto end = static_cast<size_t>(slash - path.begin());
    const std::string_view segment = path.substr(begin, end - begin);
    const int dots = DotsOf(segment);
    if (dots == 2 && !segments.empty()) segments.pop_back();
    if (dots == 0) {
      segments.push_back(segment);
    } else if (is_last) {
      segments.emplace_back();
    }
    if (is_last) break;
    begin = end + 1;
  }
  std::string normal;
  for (const std::string_view segment : segments) normal.append("/").append(segment);
  return normal;
}

// '+' and %xx of one name or value.
std::string DecodeFormText(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded.push_back(' ');
      continue;
    }
    const int high = text[i] == '%' && i + 2 < text.size() ? protocol::HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? protocol::HexDigit(text[i + 2]) : -1;
    if (low < 0) {
      decoded.push_back(text[i]);
      continue;
    }
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return ToUtf8(decoded);
}

}  // namespace

std::optional<HttpUrl> ParseHttpTarget(std::string_view target) {
  HttpUrl url;
  target = target.substr(0, target.find('#'));
  if (!target.empty() && target[0] != '/') {
    const size_t scheme = target.find("://");
    if (scheme == std::string_view::npos ||
        (!EqualsIgnoreCase(target.substr(0, scheme), "http") &&
         !EqualsIgnoreCase(target.substr(0, scheme), "https"))) {
      return std::nullopt;
    }
    target.remove_prefix(scheme + 3);
    const size_t end = std::min(target.find_first_of("/\\?"), target.size());
    std::string_view authority = target.substr(0, end);
    if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
      authority.remove_prefix(at + 1);
    }
    if (authority.empty()) return std::nullopt;
    url.authority = authority;
    target.remove_prefix(end);
  } else if (target.empty()) {
    return std::nullopt;
  }
  const size_t question = std::min(target.find('?'), target.size());
  url.path = NormalPath(target.substr(0, question));
  if (question < target.size()) url.query = target.substr(question + 1);
  return url;
}

std::optional<std::string> FirstFormField(std::string_view query, std::string_view name) {
  // What is no UTF-8 already, before any %xx, is replaced before: a raw byte and an encoded one make no
  // character together.
  const std::string text = ToUtf8(query);
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('&', begin), text.size());
    const std::string_view field = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = std::min(field.find('='), field.size());
    if (field.empty() || DecodeFormText(field.substr(0, equals)) != name) continue;
    return DecodeFormText(field.substr(std::min(equals + 1, field.size())));
  }
  return std::nullopt;
}

}  // namespace tally::server
