#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/command.h"

namespace tally::server {

/// Which commands may be run: one bit for each word of the AclVocabulary, and first arguments with which a command
/// that is not allowed is so nevertheless ("select|0", a form that Redis calls deprecated).
class AclCommandRights {
 public:
  AclCommandRights();

  void AllowAll();
  void DenyAll();
  /// With a container its subcommands. What was said of first arguments is over.
  void Set(uint32_t word, bool allowed);
  /// All commands of the category; `bit` is an AclCategory.
  void SetCategory(uint32_t bit, bool allowed);
  void AllowFirstArgument(uint32_t word, std::string_view argument);

  /// Every command, and those that are still to come.
  [[nodiscard]] bool allows_all() const { return allows_all_; }
  [[nodiscard]] bool Allows(const Command& command, std::span<const std::string_view> args) const;

  /// Rules that say the same, with spaces between: "+@all" or "-@all", then categories, as long as one of them fits
  /// better than it does harm, then single commands. Redis 7.0 chooses the same categories in the same order; single
  /// commands are sorted by name here.
  [[nodiscard]] std::string Text() const;

 private:
  void Change(uint32_t word, bool allowed);
  void ChangeCategory(uint32_t bit, bool allowed);
  void LookWhetherAll();

  std::vector<bool> allowed_;
  bool with_those_to_come_ = false;
  bool allows_all_ = false;
  std::map<uint32_t, std::vector<std::string>> first_arguments_;
};

}  // namespace tally::server
