#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "server/command.h"
#include "server/command_syntax.h"

namespace tally::server {
namespace {

std::vector<const Command*> AllRows() {
  std::vector<const Command*> rows;
  for (const Command& command : Commands()) {
    rows.push_back(&command);
    for (const Command& subcommand : command.subcommands) rows.push_back(&subcommand);
  }
  return rows;
}

const Command* Find(const std::vector<std::string_view>& args, bool* unknown_subcommand) {
  return FindCommand(args, unknown_subcommand);
}
const Command* Find(const std::vector<std::string_view>& args) {
  bool unknown_subcommand = false;
  return FindCommand(args, &unknown_subcommand);
}

TEST(CommandTableTest, IsSortedByName) {
  EXPECT_TRUE(std::ranges::is_sorted(Commands(), {}, &Command::name));
  EXPECT_GT(Commands().size(), 30u);
}

TEST(CommandTableTest, EveryRowSaysWhatAUserNeeds) {
  const std::set<std::string_view> groups{"string",     "bitmap", "generic",
                                          "connection", "server", "transactions",
                                          "cluster",    "pubsub", "scripting"};
  for (const Command* row : AllRows()) {
    SCOPED_TRACE(FullName(*row));
    EXPECT_FALSE(row->summary.empty());
    EXPECT_FALSE(row->since.empty());
    EXPECT_FALSE(row->complexity.empty());
    EXPECT_TRUE(groups.contains(row->group)) << row->group;
    EXPECT_NE(row->arity, 0);
    EXPECT_TRUE(row->handler != nullptr || !row->subcommands.empty());
    EXPECT_TRUE(std::ranges::none_of(row->name, [](char c) { return c >= 'A' && c <= 'Z'; }));
  }
}

TEST(CommandTableTest, IdsAreDenseAndEachRowsOwn) {
  std::set<uint32_t> ids;
  for (const Command* row : AllRows()) ids.insert(row->id);
  EXPECT_EQ(ids.size(), AllRows().size());
  EXPECT_EQ(ids.size(), CommandCount());
  EXPECT_EQ(*ids.rbegin(), CommandCount() - 1);
}

TEST(CommandTableTest, EverySyntaxIsWellFormed) {
  for (const Command* row : AllRows()) {
    EXPECT_TRUE(ParseSyntax(row->syntax)) << FullName(*row) << ": " << row->syntax;
  }
}

// Whoever keeps to the arity reaches every key, whatever comes behind.
TEST(CommandTableTest, KeyPositionsFitTheArity) {
  for (const Command* row : AllRows()) {
    SCOPED_TRACE(FullName(*row));
    const KeyPositions& keys = row->keys;
    const bool on_keys = row->scope == Scope::kKeys || row->scope == Scope::kKeysEntered;
    EXPECT_EQ(on_keys, NamesObjects(keys));
    if (keys.flags == "not_key") continue;  // as Redis has them, fitting or not
    if (keys.first == 0) {
      EXPECT_EQ(keys.last, 0);
      EXPECT_EQ(keys.step, 0);
      EXPECT_TRUE(keys.flags.empty());
      continue;
    }
    const int least_count = row->arity < 0 ? -row->arity : row->arity;
    EXPECT_GE(keys.first, 1);
    EXPECT_GE(keys.step, 1);
    EXPECT_LT(keys.first, least_count);
    EXPECT_LT(keys.last, least_count);
    EXPECT_GE(keys.last < 0 ? least_count + keys.last : keys.last, keys.first);
    EXPECT_FALSE(keys.flags.empty());
  }
}

// The syntax names a key exactly when the row has key positions.
TEST(CommandTableTest, SyntaxAndKeyPositionsAgree) {
  const std::function<bool(const SyntaxArgument&)> has_key = [&](const SyntaxArgument& argument) {
    return argument.type == SyntaxArgument::Type::kKey ||
           std::ranges::any_of(argument.arguments, has_key);
  };
  for (const Command* row : AllRows()) {
    const auto arguments = ParseSyntax(row->syntax);
    ASSERT_TRUE(arguments);
    EXPECT_EQ(std::ranges::any_of(*arguments, has_key), NamesObjects(row->keys)) << FullName(*row);
  }
}

TEST(CommandTableTest, WritingAndReadingExcludeEachOther) {
  for (const Command* row : AllRows()) {
    SCOPED_TRACE(FullName(*row));
    EXPECT_NE(row->flags & (kWrite | kReadonly), uint32_t{kWrite | kReadonly});
    if (row->scope == Scope::kKeys) {
      EXPECT_NE(row->flags & (kWrite | kReadonly), 0u);
    }
  }
}

TEST(CommandTableTest, CategoriesFollowFromTheFlags) {
  EXPECT_EQ(FindCommandByName("get")->acl, uint32_t{kAclRead | kAclString | kAclFast});
  EXPECT_EQ(FindCommandByName("set")->acl, uint32_t{kAclWrite | kAclString | kAclSlow});
  EXPECT_EQ(FindCommandByName("command|info")->acl, uint32_t{kAclSlow | kAclConnection});
}

TEST(CommandTableTest, FindsInAnyCase) {
  EXPECT_EQ(Find({"GeT", "a"}), FindCommandByName("get"));
  EXPECT_EQ(Find({"INCRBYFLOAT"})->name, "incrbyfloat");
  EXPECT_EQ(Find({"COMMAND", "dOcs"}), FindCommandByName("COMMAND|DOCS"));
  for (const Command* row : AllRows()) EXPECT_EQ(FindCommandByName(FullName(*row)), row);
}

TEST(CommandTableTest, WhatLooksAlikeIsNotFound) {
  using std::string_literals::operator""s;
  for (const std::string& name : {""s, "ge"s, "gett"s, "get "s, "get\0"s, "GE\x14"s, "\0\0\0"s,
                                  "incrbyfloats"s, "incrXYfloat"s, std::string(100'000, 'x')}) {
    EXPECT_EQ(Find({name}), nullptr) << name.size();
  }
}

TEST(CommandTableTest, ToldApartAreUnknownCommandsAndUnknownSubcommands) {
  bool unknown_subcommand = true;
  EXPECT_EQ(Find({"nope", "info"}, &unknown_subcommand), nullptr);
  EXPECT_FALSE(unknown_subcommand);
  EXPECT_EQ(Find({"command", "nope"}, &unknown_subcommand), nullptr);
  EXPECT_TRUE(unknown_subcommand);
  EXPECT_EQ(Find({"command"}, &unknown_subcommand)->name, "command");
  EXPECT_FALSE(unknown_subcommand);
  EXPECT_EQ(Find({"get", "info"}, &unknown_subcommand)->name, "get");
  EXPECT_EQ(FindCommandByName("get|info"), nullptr);
  EXPECT_EQ(FindCommandByName("command|info|x"), nullptr);
  EXPECT_EQ(Find({}), nullptr);
}

TEST(CommandTableTest, EqualsIgnoreCaseComparesBytesButLetters) {
  EXPECT_TRUE(EqualsIgnoreCase("KeepTTL", "KEEPTTL"));
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
  EXPECT_FALSE(EqualsIgnoreCase("KEEPTT", "KEEPTTL"));
  EXPECT_FALSE(EqualsIgnoreCase("@", "`"));
  EXPECT_FALSE(EqualsIgnoreCase("\xc0", "\xe0"));
}

}  // namespace
}  // namespace tally::server
