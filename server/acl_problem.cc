#include "server/acl_problem.h"

namespace tally::server {

std::string_view TextOf(AclProblem problem) {
  switch (problem) {
    case AclProblem::kNone:
      return {};
    case AclProblem::kUnknownName:
      return "Unknown command or category name in ACL";
    case AclProblem::kSyntax:
      return "Syntax error";
    case AclProblem::kPatternBesideAllKeys:
      return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
             "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case AclProblem::kPatternBesideAllChannels:
      return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
             "does not have any effect. Try 'resetchannels' to start with an empty list of "
             "channels";
    case AclProblem::kNoSuchPassword:
      return "The password you are trying to remove from the user does not exist";
    case AclProblem::kBadHash:
      return "The password hash must be exactly 64 characters and contain only lowercase "
             "hexadecimal characters";
    case AclProblem::kFirstArgumentOfSubcommand:
      return "Allowing first-arg of a subcommand is not supported";
  }
  return {};
}

}  // namespace tally::server
