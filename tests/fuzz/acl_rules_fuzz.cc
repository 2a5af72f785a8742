// Rules of ACL SETUSER: any text is taken or refused; what a user's description says makes the same user again, one that
// may do the same.

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl_file.h"
#include "server/acl_user.h"
#include "server/acl_users.h"
#include "server/command.h"
#include "server/words.h"
#include "tests/fuzz/fuzz_target.h"

namespace tally::server {
namespace {

constexpr std::array<std::array<std::string_view, 3>, 8> kRequests{{
    {"GET", "a", ""},
    {"SET", "a", "b"},
    {"INCR", "a", ""},
    {"RENAME", "a", "b"},
    {"PUBLISH", "a", "b"},
    {"PSUBSCRIBE", "a*", ""},
    {"CLIENT", "ID", ""},
    {"SELECT", "0", ""},
}};

// Which of the requests the user may make, and what stands in the way of the others.
std::string AnswersTo(const AclUser& user) {
  std::string answers;
  for (const auto& words : kRequests) {
    const std::span<const std::string_view> args(words.data(), words[2].empty() ? 2 : 3);
    bool unknown_subcommand = false;
    const Command* const command = FindCommand(args, &unknown_subcommand);
    const AclDenial denial = user.Check(*command, args);
    answers += std::to_string(static_cast<int>(denial.reason)) + std::to_string(denial.argument);
    answers += ' ';
  }
  return answers;
}

// As in Redis, the text of some users is not that of another: a parenthesis in a pattern of a selector ends that too
// early, and the pattern * of two rules, one to read and one to write, is told as allkeys is.
bool CanBeReadBack(const AclUser& user) {
  for (size_t i = 0; i < user.selectors().size(); ++i) {
    const AclSelector& selector = user.selectors()[i];
    const std::string keys = " " + selector.KeysText() + " ";
    if (keys != " ~* " && keys.find(" ~* ") != std::string::npos) return false;
    if (i > 0 && selector.Text().find(')') != std::string::npos) return false;
  }
  return true;
}

void Check(std::string_view text) {
  AclUsers registry;
  AclUser user = registry.NewUser("joe");
  const std::vector<std::string_view> words = Words(text);
  std::string unmatched;
  for (const std::string& rule : JoinSelectors(words, &unmatched)) {
    const std::string before = user.Text();
    const AclProblem problem = user.Apply(rule, false);
    if (problem == AclProblem::kNone) continue;
    fuzz::RequireEqual(user.Text(), before, "a rule that is refused changes nothing");
    fuzz::Require(!TextOf(problem).empty(), "a problem has words");
  }
  const std::string described = user.Text();
  fuzz::Require(described.find('\n') == std::string::npos, "a description is one line", described);
  if (!CanBeReadBack(user)) return;
  const AclFileUsers file = ParseAclFile(described + "\n", "file", &registry);
  fuzz::RequireEqual(file.problem, "", "a description can be read");
  fuzz::Require(file.users.size() == 1, "it is of one user");
  fuzz::RequireEqual(file.users.front().Text(), described, "it describes the same");
  fuzz::RequireEqual(AnswersTo(file.users.front()), AnswersTo(user), "who may do the same");
}

}  // namespace
}  // namespace tally::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tally::server::Check(text);
  // A file of any lines is read, or refused with reasons.
  tally::server::AclUsers registry;
  static_cast<void>(tally::server::ParseAclFile(text, "file", &registry));
  return 0;
}
