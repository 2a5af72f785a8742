// Writes docs/COMMANDS.md from the command table: to standard output. A test compares.
//
//   build/debug/tally-command-reference > docs/COMMANDS.md
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "server/command.h"
#include "server/command_replies.h"

namespace tally::server {
namespace {

struct Difference {
  std::string_view command;
  std::string_view text;
};

// What a user of Redis 7.0 would not expect. By full name; no name twice.
constexpr auto kDifferences = std::to_array<Difference>({
    {"acl|users", "There is one user, `default`."},
    {"bgrewriteaof", "A checkpoint, as with BGSAVE: it makes the journal short again."},
    {"bgsave",
     "A checkpoint, not a snapshot: nothing forks, and what is acknowledged is on disk "
     "without it."},
    {"client|unblock", "Always 0: no command waits for what other clients do."},
    {"client|no-touch", "Of Redis 7.2."},
    {"client|setinfo", "Of Redis 7.2."},
    {"cluster", "Always refused, as Redis does without cluster support."},
    {"config|get",
     "Parameters that Tally has no choice about tell what is so (`appendonly` is "
     "`yes`)."},
    {"config|rewrite", "A line whose value has not changed stays as it was written."},
    {"config|set",
     "A parameter that Tally has no choice about can be set to what it is only; one that nothing "
     "here depends on "
     "is checked and told back, and has no effect."},
    {"debug",
     "ERROR, LOADAOF, LOG, OBJECT, PROTOCOL, RELOAD, SET-ACTIVE-EXPIRE, SLEEP and HELP. RELOAD has "
     "no "
     "NOSAVE, for that would lose what was acknowledged."},
    {"function",
     "There is no engine: nothing can be loaded, so there is nothing to list or to flush."},
    {"increx",
     "Not in Redis 7: from Redis 8.8 and Valkey 9.2. Its events are `incrby` or `incrbyfloat`, "
     "and `expire` or `persist`."},
    {"info",
     "A section `Tally` of its own; `redis_version` is the one whose behaviour clients may "
     "expect, `tally_version` the truth."},
    {"tally.inspect", "Tally's own."},
    {"latency|latest",
     "The events are `command` and `fast-command`: nothing else can be slow "
     "as it can in Redis (no fork, no append-only file)."},
    {"lolwut", "One picture, whatever the version."},
    {"memory|usage", "Of Tally's own layout. SAMPLES makes no difference."},
    {"module|load", "Always refused."},
    {"monitor",
     "Requests of one shard's core are shown in order; those that run on different cores "
     "side by side may change places. A client that leaves 64 MB unread is cut off."},
    {"object|encoding",
     "A string of which a part was written (APPEND, SETRANGE …) is `raw` as in Redis, until it "
     "leaves memory."},
    {"psync", "Always refused: there is no replication."},
    {"replicaof", "NO ONE is taken; a master is refused, and no data is touched."},
    {"save", "Other clients go on meanwhile."},
    {"shutdown", "NOSAVE leaves out the checkpoint; the journal has everything acknowledged."},
    {"slowlog|get",
     "The time is that of the handler, as in Redis: not of reading objects from the "
     "disk, nor of the commit."},
    {"sync", "Always refused: there is no replication."},
    {"wait", "There are no replicas, so 0, at once or after the time."},
    {"waitaof", "Of Redis 7.2. With `appendfsync always` everything is synced already."},
});

std::string_view DifferenceOf(std::string_view name) {
  const auto* const found = std::ranges::find(kDifferences, name, &Difference::command);
  return found == kDifferences.end() ? std::string_view() : found->text;
}

// For a cell of a table.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string UpperCase(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '|') c = ' ';
  }
  return text;
}

std::string RowOf(const Command& command) {
  const std::string name = FullName(command);
  const std::string syntax = HumanSyntax(command);
  std::string does(command.summary);
  if (!command.deprecated_since.empty()) {
    does += fmt::format(" Deprecated since {}: {}.", command.deprecated_since, command.replaced_by);
  }
  return fmt::format("| **{}** {} | {} | {} | {} | {} | {} |\n", UpperCase(name), Escaped(syntax),
                     command.arity, command.since, Escaped(command.complexity), Escaped(does),
                     Escaped(DifferenceOf(name)));
}

void AddRows(const Command& command, std::string* rows) {
  *rows += RowOf(command);
  for (const Command& subcommand : command.subcommands) AddRows(subcommand, rows);
}

std::string Reference() {
  std::map<std::string_view, std::string> groups;
  for (const Command& command : Commands()) AddRows(command, &groups[command.group]);
  std::string text =
      "# Commands\n\n"
      "Written by `docs/command_reference.cc` from the command table; do not edit it.\n\n"
      "Behaviour, replies and errors are those of Redis 7.0 where nothing else is said. *Arity* "
      "counts the command's own words; a negative one is the least number. *Since* is the version "
      "of "
      "Redis that brought the command.\n\n"
      "**What a reply promises**, with `appendfsync always`, the default: a reply to a write comes "
      "when the write is on disk; a reply to a read never tells what a crash at that moment would "
      "take back. A command changes everything it says or nothing, on however many shards its keys "
      "are; so does EXEC. Replies of commands about the connection or the server wait for "
      "nothing.\n";
  for (const auto& [group, rows] : groups) {
    text += fmt::format("\n## {}\n\n", group);
    text += "| command | arity | since | complexity | does | differs from Redis |\n";
    text += "|---|---|---|---|---|---|\n";
    text += rows;
  }
  return text;
}

bool NamesAreKnown() {
  for (const Difference& difference : kDifferences) {
    if (FindCommandByName(difference.command) != nullptr) continue;
    fmt::print(stderr, "no such command: {}\n", difference.command);
    return false;
  }
  return true;
}

}  // namespace
}  // namespace tally::server

int main() {
  if (!tally::server::NamesAreKnown()) return 1;
  const std::string text = tally::server::Reference();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
