#include "server/memory_size.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

#include "server/command.h"

namespace tally::server {

std::optional<uint64_t> ParseMemorySize(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  struct Unit {
    std::string_view name;
    uint64_t bytes;
  };
  static constexpr std::array<Unit, 8> kUnits = {{{"", 1},
                                                  {"b", 1},
                                                  {"k", 1000},
                                                  {"kb", 1024},
                                                  {"m", 1000 * 1000},
                                                  {"mb", 1024 * 1024},
                                                  {"g", 1000 * 1000 * 1000},
                                                  {"gb", 1024 * 1024 * 1024}}};
  const auto* const found =
      std::ranges::find_if(kUnits, [&](const Unit& u) { return EqualsIgnoreCase(unit, u.name); });
  if (found == kUnits.end()) return std::nullopt;

  constexpr uint64_t kLargest = std::numeric_limits<uint64_t>::max();
  uint64_t value = 0;  // and no digits at all are 0, as in Redis
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error == std::errc::result_out_of_range || value > kLargest / found->bytes) return kLargest;
  return value * found->bytes;
}

std::string MemorySizeText(uint64_t bytes) {
  static constexpr std::array<std::string_view, 4> kUnits = {"", "kb", "mb", "gb"};
  constexpr uint64_t kStep = 1024;
  size_t unit = 0;
  while (unit + 1 < kUnits.size() && bytes != 0 && bytes % kStep == 0) {
    bytes /= kStep;
    ++unit;
  }
  return std::to_string(bytes).append(kUnits[unit]);
}

}  // namespace tally::server
