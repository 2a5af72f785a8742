#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tally::server {

/// Bytes that two strings share, side by side: a[a_first …] = b[b_first …], `size` of them.
struct CommonRun {
  size_t a_first = 0;
  size_t b_first = 0;
  size_t size = 0;
};

/// The longest common subsequence of two strings. Of several that are as long it is the one that Redis
/// finds. Takes time and memory in proportion to the product of both lengths.
class CommonSubsequence {
 public:
  /// What the table of two strings of these lengths takes.
  [[nodiscard]] static uint64_t TableBytes(size_t a_size, size_t b_size) {
    return (uint64_t{a_size} + 1) * (uint64_t{b_size} + 1) * sizeof(uint32_t);
  }

  /// The strings must outlive this.
  CommonSubsequence(std::string_view a, std::string_view b);

  [[nodiscard]] size_t size() const { return At(a_.size(), b_.size()); }
  /// Its runs, each as long as can be, from the end to the beginning.
  [[nodiscard]] std::vector<CommonRun> Runs() const;
  [[nodiscard]] std::string Text() const;

 private:
  [[nodiscard]] uint32_t At(size_t a_size, size_t b_size) const {
    return table_[a_size * (b_.size() + 1) + b_size];
  }

  std::string_view a_;
  std::string_view b_;
  std::vector<uint32_t> table_;  // the lengths for every pair of prefixes
};

}  // namespace tally::server
