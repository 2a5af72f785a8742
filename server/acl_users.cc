#include "server/acl_users.h"

#include <array>
#include <utility>

#include "server/acl_password.h"

namespace tally::server {

AclUsers::AclUsers() {
  const storage::MutexLock lock(mutex_);
  Put(std::make_shared<const AclUser>(AclUser::Default(next_id_++)));
}

void AclUsers::Put(UserPtr user) {
  const std::string name = user->name();
  users_.insert_or_assign(name, std::move(user));
  Changed();
}

void AclUsers::Changed() {
  const AclUser& user = *users_.find(kDefault)->second;
  default_is_open_.store(user.is_nopass(), std::memory_order_release);
  asks_for_login_.store(!user.is_nopass() || !user.is_on(), std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_acq_rel);
}

AclUsers::UserPtr AclUsers::Find(std::string_view name) const {
  const storage::MutexLock lock(mutex_);
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second;
}

std::vector<AclUsers::UserPtr> AclUsers::All() const {
  const storage::MutexLock lock(mutex_);
  std::vector<UserPtr> all;
  for (const auto& [name, user] : users_) all.push_back(user);
  return all;
}

// The hash is made in any case, so that the time does not tell which users there are.
AclUsers::UserPtr AclUsers::LogIn(std::string_view name, std::string_view password) const {
  const std::string hash = PasswordHash(password);
  UserPtr user = Find(name);
  if (user == nullptr || !user->is_on()) return nullptr;
  return user->is_nopass() || user->HasPassword(hash) ? user : nullptr;
}

AclUser AclUsers::NewUser(std::string_view name) {
  return {std::string(name), next_id_++, all_channels()};
}

AclUsers::Change AclUsers::Set(std::string_view name, std::span<const std::string> rules) {
  const storage::MutexLock lock(mutex_);
  Change change;
  const auto found = users_.find(name);
  if (found != users_.end()) change.before = found->second;
  AclUser user = change.before == nullptr ? NewUser(name) : *change.before;
  for (const std::string& rule : rules) {
    change.problem = user.Apply(rule, all_channels());
    if (change.problem == AclProblem::kNone) continue;
    change.rule = rule;
    return change;
  }
  change.after = std::make_shared<const AclUser>(std::move(user));
  Put(change.after);
  return change;
}

AclUsers::UserPtr AclUsers::Remove(std::string_view name) {
  const storage::MutexLock lock(mutex_);
  const auto found = users_.find(name);
  if (found == users_.end() || name == kDefault) return nullptr;
  UserPtr removed = found->second;
  users_.erase(found);
  Changed();
  return removed;
}

std::vector<AclUsers::UserPtr> AclUsers::Replace(std::vector<AclUser> users) {
  const storage::MutexLock lock(mutex_);
  std::vector<UserPtr> gone;
  for (const auto& [name, user] : users_) {
    if (name != kDefault) gone.push_back(user);
  }
  users_.clear();
  users_.emplace(kDefault, std::make_shared<const AclUser>(AclUser::Default(next_id_++)));
  for (AclUser& user : users) {
    const std::string name = user.name();
    users_.insert_or_assign(name, std::make_shared<const AclUser>(std::move(user)));
  }
  Changed();
  return gone;
}

void AclUsers::SetDefaultPassword(std::string_view password) {
  const std::string rule = password.empty() ? "nopass" : ">" + std::string(password);
  static_cast<void>(Set(kDefault, std::array<std::string, 2>{"resetpass", rule}));
}

}  // namespace tally::server
