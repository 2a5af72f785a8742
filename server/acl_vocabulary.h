#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tally::server {

/// A command that Redis 7.0 has.
struct RedisCommandName {
  std::string_view name;        ///< full: "zadd", "xgroup|create"
  std::string_view categories;  ///< names, with spaces between
};

/// Of Redis 7.0's commands those that the command table lacked when this list was made, sorted by name.
[[nodiscard]] std::span<const RedisCommandName> RedisCommandNames();

/// The commands that rules of ACLs may name: all rows of the command table, and what else Redis 7.0 has. So rules
/// that were written for Redis are understood and told back as Redis does, and what they say of a command counts
/// from the day on which it comes.
///
/// Built once; read-only after.
class AclVocabulary {
 public:
  struct Word {
    std::string name;  ///< full
    uint32_t categories = 0;
    std::vector<uint32_t> subcommands = {};
    bool is_subcommand = false;
    /// Redis 7.0 has it, too: where categories are weighed, only these count, so that the outcome is Redis's.
    bool is_in_redis = true;
  };

  [[nodiscard]] static const AclVocabulary& Get();

  [[nodiscard]] uint32_t size() const { return static_cast<uint32_t>(words_.size()); }
  /// A row of the command table has its `Command::id` here.
  [[nodiscard]] const Word& word(uint32_t index) const { return words_[index]; }
  /// By full name in any case.
  [[nodiscard]] std::optional<uint32_t> Find(std::string_view full_name) const;
  /// All of them by name, so that a container stands in front of its subcommands.
  [[nodiscard]] std::span<const uint32_t> sorted() const { return sorted_; }

 private:
  AclVocabulary();
  void AddRedisCommand(const RedisCommandName& command);

  std::vector<Word> words_;
  std::vector<uint32_t> sorted_;
};

}  // namespace tally::server
