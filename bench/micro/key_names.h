#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "storage/key.h"
#include "storage/name_hash.h"

namespace tally::bench {

inline constexpr storage::HashSeed kHashSeed{0x0123456789abcdef, 0xfedcba9876543210};

/// Names of 16 bytes, as redis-benchmark makes them: "key:000000000042". They lie one behind the other
/// in the order in which they are asked for, as the names of a pipeline lie in its read buffer.
class KeyNames {
 public:
  static constexpr size_t kNameBytes = 16;

  /// The numbers [first, first + count), each once, shuffled; `order` says how, the same in every run.
  KeyNames(uint64_t first, size_t count, uint64_t order) {
    std::vector<uint64_t> numbers(count);
    for (size_t i = 0; i < count; ++i) numbers[i] = first + i;
    std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(order));
    bytes_.reserve(count * kNameBytes);
    for (const uint64_t number : numbers) bytes_ += fmt::format("key:{:012}", number);
  }

  [[nodiscard]] size_t size() const { return bytes_.size() / kNameBytes; }
  [[nodiscard]] std::string_view operator[](size_t index) const {
    return std::string_view(bytes_).substr(index * kNameBytes, kNameBytes);
  }

 private:
  std::string bytes_;
};

/// The same with slots and hashes, so that what is measured does not compute them.
class Keys {
 public:
  Keys(uint64_t first, size_t count, uint64_t order) : names_(first, count, order) {
    keys_.reserve(count);
    for (size_t i = 0; i < count; ++i) keys_.push_back(storage::MakeKey(kHashSeed, names_[i]));
  }
  Keys(const Keys&) = delete;  // the keys are views of the names
  Keys& operator=(const Keys&) = delete;

  [[nodiscard]] std::span<const storage::Key> all() const { return keys_; }

 private:
  KeyNames names_;
  std::vector<storage::Key> keys_;
};

}  // namespace tally::bench
