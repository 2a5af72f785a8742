#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tests/end_to_end/support/resp.h"

namespace tally::test {

/// How far the replies of two servers to one command may differ. Whatever it is: an error reply of
/// either must be equal byte for byte to the other's.
enum class Tolerance : uint8_t {
  kSeconds,       ///< integers, equal or both positive and within kClockSlackMs
  kMilliseconds,  ///< the same in milliseconds
  kTime,          ///< TIME: two strings of digits, the seconds within the slack
  kShape,         ///< the same type of reply, both null or neither
  kHello,      ///< the same keys in the same order; equal but for the values of server, version, id
  kPairs,      ///< a map, in whatever order
  kSet,        ///< elements in whatever order
  kDump,       ///< payloads of DUMP that hold the same
  kMayBeBusy,  ///< equal, or the subject says that a save is under way
  kCommandInfo,  ///< rows of COMMAND INFO: flags, categories and tips are sets; of the
                 ///< subcommands, those that the subject has must be the oracle's
};

/// Two servers get a command up to this much apart on a busy machine.
inline constexpr int64_t kClockSlackMs = 10'000;

/// `command` is a prefix of a command in lower case with its arguments joined by '|':
/// "ttl", "config|get|dir".
struct KnownDifference {
  std::string_view command;
  Tolerance tolerance;
  std::string_view reason;
};

/// nullopt when the raw replies are equal, or differ as the first entry for this command allows;
/// else what is wrong.
[[nodiscard]] std::optional<std::string> CompareReplies(std::span<const std::string> arguments,
                                                        std::string_view subject,
                                                        std::string_view oracle,
                                                        std::span<const KnownDifference> known);

}  // namespace tally::test
