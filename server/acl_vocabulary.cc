#include "server/acl_vocabulary.h"

#include <algorithm>

#include "server/acl_categories.h"
#include "server/command.h"
#include "server/words.h"
#include "storage/invariant.h"

namespace tally::server {
namespace {

// ASCII, without regard to case.
bool ComesBefore(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  };
  return std::ranges::lexicographical_compare(a, b, {}, lower, lower);
}

// "7.0.0" and what is older.
bool IsInRedis(const Command& command) {
  return command.since.starts_with("7.0") || command.since < "7";
}

}  // namespace

const AclVocabulary& AclVocabulary::Get() {
  static const AclVocabulary kVocabulary;
  return kVocabulary;
}

AclVocabulary::AclVocabulary() : words_(CommandCount()) {
  for (const Command& command : Commands()) {
    words_[command.id] = {
        .name = FullName(command), .categories = command.acl, .is_in_redis = IsInRedis(command)};
    for (const Command& subcommand : command.subcommands) {
      words_[subcommand.id] = {.name = FullName(subcommand),
                               .categories = subcommand.acl,
                               .is_subcommand = true,
                               .is_in_redis = IsInRedis(subcommand)};
      words_[command.id].subcommands.push_back(subcommand.id);
    }
  }
  for (const RedisCommandName& command : RedisCommandNames()) {
    if (FindCommandByName(command.name) == nullptr) AddRedisCommand(command);
  }
  for (uint32_t i = 0; i < size(); ++i) sorted_.push_back(i);
  std::ranges::sort(sorted_, ComesBefore, [this](uint32_t index) { return words_[index].name; });
}

void AclVocabulary::AddRedisCommand(const RedisCommandName& command) {
  Word word{.name = std::string(command.name)};
  for (const std::string_view category : Words(command.categories)) {
    word.categories |= FindAclCategory(category).value_or(0);
  }
  const size_t bar = command.name.find('|');
  if (bar != std::string_view::npos) {
    const auto container =
        std::ranges::find(words_, std::string(command.name.substr(0, bar)), &Word::name);
    TALLY_ASSERT(container != words_.end(), "a container is named before its subcommands");
    container->subcommands.push_back(size());
    word.is_subcommand = true;
  }
  words_.push_back(std::move(word));
}

std::optional<uint32_t> AclVocabulary::Find(std::string_view full_name) const {
  const auto name_of = [this](uint32_t index) -> std::string_view { return words_[index].name; };
  const auto found = std::ranges::lower_bound(sorted_, full_name, ComesBefore, name_of);
  if (found == sorted_.end() || !EqualsIgnoreCase(full_name, name_of(*found))) return std::nullopt;
  return *found;
}

}  // namespace tally::server
