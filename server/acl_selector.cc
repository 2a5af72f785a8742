#include "server/acl_selector.h"

#include <algorithm>
#include <optional>

#include "server/acl_categories.h"
#include "server/acl_vocabulary.h"
#include "server/command_keys.h"
#include "server/glob.h"
#include "server/words.h"

namespace tally::server {
namespace {

std::string_view Letters(bool read, bool write) {
  if (read && write) return "~";
  return read ? "%R~" : "%W~";
}

}  // namespace

AclProblem AclSelector::Apply(std::string_view rule) {
  const auto is = [rule](std::string_view word) { return EqualsIgnoreCase(rule, word); };
  if (is("allkeys") || is("~*")) {
    all_keys_ = true;
    keys_.clear();
  } else if (is("resetkeys")) {
    all_keys_ = false;
    keys_.clear();
  } else if (is("allchannels") || is("&*")) {
    all_channels_ = true;
    channels_.clear();
  } else if (is("resetchannels")) {
    all_channels_ = false;
    channels_.clear();
  } else if (is("allcommands") || is("+@all")) {
    commands_.AllowAll();
  } else if (is("nocommands") || is("-@all")) {
    commands_.DenyAll();
  } else if (rule.starts_with('~') || rule.starts_with('%')) {
    return ApplyKeyPattern(rule);
  } else if (rule.starts_with('&')) {
    return ApplyChannel(rule.substr(1));
  } else if (rule.starts_with('+') || rule.starts_with('-')) {
    return ApplyCommand(rule);
  } else {
    return AclProblem::kSyntax;
  }
  return AclProblem::kNone;
}

AclProblem AclSelector::ApplyKeyPattern(std::string_view rule) {
  if (all_keys_) return AclProblem::kPatternBesideAllKeys;
  KeyPattern pattern{.glob = {}, .read = true, .write = true};
  size_t begin = 1;
  if (rule.starts_with('%')) {
    pattern.read = pattern.write = false;
    for (; begin < rule.size() && rule[begin] != '~'; ++begin) {
      const bool is_read = EqualsIgnoreCase(rule.substr(begin, 1), "R");
      if (!is_read && !EqualsIgnoreCase(rule.substr(begin, 1), "W")) return AclProblem::kSyntax;
      bool& permission = is_read ? pattern.read : pattern.write;
      if (permission) return AclProblem::kSyntax;
      permission = true;
    }
    if (!pattern.read && !pattern.write) return AclProblem::kSyntax;
    begin = std::min(begin + 1, rule.size());
  }
  pattern.glob = rule.substr(begin);
  if (HasSpaceOrNul(pattern.glob)) return AclProblem::kSyntax;
  const auto known = std::ranges::find(keys_, pattern.glob, &KeyPattern::glob);
  if (known == keys_.end()) {
    keys_.push_back(std::move(pattern));
  } else {
    known->read |= pattern.read;
    known->write |= pattern.write;
  }
  return AclProblem::kNone;
}

AclProblem AclSelector::ApplyChannel(std::string_view pattern) {
  if (all_channels_) return AclProblem::kPatternBesideAllChannels;
  if (HasSpaceOrNul(pattern)) return AclProblem::kSyntax;
  if (std::ranges::find(channels_, pattern) == channels_.end()) channels_.emplace_back(pattern);
  return AclProblem::kNone;
}

AclProblem AclSelector::ApplyCommand(std::string_view rule) {
  const bool allowed = rule.front() == '+';
  const std::string_view name = rule.substr(1);
  if (name.starts_with('@')) {
    const std::optional<uint32_t> category = FindAclCategory(name.substr(1));
    if (!category) return AclProblem::kUnknownName;
    commands_.SetCategory(*category, allowed);
    return AclProblem::kNone;
  }
  if (const size_t bar = name.rfind('|'); allowed && bar != std::string_view::npos) {
    return AllowWithArgument(name.substr(0, bar), name.substr(bar + 1));
  }
  const std::optional<uint32_t> word = AclVocabulary::Get().Find(name);
  if (!word) return AclProblem::kUnknownName;
  commands_.Set(*word, allowed);
  return AclProblem::kNone;
}

AclProblem AclSelector::AllowWithArgument(std::string_view command, std::string_view argument) {
  const AclVocabulary& vocabulary = AclVocabulary::Get();
  const std::optional<uint32_t> word = vocabulary.Find(command);
  if (!word) return AclProblem::kUnknownName;
  if (vocabulary.word(*word).is_subcommand) return AclProblem::kFirstArgumentOfSubcommand;
  // What is told of the user shall stay one line, and one word.
  if (argument.empty() || HasSpaceOrNul(argument)) return AclProblem::kSyntax;
  if (vocabulary.word(*word).subcommands.empty()) {
    commands_.AllowFirstArgument(*word, argument);
    return AclProblem::kNone;
  }
  const std::string full_name = std::string(command) + "|" + std::string(argument);
  const std::optional<uint32_t> subcommand = vocabulary.Find(full_name);
  if (!subcommand) return AclProblem::kUnknownName;
  commands_.Set(*subcommand, true);
  return AclProblem::kNone;
}

AclDenial AclSelector::Check(const Command& command, std::span<const std::string_view> args) const {
  using Reason = AclDenial::Reason;
  if (!commands_.Allows(command, args)) return {Reason::kCommand, 0};
  if (!all_keys_ && NamesObjects(command.keys)) {
    const size_t argument = FirstForbiddenKey(command, args);
    if (argument != 0) return {Reason::kKey, argument};
  }
  if (!all_channels_ && command.channels != ChannelUse::kNone) {
    const size_t argument = FirstForbiddenChannel(command, args);
    if (argument != 0) return {Reason::kChannel, argument};
  }
  return {};
}

// 0: there is none.
size_t AclSelector::FirstForbiddenKey(const Command& command,
                                      std::span<const std::string_view> args) const {
  const size_t count = KeysOf(command, args).size();
  for (size_t i = 0; i < count; ++i) {
    const size_t argument = KeyArgument(command.keys, i);
    if (!MayUseKey(args[argument], AccessFlags(command, args, i))) return argument;
  }
  return 0;
}

// 0: there is none.
size_t AclSelector::FirstForbiddenChannel(const Command& command,
                                          std::span<const std::string_view> args) const {
  const size_t end = command.channels == ChannelUse::kPublish ? 2 : args.size();
  const bool are_patterns = command.channels == ChannelUse::kSubscribePattern;
  for (size_t i = 1; i < end; ++i) {
    if (!MayUseChannel(args[i], are_patterns)) return i;
  }
  return 0;
}

// A command that neither reads the value nor changes it (EXISTS) may name whatever some pattern fits.
bool AclSelector::MayUseKey(std::string_view key, std::string_view access) const {
  bool reads = false;
  bool writes = false;
  for (const std::string_view word : Words(access)) {
    reads |= word == "access";
    writes |= word == "insert" || word == "update" || word == "delete";
  }
  return std::ranges::any_of(keys_, [&](const KeyPattern& pattern) {
    return (pattern.read || !reads) && (pattern.write || !writes) &&
           GlobMatch(pattern.glob, key, false);
  });
}

bool AclSelector::MayUseChannel(std::string_view channel, bool is_pattern) const {
  return all_channels_ || std::ranges::any_of(channels_, [&](const std::string& pattern) {
           return is_pattern ? pattern == channel : GlobMatch(pattern, channel, false);
         });
}

std::string AclSelector::KeysText() const {
  if (all_keys_) return "~*";
  std::string text;
  for (const KeyPattern& pattern : keys_) {
    if (!text.empty()) text += ' ';
    text.append(Letters(pattern.read, pattern.write)).append(pattern.glob);
  }
  return text;
}

std::string AclSelector::ChannelsText() const {
  if (all_channels_) return "&*";
  std::string text;
  for (const std::string& pattern : channels_) {
    if (!text.empty()) text += ' ';
    text.append("&").append(pattern);
  }
  return text;
}

std::string AclSelector::Text() const {
  std::string text = KeysText();
  if (!text.empty()) text += ' ';
  if (!all_channels_) text += "resetchannels ";
  if (const std::string channels = ChannelsText(); !channels.empty()) {
    text.append(channels).append(" ");
  }
  return text + commands_.Text();
}

}  // namespace tally::server
