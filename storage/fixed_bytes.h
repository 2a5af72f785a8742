// Integers in stored bytes: little-endian, as they lie in memory. All functions are thread-safe.
#pragma once

#include <bit>
#include <cstring>
#include <string>
#include <string_view>

namespace tally::storage {

static_assert(std::endian::native == std::endian::little,
              "numbers are copied as they lie in memory");

template <typename Integer>
void AppendFixed(std::string* out, Integer value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out->append(bytes, sizeof(bytes));
}

/// Takes a field off the front of *in; false: there is too little.
template <typename Integer>
[[nodiscard]] bool TakeFixed(std::string_view* in, Integer* value) {
  if (in->size() < sizeof(*value)) return false;
  std::memcpy(value, in->data(), sizeof(*value));
  in->remove_prefix(sizeof(*value));
  return true;
}

}  // namespace tally::storage
