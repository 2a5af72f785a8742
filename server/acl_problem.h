#pragma once

#include <cstdint>
#include <string_view>

namespace tally::server {

/// Why a rule of an ACL was not taken.
enum class AclProblem : uint8_t {
  kNone,
  kUnknownName,  ///< of a command or category
  kSyntax,
  kPatternBesideAllKeys,
  kPatternBesideAllChannels,
  kNoSuchPassword,
  kBadHash,
  kFirstArgumentOfSubcommand,
};

/// In Redis's words.
[[nodiscard]] std::string_view TextOf(AclProblem problem);

}  // namespace tally::server
