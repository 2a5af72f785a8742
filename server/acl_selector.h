#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl_command_rights.h"
#include "server/acl_problem.h"
#include "server/command.h"

namespace tally::server {

/// Why a request may not be made. Ordered: of several selectors' reasons the last in this order is told.
struct AclDenial {
  enum class Reason : uint8_t { kNone, kCommand, kKey, kChannel };
  Reason reason = Reason::kNone;
  size_t argument = 0;  ///< of kKey and kChannel: which of the request's arguments it is about

  explicit operator bool() const { return reason != Reason::kNone; }
};

/// Commands together with the keys and channels that they may be about. A user may do what one of its selectors
/// allows as a whole.
class AclSelector {
 public:
  /// Nothing is allowed, but all channels if so wanted (acl-pubsub-default).
  explicit AclSelector(bool all_channels) : all_channels_(all_channels) {}

  /// One rule: +get -@write ~key* %R~key &channel allkeys … After a problem it is as it was.
  [[nodiscard]] AclProblem Apply(std::string_view rule);

  [[nodiscard]] AclDenial Check(const Command& command,
                                std::span<const std::string_view> args) const;
  /// Of a pattern it cannot be told what it will fit: it has to be one of those given.
  [[nodiscard]] bool MayUseChannel(std::string_view channel, bool is_pattern) const;
  /// Nothing has to be looked at.
  [[nodiscard]] bool allows_everything() const {
    return all_keys_ && all_channels_ && commands_.allows_all();
  }

  [[nodiscard]] bool all_channels() const { return all_channels_; }
  [[nodiscard]] const std::vector<std::string>& channels() const { return channels_; }

  // In the form of rules.
  [[nodiscard]] std::string CommandsText() const { return commands_.Text(); }
  [[nodiscard]] std::string KeysText() const;
  [[nodiscard]] std::string ChannelsText() const;
  /// All three, as ACL LIST and files have them.
  [[nodiscard]] std::string Text() const;

 private:
  struct KeyPattern {
    std::string glob;
    bool read;
    bool write;
  };

  AclProblem ApplyKeyPattern(std::string_view rule);
  AclProblem ApplyChannel(std::string_view pattern);
  AclProblem ApplyCommand(std::string_view rule);
  AclProblem AllowWithArgument(std::string_view command, std::string_view argument);
  [[nodiscard]] bool MayUseKey(std::string_view key, std::string_view access) const;
  [[nodiscard]] size_t FirstForbiddenKey(const Command& command,
                                         std::span<const std::string_view> args) const;
  [[nodiscard]] size_t FirstForbiddenChannel(const Command& command,
                                             std::span<const std::string_view> args) const;

  AclCommandRights commands_;
  bool all_keys_ = false;
  bool all_channels_;
  std::vector<KeyPattern> keys_;
  std::vector<std::string> channels_;
};

}  // namespace tally::server
