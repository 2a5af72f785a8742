#include "server/acl_user.h"

#include <algorithm>
#include <utility>

#include "server/acl_password.h"
#include "server/words.h"
#include "storage/invariant.h"

namespace tally::server {

AclUser AclUser::Default(uint64_t id) {
  AclUser user("default", id, true);
  for (const std::string_view rule : {"on", "nopass", "allkeys", "allcommands"}) {
    const AclProblem problem = user.Apply(rule, true);
    TALLY_ASSERT(problem == AclProblem::kNone, "these rules can always be given");
  }
  return user;
}

bool AclUser::HasPassword(std::string_view password_hash) const {
  bool found = false;
  for (const std::string& password : passwords_) {
    found |= SamePasswordHash(password, password_hash);
  }
  return found;
}

AclProblem AclUser::Apply(std::string_view rule, bool all_channels) {
  const auto is = [rule](std::string_view word) { return EqualsIgnoreCase(rule, word); };
  if (rule.empty()) return AclProblem::kNone;
  const std::string_view rest = rule.substr(1);
  switch (rule.front()) {
    case '>':
      return AddPassword(PasswordHash(rest));
    case '#':
      return AddPassword(std::string(rest));
    case '<':
      return RemovePassword(PasswordHash(rest));
    case '!':
      return RemovePassword(rest);
    case '(':
      if (rule.ends_with(')')) return AddSelector(rest.substr(0, rest.size() - 1), all_channels);
      break;
    default:
      break;
  }
  if (is("on") || is("off")) {
    is_on_ = is("on");
  } else if (is("nopass") || is("resetpass")) {
    is_nopass_ = is("nopass");
    passwords_.clear();
  } else if (is("sanitize-payload")) {
    payload_ = Payload::kSanitized;
  } else if (is("skip-sanitize-payload")) {
    payload_ = Payload::kSkipped;
  } else if (is("clearselectors")) {
    selectors_.erase(selectors_.begin() + 1, selectors_.end());
  } else if (is("reset")) {
    Reset(all_channels);
  } else {
    return selectors_.front().Apply(rule);
  }
  return AclProblem::kNone;
}

void AclUser::Reset(bool all_channels) {
  *this = AclUser(std::move(name_), id_, all_channels);
  payload_ = Payload::kSanitized;
}

AclProblem AclUser::AddPassword(std::string hash) {
  if (!IsPasswordHash(hash)) return AclProblem::kBadHash;
  if (std::ranges::find(passwords_, hash) == passwords_.end()) {
    passwords_.push_back(std::move(hash));
  }
  is_nopass_ = false;
  return AclProblem::kNone;
}

AclProblem AclUser::RemovePassword(std::string_view hash) {
  if (!IsPasswordHash(hash)) return AclProblem::kBadHash;
  return std::erase(passwords_, hash) == 0 ? AclProblem::kNoSuchPassword : AclProblem::kNone;
}

AclProblem AclUser::AddSelector(std::string_view rules, bool all_channels) {
  AclSelector selector(all_channels);
  for (const std::string_view rule : Words(rules)) {
    if (const AclProblem problem = selector.Apply(rule); problem != AclProblem::kNone) {
      return problem;
    }
  }
  selectors_.push_back(std::move(selector));
  return AclProblem::kNone;
}

AclDenial AclUser::Check(const Command& command, std::span<const std::string_view> args) const {
  AclDenial most;
  for (const AclSelector& selector : selectors_) {
    const AclDenial denial = selector.Check(command, args);
    if (!denial) return {};
    const bool is_same = denial.reason == most.reason;
    if (denial.reason > most.reason || (is_same && denial.argument > most.argument)) most = denial;
  }
  return most;
}

bool AclUser::AllowsAllChannels() const {
  return std::ranges::any_of(selectors_, &AclSelector::all_channels);
}

bool AclUser::LosesChannels(const AclUser& before) const {
  if (AllowsAllChannels()) return false;
  if (before.AllowsAllChannels()) return true;
  const auto has = [this](const std::string& pattern) { return MayListen(pattern, true); };
  return !std::ranges::all_of(before.selectors_, [&](const AclSelector& selector) {
    return std::ranges::all_of(selector.channels(), has);
  });
}

bool AclUser::MayListen(std::string_view channel, bool is_pattern) const {
  return std::ranges::any_of(selectors_, [&](const AclSelector& selector) {
    return selector.MayUseChannel(channel, is_pattern);
  });
}

std::vector<std::string_view> AclUser::Flags() const {
  std::vector<std::string_view> flags{is_on_ ? "on" : "off"};
  if (is_nopass_) flags.emplace_back("nopass");
  if (payload_ == Payload::kSanitized) flags.emplace_back("sanitize-payload");
  if (payload_ == Payload::kSkipped) flags.emplace_back("skip-sanitize-payload");
  return flags;
}

std::string AclUser::Text() const {
  std::string text = "user " + name_;
  for (const std::string_view flag : Flags()) text.append(" ").append(flag);
  for (const std::string& password : passwords_) text.append(" #").append(password);
  text.append(" ").append(selectors_.front().Text());
  for (size_t i = 1; i < selectors_.size(); ++i) {
    text.append(" (").append(selectors_[i].Text()).append(")");
  }
  return text;
}

std::vector<std::string> JoinSelectors(std::span<const std::string_view> rules,
                                       std::string* unmatched) {
  std::vector<std::string> joined;
  bool is_open = false;
  for (const std::string_view rule : rules) {
    const bool opens = rule.starts_with('(') && !rule.ends_with(')');
    if (is_open && opens) {
      joined.pop_back();
      is_open = false;
    }
    if (is_open) {
      joined.back().append(" ").append(rule);
      is_open = !rule.ends_with(')');
    } else {
      joined.emplace_back(rule);
      is_open = opens;
    }
    if (opens) *unmatched = rule;
  }
  if (!is_open) unmatched->clear();
  return joined;
}

bool IsUserName(std::string_view name) { return !HasSpaceOrNul(name); }

}  // namespace tally::server
