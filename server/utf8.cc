#include "server/utf8.h"

#include <cstddef>
#include <cstdint>

namespace tally::server {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

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
