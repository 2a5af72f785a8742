#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tally::server {

class Operation;

/// Checks its arguments, touches only the keyspaces that the operation has entered (or, for
/// `Scope::kSession`, the session), and writes exactly one reply, or defers it. No I/O, no waiting.
using Handler = void (*)(Operation&);

/// Where a command runs.
enum class Scope : uint8_t {
  kSession,      ///< on the connection's own core; touches no object
  kKeys,         ///< on the shard(s) that own its keys
  kAllShards,    ///< with every shard entered
  kKeysEntered,  ///< as kKeys, with the shards entered, be it one: so it sees the client
  kWalk,  ///< as kSession, once all that the client sent before is answered: walks the keyspace
};

/// Redis's command flags, as COMMAND INFO names them.
enum CommandFlag : uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kDenyOom = 1u << 2,
  kAdmin = 1u << 3,
  kPubSub = 1u << 4,
  kNoScript = 1u << 5,
  kBlocking = 1u << 6,
  kLoading = 1u << 7,
  kStale = 1u << 8,
  kSkipMonitor = 1u << 9,
  kSkipSlowlog = 1u << 10,
  kFast = 1u << 11,
  kNoAuth = 1u << 12,
  kMayReplicate = 1u << 13,
  kNoMulti = 1u << 14,
  kMovableKeys = 1u << 15,
  kAllowBusy = 1u << 16,
  kNoAsyncLoading = 1u << 17,
  kProtected = 1u << 18,
};

/// Redis's ACL categories (beyond those that follow from the flags).
enum AclCategory : uint32_t {
  kAclKeyspace = 1u << 0,
  kAclRead = 1u << 1,
  kAclWrite = 1u << 2,
  kAclString = 1u << 3,
  kAclAdmin = 1u << 4,
  kAclFast = 1u << 5,
  kAclSlow = 1u << 6,
  kAclDangerous = 1u << 7,
  kAclConnection = 1u << 8,
  kAclBitmap = 1u << 9,
  kAclTransaction = 1u << 10,
  kAclPubSub = 1u << 11,
  kAclScripting = 1u << 12,
  kAclSet = 1u << 13,
  kAclSortedSet = 1u << 14,
  kAclList = 1u << 15,
  kAclHash = 1u << 16,
  kAclHyperLogLog = 1u << 17,
  kAclGeo = 1u << 18,
  kAclStream = 1u << 19,
  kAclBlocking = 1u << 20,
};

/// Where the keys are among the arguments: args[first], args[first+step] … args[last]; a negative
/// `last` counts from the end. `first` 0 = no keys. `flags` are key-spec flags of COMMAND INFO
/// ("RW access update"), space-separated.
struct KeyPositions {
  int first = 0;
  int last = 0;
  int step = 0;
  std::string_view flags = {};
  std::string_view notes = {};  ///< the key spec's notes in COMMAND INFO
  std::string_view rest_flags =
      {};  ///< of the keys behind the first, if a key spec of their own has them
};

/// What a command does with channels, for users who may use some of them only.
enum class ChannelUse : uint8_t {
  kNone,
  kPublish,           ///< args[1] is one
  kSubscribe,         ///< all arguments are
  kSubscribePattern,  ///< all arguments are patterns of them
};

/// The index among the arguments of the key number `key_index` (counted from 0).
[[nodiscard]] constexpr size_t KeyArgument(const KeyPositions& keys, size_t key_index) {
  return static_cast<size_t>(keys.first) + key_index * static_cast<size_t>(keys.step);
}

/// The database, beside the client's own, in which a command with these arguments touches its last key;
/// none where there is no other, or where the arguments are refused. Its row has `Scope::kKeysEntered`.
using OtherDatabase = std::optional<int> (*)(std::span<const std::string_view> args, int databases);

/// Whether the first of them names an object. Shard channels stand where keys do and are routed like
/// keys in a cluster, but are none.
[[nodiscard]] constexpr bool NamesObjects(const KeyPositions& keys) {
  return keys.first != 0 && keys.flags != "not_key";
}

/// One row of the command table: the single source of what a command is.
struct Command {
  std::string_view name;  ///< lower-case; for a subcommand its own name ("get" of CONFIG GET)
  int arity = 0;          ///< as in Redis: with the name(s); negative = at least
  uint32_t flags = 0;
  KeyPositions keys = {};
  uint32_t acl = 0;  ///< in a row: beyond those that follow from the flags; the table adds those
  Scope scope = Scope::kSession;
  bool never_queued = false;     ///< runs at once behind MULTI, too
  bool for_subscribers = false;  ///< a RESP2 client that has subscribed to something may use it
  ChannelUse channels = ChannelUse::kNone;
  bool replies_are_pushes = false;  ///< CLIENT REPLY does not silence them
  Handler handler = nullptr;
  OtherDatabase other_database = nullptr;  ///< null: it stays in the client's own
  /// "string", "bitmap", "generic", "connection", "server", "cluster" …
  std::string_view group = {};
  std::string_view since = {};
  std::string_view complexity = {};
  std::string_view summary = {};           ///< our own words
  std::string_view syntax = {};            ///< arguments, in the notation of command_syntax.h
  std::string_view tips = {};              ///< space-separated COMMAND INFO tips
  std::string_view deprecated_since = {};  ///< empty: not deprecated
  std::string_view replaced_by = {};       ///< what to use instead, when deprecated
  std::span<const Command> subcommands = {};
  std::string_view parent = {};  ///< the container's name, for a subcommand
  uint32_t id = 0;               ///< dense index for statistics, set by the table
};

/// All top-level commands, sorted by name. Built once, before any thread starts; read-only after.
[[nodiscard]] std::span<const Command> Commands();
/// Number of rows, subcommands included: one more than the largest `id`.
[[nodiscard]] uint32_t CommandCount();

/// Finds the command by its name in any case; of a container with a second argument, the
/// subcommand.
/// nullptr when unknown; `*unknown_subcommand` then says whether the container itself was known.
[[nodiscard]] const Command* FindCommand(std::span<const std::string_view> args,
                                         bool* unknown_subcommand);

/// Finds a command by its full name in any case: "get", "config|get". nullptr when unknown.
[[nodiscard]] const Command* FindCommandByName(std::string_view full_name);

/// "get", or "config|get".
[[nodiscard]] std::string FullName(const Command& command);

/// Whether `argument_count` (with the name) fits the arity.
[[nodiscard]] inline bool ArityFits(const Command& command, size_t argument_count) {
  const auto count = static_cast<int64_t>(argument_count);
  return command.arity >= 0 ? count == command.arity
                            : count >= -static_cast<int64_t>(command.arity);
}

/// Case-insensitive comparison for option words; `word` is upper- or lower-case ASCII.
[[nodiscard]] bool EqualsIgnoreCase(std::string_view text, std::string_view word);

}  // namespace tally::server
