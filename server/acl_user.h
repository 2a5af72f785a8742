#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl_problem.h"
#include "server/acl_selector.h"

namespace tally::server {

/// A user as of a moment: how it proves who it is, and what it may do. Once shared it is not changed any more.
class AclUser {
 public:
  /// Off, without a password, and allowed nothing. `id`: of this user, not of one that had the name before or will.
  AclUser(std::string name, uint64_t id, bool all_channels)
      : name_(std::move(name)), id_(id), selectors_{AclSelector(all_channels)} {}

  /// The user that everybody is who does not log in, as it is at first: it may do everything, without a password.
  [[nodiscard]] static AclUser Default(uint64_t id);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] uint64_t id() const { return id_; }
  [[nodiscard]] bool is_on() const { return is_on_; }
  /// Any password is right.
  [[nodiscard]] bool is_nopass() const { return is_nopass_; }
  /// SHA-256, in hexadecimal.
  [[nodiscard]] const std::vector<std::string>& passwords() const { return passwords_; }
  [[nodiscard]] bool HasPassword(std::string_view password_hash) const;

  /// One rule of ACL SETUSER; a selector in parentheses is one. `all_channels`: of new selectors, and after "reset".
  [[nodiscard]] AclProblem Apply(std::string_view rule, bool all_channels);

  /// What is asked for on each request of who may not do everything. The arity fits.
  [[nodiscard]] AclDenial Check(const Command& command,
                                std::span<const std::string_view> args) const;
  [[nodiscard]] bool may_do_everything() const { return selectors_.front().allows_everything(); }

  /// Whether `before` could listen to something that this one cannot.
  [[nodiscard]] bool LosesChannels(const AclUser& before) const;
  [[nodiscard]] bool MayListen(std::string_view channel, bool is_pattern) const;

  /// The first one is that of rules without parentheses.
  [[nodiscard]] const std::vector<AclSelector>& selectors() const { return selectors_; }
  /// "on", "nopass" …
  [[nodiscard]] std::vector<std::string_view> Flags() const;
  /// "user NAME" and rules that make this user out of a new one.
  [[nodiscard]] std::string Text() const;

 private:
  // Redis tells of neither unless it was said. Objects that RESTORE makes are checked here in any case.
  enum class Payload : uint8_t { kUnsaid, kSanitized, kSkipped };

  void Reset(bool all_channels);
  AclProblem AddPassword(std::string hash);
  AclProblem RemovePassword(std::string_view hash);
  AclProblem AddSelector(std::string_view rules, bool all_channels);
  [[nodiscard]] bool AllowsAllChannels() const;

  std::string name_;
  uint64_t id_;
  bool is_on_ = false;
  bool is_nopass_ = false;
  Payload payload_ = Payload::kUnsaid;
  std::vector<std::string> passwords_;
  std::vector<AclSelector> selectors_;
};

/// The rules with those joined again that are one selector, cut at its spaces: "(+get", "~x)". One that opens another
/// before that is closed begins anew, as in Redis. `*unmatched`: the one that opens a selector which nothing closes;
/// empty: none.
[[nodiscard]] std::vector<std::string> JoinSelectors(std::span<const std::string_view> rules,
                                                     std::string* unmatched);

/// Whether a user may have this name.
[[nodiscard]] bool IsUserName(std::string_view name);

}  // namespace tally::server
