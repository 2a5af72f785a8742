#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl_problem.h"
#include "server/acl_user.h"
#include "storage/thread_annotations.h"

namespace tally::server {

/// All users, by name. A user that is here never changes: a change puts another one into its place, and the
/// generation rises, which is how those who keep one learn of it.
///
/// "default" is always there. Thread: any.
class AclUsers {
 public:
  using UserPtr = std::shared_ptr<const AclUser>;
  static constexpr std::string_view kDefault = "default";

  AclUsers();

  /// Rises with each change; never 0.
  [[nodiscard]] uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  /// Null: there is none.
  [[nodiscard]] UserPtr Find(std::string_view name) const EXCLUDES(mutex_);
  /// By name.
  [[nodiscard]] std::vector<UserPtr> All() const EXCLUDES(mutex_);
  /// The user, if it is on and the password is right; else null.
  [[nodiscard]] UserPtr LogIn(std::string_view name, std::string_view password) const
      EXCLUDES(mutex_);

  struct Change {
    AclProblem problem = AclProblem::kNone;
    std::string rule;  ///< the one that `problem` is about
    UserPtr before;    ///< null: the user is new
    UserPtr after;
  };
  /// Makes the user, or changes it: by all of the rules, or by none. Selectors are whole (JoinSelectors).
  Change Set(std::string_view name, std::span<const std::string> rules) EXCLUDES(mutex_);
  /// The one that was removed; null: there was none. Not for "default".
  UserPtr Remove(std::string_view name) EXCLUDES(mutex_);
  /// All users are these, and "default" as it is at first unless it is among them. Those that went, all but
  /// "default".
  std::vector<UserPtr> Replace(std::vector<AclUser> users) EXCLUDES(mutex_);
  /// "default" has this password and no other; empty: it needs none.
  void SetDefaultPassword(std::string_view password) EXCLUDES(mutex_);
  /// A user that is in no list yet, allowed nothing.
  [[nodiscard]] AclUser NewUser(std::string_view name);

  /// Whether who does not log in may do nothing: "default" has a password, or is off.
  [[nodiscard]] bool asks_for_login() const {
    return asks_for_login_.load(std::memory_order_acquire);
  }
  /// Whether "default" is nopass.
  [[nodiscard]] bool default_is_open() const {
    return default_is_open_.load(std::memory_order_acquire);
  }

  /// acl-pubsub-default: what new users and selectors may do with channels.
  [[nodiscard]] bool all_channels() const { return all_channels_.load(std::memory_order_relaxed); }
  void set_all_channels(bool all) { all_channels_.store(all, std::memory_order_relaxed); }

 private:
  void Put(UserPtr user) REQUIRES(mutex_);
  void Changed() REQUIRES(mutex_);

  mutable storage::Mutex mutex_;
  std::map<std::string, UserPtr, std::less<>> users_ GUARDED_BY(mutex_);
  std::atomic<uint64_t> next_id_{1};
  std::atomic<uint64_t> generation_{0};
  std::atomic<bool> asks_for_login_{false};
  std::atomic<bool> default_is_open_{true};
  std::atomic<bool> all_channels_{false};
};

}  // namespace tally::server
