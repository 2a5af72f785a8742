#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tally::server {

/// A parameter of Redis that nothing here depends on: how it lays out what it keeps in memory, its files, its replicas
/// and its cluster. Clients, tools and files that were written for Redis set it, so it is taken within Redis's limits,
/// told back, and kept by CONFIG REWRITE.
struct RememberedParameter {
  enum class Kind : uint8_t { kText, kYesNo, kInteger, kMemory, kChoice };

  std::string_view name;
  Kind kind = Kind::kText;
  std::string_view initial = {};  ///< its value until it is set
  int64_t min = 0;                ///< of kInteger and kMemory
  int64_t max = 0;                ///< likewise
  std::string_view choices = {};  ///< of kChoice, with spaces between
  bool is_immutable = false;      ///< fixed at start
  std::string_view newer_name =
      {};  ///< of an older name, that which has the value, and all else of this
};

/// Sorted by name, as Redis 7.0 has them.
[[nodiscard]] std::span<const RememberedParameter> RememberedParameters();

/// Checks the text and, unless `value` is null, stores it as CONFIG GET shows it. Returns why it cannot be, or "".
[[nodiscard]] std::string ReadValue(const RememberedParameter& parameter, std::string_view text,
                                    std::string* value);

}  // namespace tally::server
