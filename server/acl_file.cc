#include "server/acl_file.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "server/acl_problem.h"
#include "server/config_file.h"
#include "server/words.h"
#include "storage/durable_file.h"

namespace tally::server {
namespace {

// At each single space, so that two of them have an empty word between.
std::vector<std::string_view> SplitAtSpaces(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    if (end == line.size()) return words;
    line.remove_prefix(end + 1);
  }
}

std::string_view Trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r\n";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  return line.substr(0, line.find_last_not_of(kBlanks) + 1);
}

// Of a line's rules all names that are unknown are told, and of what else is wrong the first.
std::string ApplyRules(std::span<const std::string> rules, std::string_view place,
                       bool all_channels, AclUser* user) {
  std::string problems;
  bool is_told = false;
  for (const std::string& rule : rules) {
    const AclProblem problem = user->Apply(rule, all_channels);
    if (problem == AclProblem::kNone) continue;
    if (problem == AclProblem::kUnknownName) {
      problems +=
          fmt::format("{}: Error in applying operation '{}': {}. ", place, rule, TextOf(problem));
    } else if (!std::exchange(is_told, true)) {
      problems += fmt::format("{}: {}. ", place, TextOf(problem));
    }
  }
  return problems;
}

}  // namespace

AclFileUsers ParseAclFile(std::string_view text, std::string_view path, AclUsers* registry) {
  AclFileUsers result;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), whole.size() + 1));
    const std::string_view line = Trimmed(whole);
    if (line.empty()) continue;
    const std::string place = fmt::format("{}:{}", path, number);
    const std::vector<std::string_view> words = SplitAtSpaces(line);
    if (words[0] != "user" || words.size() < 2) {
      result.problem += place + " should start with user keyword followed by the username. ";
      continue;
    }
    if (!IsUserName(words[1])) {
      result.problem +=
          fmt::format("{}: username '{}' contains invalid characters. ", place, words[1]);
      continue;
    }
    if (std::ranges::find(result.users, words[1], &AclUser::name) != result.users.end()) {
      result.problem +=
          fmt::format("WARNING: Duplicate user '{}' found on line {}. ", words[1], number);
      continue;
    }
    std::string unmatched;
    const std::vector<std::string> rules = JoinSelectors(std::span(words).subspan(2), &unmatched);
    if (!unmatched.empty()) {
      result.problem += place + ": Unmatched parenthesis in selector definition.";
      continue;
    }
    AclUser user = registry->NewUser(words[1]);
    result.problem += ApplyRules(rules, place, registry->all_channels(), &user);
    result.users.push_back(std::move(user));
  }
  if (!result.problem.empty()) {
    result.problem +=
        "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
  }
  return result;
}

std::string LoadAclFile(const std::string& path, AclUsers* registry,
                        std::vector<AclUsers::UserPtr>* gone) {
  std::string text;
  if (const std::string problem = ReadConfigText(path, &text); !problem.empty()) {
    return "Error loading ACLs, opening file '" + path + "'" + problem.substr(path.size());
  }
  AclFileUsers file = ParseAclFile(text, path, registry);
  if (!file.problem.empty()) return std::move(file.problem);
  *gone = registry->Replace(std::move(file.users));
  return {};
}

std::string SaveAclFile(const std::string& path, const AclUsers& registry) {
  std::string text;
  for (const AclUsers::UserPtr& user : registry.All()) text.append(user->Text()).append("\n");
  return storage::WriteFileDurably(path, text).message();
}

std::string DeclareUser(std::string_view declaration, AclUsers* registry) {
  const std::vector<std::string_view> words = Words(declaration);
  if (words.empty()) return "a user needs a name";
  std::string unmatched;
  std::vector<std::string> rules = JoinSelectors(std::span(words).subspan(1), &unmatched);
  if (!unmatched.empty()) return "the parenthesis of '" + unmatched + "' is not closed";
  if (words.front() == AclUsers::kDefault) rules.insert(rules.begin(), "reset");
  const AclUsers::Change change = registry->Set(words.front(), rules);
  if (change.problem == AclProblem::kNone) return {};
  return fmt::format("'{}': {}", change.rule, TextOf(change.problem));
}

}  // namespace tally::server
