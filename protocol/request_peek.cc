#include "protocol/request_peek.h"

#include <cstddef>

namespace tally::protocol {
namespace {

// More digits are nothing for a hint.
constexpr size_t kMaxDigits = 6;

// `<mark><digits>\r\n`
bool TakeCount(std::string_view* in, char mark, size_t* count) {
  if (in->empty() || in->front() != mark) return false;
  size_t value = 0;
  size_t place = 1;
  for (; place < in->size() && place <= kMaxDigits; ++place) {
    const char digit = (*in)[place];
    if (digit < '0' || digit > '9') break;
    value = value * 10 + static_cast<size_t>(digit - '0');
  }
  if (place == 1 || in->size() < place + 2 || (*in)[place] != '\r') return false;
  in->remove_prefix(place + 2);
  *count = value;
  return true;
}

}  // namespace

bool PeekKey(std::string_view* unread, std::string_view* key) {
  size_t arguments = 0;
  if (!TakeCount(unread, '*', &arguments) || arguments < 2) return false;
  for (size_t i = 0; i < arguments; ++i) {
    size_t bytes = 0;
    if (!TakeCount(unread, '$', &bytes) || unread->size() < bytes + 2) return false;
    if (i == 1) *key = unread->substr(0, bytes);
    unread->remove_prefix(bytes + 2);
  }
  return true;
}

}  // namespace tally::protocol
