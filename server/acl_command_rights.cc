#include "server/acl_command_rights.h"

#include <algorithm>
#include <set>

#include "server/acl_categories.h"
#include "server/acl_vocabulary.h"

namespace tally::server {

AclCommandRights::AclCommandRights() : allowed_(AclVocabulary::Get().size(), false) {}

void AclCommandRights::AllowAll() {
  allowed_.assign(allowed_.size(), true);
  first_arguments_.clear();
  with_those_to_come_ = allows_all_ = true;
}

void AclCommandRights::DenyAll() {
  allowed_.assign(allowed_.size(), false);
  first_arguments_.clear();
  with_those_to_come_ = allows_all_ = false;
}

void AclCommandRights::LookWhetherAll() {
  allows_all_ =
      with_those_to_come_ && std::find(allowed_.begin(), allowed_.end(), false) == allowed_.end();
}

void AclCommandRights::Change(uint32_t word, bool allowed) {
  allowed_[word] = allowed;
  first_arguments_.erase(word);
  for (const uint32_t subcommand : AclVocabulary::Get().word(word).subcommands) {
    allowed_[subcommand] = allowed;
  }
}

void AclCommandRights::ChangeCategory(uint32_t bit, bool allowed) {
  const AclVocabulary& vocabulary = AclVocabulary::Get();
  for (uint32_t word = 0; word < vocabulary.size(); ++word) {
    if ((vocabulary.word(word).categories & bit) != 0) Change(word, allowed);
  }
}

void AclCommandRights::Set(uint32_t word, bool allowed) {
  Change(word, allowed);
  LookWhetherAll();
}

void AclCommandRights::SetCategory(uint32_t bit, bool allowed) {
  ChangeCategory(bit, allowed);
  LookWhetherAll();
}

void AclCommandRights::AllowFirstArgument(uint32_t word, std::string_view argument) {
  std::vector<std::string>& arguments = first_arguments_[word];
  const bool is_known = std::ranges::any_of(arguments, [argument](const std::string& known) {
    return EqualsIgnoreCase(argument, known);
  });
  if (!is_known) arguments.emplace_back(argument);
}

bool AclCommandRights::Allows(const Command& command,
                              std::span<const std::string_view> args) const {
  if ((command.flags & kNoAuth) != 0 || allowed_[command.id]) return true;
  const auto found = first_arguments_.find(command.id);
  if (found == first_arguments_.end() || args.size() < 2) return false;
  return std::ranges::any_of(found->second, [&](const std::string& argument) {
    return EqualsIgnoreCase(args[1], argument);
  });
}

std::string AclCommandRights::Text() const {
  const AclVocabulary& vocabulary = AclVocabulary::Get();
  const bool adds = !with_those_to_come_;
  std::string text = adds ? "-@all" : "+@all";
  AclCommandRights told;  // what the text says so far
  if (!adds) told.AllowAll();

  // Takes off `rest` what is told, so that categories which overlap are not chosen for the same commands.
  AclCommandRights rest = *this;
  std::set<uint32_t> chosen;
  while (true) {
    const AclCategoryBit* best = nullptr;
    size_t least_wrong = 0;
    size_t most_right = 0;
    for (const AclCategoryBit& category : AclCategories()) {
      if (chosen.contains(category.bit)) continue;
      size_t right = 0;
      size_t wrong = 0;
      for (uint32_t word = 0; word < vocabulary.size(); ++word) {
        const AclVocabulary::Word& known = vocabulary.word(word);
        if ((known.categories & category.bit) == 0 || !known.is_in_redis) continue;
        ++(rest.allowed_[word] == adds ? right : wrong);
      }
      const bool is_better =
          best == nullptr || wrong < least_wrong || (wrong == least_wrong && right > most_right);
      if (right <= wrong || !is_better) continue;
      best = &category;
      least_wrong = wrong;
      most_right = right;
    }
    if (best == nullptr) break;
    chosen.insert(best->bit);
    told.ChangeCategory(best->bit, adds);
    rest.ChangeCategory(best->bit, !adds);
    text.append(adds ? " +@" : " -@").append(best->name);
  }

  for (const uint32_t word : vocabulary.sorted()) {
    const std::string& name = vocabulary.word(word).name;
    if (told.allowed_[word] != allowed_[word]) {
      text.append(allowed_[word] ? " +" : " -").append(name);
      told.Change(word, allowed_[word]);
    }
    const auto found = first_arguments_.find(word);
    if (allowed_[word] || found == first_arguments_.end()) continue;
    for (const std::string& argument : found->second) {
      text.append(" +").append(name).append("|").append(argument);
    }
  }
  return text;
}

}  // namespace tally::server
