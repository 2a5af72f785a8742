#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/expiry.h"
#include "server/operation.h"

namespace tally::server {

/// The options of SET and GETEX.
struct StringOptions {
  enum class Expiry : uint8_t { kUnsaid, kTime, kKeep, kRemove };

  bool only_if_absent = false;
  bool only_if_present = false;
  bool get = false;
  Expiry expiry = Expiry::kUnsaid;
  TimeForm form;            ///< of kTime
  std::string_view amount;  ///< of kTime, as the client wrote it
};

/// Which command's options may appear.
enum class StringCommand : uint8_t { kSet, kGetEx };

/// Reads the arguments from `first` on. nullopt: a syntax error. Saying the same thing twice is
/// none, and the last one counts.
[[nodiscard]] std::optional<StringOptions> ParseStringOptions(const Operation& op, size_t first,
                                                              StringCommand command);

/// The moment of an expiry that a client gave with a value, in Unix milliseconds. nullopt: it is
/// none that Redis takes (it must be positive), and the error was replied.
[[nodiscard]] std::optional<int64_t> ParseExpiry(Operation& op, std::string_view amount,
                                                 TimeForm form);

}  // namespace tally::server
