#include "server/http_url.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/number.h"
#include "server/command.h"

namespace tally::server {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

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

// The bytes that may follow a leading one: how many, and the range of the first of them.
struct Sequence {
  int following = -1;  // -1: no leading byte
  uint8_t lowest = 0x80;
  uint8_t highest = 0xBF;
};

Sequence SequenceOf(uint8_t lead) {
  if (lead < 0x80) return {0};
  if (lead >= 0xC2 && lead <= 0xDF) return {1};
  if (lead == 0xE0) return {2, 0xA0};
  if (lead == 0xED) return {2, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {2};
  if (lead == 0xF0) return {3, 0x90};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  if (lead >= 0xF1 && lead <= 0xF3) return {3};
  return {};
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

std::string ToUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const Sequence sequence = SequenceOf(static_cast<uint8_t>(bytes[i]));
    size_t size = 1;
    int missing = sequence.following;
    while (missing > 0 && i + size < bytes.size()) {
      const auto next = static_cast<uint8_t>(bytes[i + size]);
      const bool is_first = size == 1;
      if (next < (is_first ? sequence.lowest : 0x80) || next > (is_first ? sequence.highest : 0xBF))
        break;
      ++size;
      --missing;
    }
    text.append(missing == 0 ? bytes.substr(i, size) : kReplacement);
    i += size;
  }
  return text;
}

}  // namespace tally::server
