#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "server/command.h"
#include "server/command_families.h"
#include "storage/invariant.h"

namespace tally::server {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// A hash that does not tell upper from lower case (nor '@' from '`': FoldedEqual does). The names in
// the table are few and ours, so it needs no seed.
struct FoldedHash {
  using is_avalanching = void;

  static uint64_t Load(const char* bytes, size_t size) {
    uint64_t word = 0;
    for (size_t i = 0; i < size; ++i) word = word << 8 | static_cast<unsigned char>(bytes[i]);
    return word;
  }
  static uint64_t LoadEight(const char* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
  }
  size_t operator()(std::string_view name) const {
    constexpr uint64_t kCaseBits = 0x2020202020202020;
    constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
    const size_t size = name.size();
    const bool is_long = size >= sizeof(uint64_t);
    const uint64_t head = is_long ? LoadEight(name.data()) : Load(name.data(), size);
    const uint64_t tail = is_long ? LoadEight(name.data() + size - sizeof(uint64_t)) : 0;
    uint64_t hash = ((head | kCaseBits) ^ size) * kMultiplier;
    hash = (hash ^ (hash >> 32) ^ (tail | kCaseBits)) * kMultiplier;
    return hash ^ (hash >> 32);
  }
};

struct FoldedEqual {
  bool operator()(std::string_view a, std::string_view b) const { return EqualsIgnoreCase(a, b); }
};

uint32_t CategoriesOfFlags(uint32_t flags) {
  uint32_t acl = (flags & kFast) != 0 ? kAclFast : kAclSlow;
  if ((flags & kWrite) != 0) acl |= kAclWrite;
  if ((flags & kReadonly) != 0) acl |= kAclRead;
  if ((flags & kPubSub) != 0) acl |= kAclPubSub;
  if ((flags & kAdmin) != 0) acl |= kAclAdmin | kAclDangerous;
  return acl;
}

class CommandTable {
 public:
  static const CommandTable& Get() {
    static const CommandTable kTable;
    return kTable;
  }

  std::span<const Command> commands() const { return commands_; }
  uint32_t count() const { return count_; }

  const Command* Find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }
  static const Command* FindSubcommand(const Command& container, std::string_view name) {
    for (const Command& subcommand : container.subcommands) {
      if (EqualsIgnoreCase(name, subcommand.name)) return &subcommand;
    }
    return nullptr;
  }

 private:
  CommandTable() {
    for (const std::span<const Command> family :
         {AclCommands(),         BitCommands(),     BitFieldCommands(), BoundedCounterCommands(),
          ClientCommands(),      ClusterCommands(), CommandCommands(),  ConfigCommands(),
          ConnectionCommands(),  CounterCommands(), DatabaseCommands(), DebugCommands(),
          DumpCommands(),        ExpireCommands(),  FunctionCommands(), InfoCommands(),
          InspectCommands(),     KeyCommands(),     LatencyCommands(),  LolWutCommands(),
          MemoryCommands(),      MessageCommands(), ModuleCommands(),   MonitorCommands(),
          MultiStringCommands(), ObjectCommands(),  RangeCommands(),    ReplicationCommands(),
          ServerCommands(),      SlowLogCommands(), StringCommands(),   TransactionCommands(),
          TransferCommands(),    WalkCommands()}) {
      commands_.insert(commands_.end(), family.begin(), family.end());
    }
    std::ranges::sort(commands_, {}, &Command::name);
    for (Command& command : commands_) Finish(&command);
    for (const Command& command : commands_) {
      const bool is_new = by_name_.emplace(command.name, &command).second;
      TALLY_ASSERT(is_new, "two commands of one name");
    }
  }

  void Finish(Command* command) {
    command->id = count_++;
    command->acl |= CategoriesOfFlags(command->flags);
    if (command->subcommands.empty()) return;
    std::vector<Command>& subcommands =
        subcommands_.emplace_back(command->subcommands.begin(), command->subcommands.end());
    for (Command& subcommand : subcommands) {
      subcommand.parent = command->name;
      Finish(&subcommand);
    }
    command->subcommands = subcommands;
  }

  std::vector<Command> commands_;
  std::vector<std::vector<Command>> subcommands_;
  boost::unordered_flat_map<std::string_view, const Command*, FoldedHash, FoldedEqual> by_name_;
  uint32_t count_ = 0;
};

}  // namespace

std::span<const Command> Commands() { return CommandTable::Get().commands(); }

uint32_t CommandCount() { return CommandTable::Get().count(); }

const Command* FindCommand(std::span<const std::string_view> args, bool* unknown_subcommand) {
  *unknown_subcommand = false;
  if (args.empty()) return nullptr;
  const Command* command = CommandTable::Get().Find(args[0]);
  if (command == nullptr || command->subcommands.empty() || args.size() == 1) return command;
  command = CommandTable::FindSubcommand(*command, args[1]);
  *unknown_subcommand = command == nullptr;
  return command;
}

const Command* FindCommandByName(std::string_view full_name) {
  const size_t bar = full_name.find('|');
  const Command* command = CommandTable::Get().Find(full_name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  return CommandTable::FindSubcommand(*command, full_name.substr(bar + 1));
}

std::string FullName(const Command& command) {
  if (command.parent.empty()) return std::string(command.name);
  std::string name(command.parent);
  name += '|';
  name += command.name;
  return name;
}

bool EqualsIgnoreCase(std::string_view text, std::string_view word) {
  return text.size() == word.size() && std::ranges::equal(text, word, {}, Lower, Lower);
}

}  // namespace tally::server
