// COMMAND INFO's view of a command.
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/command_replies.h"
#include "server/words.h"

namespace tally::server {
namespace {

using protocol::ReplyWriter;

struct NamedBit {
  uint32_t bit;
  std::string_view name;
};

// In the order in which Redis lists them. It tells neither kProtected nor kMayReplicate.
constexpr std::array kFlagNames{
    NamedBit{kWrite, "write"},
    NamedBit{kReadonly, "readonly"},
    NamedBit{kDenyOom, "denyoom"},
    NamedBit{kAdmin, "admin"},
    NamedBit{kPubSub, "pubsub"},
    NamedBit{kNoScript, "noscript"},
    NamedBit{kBlocking, "blocking"},
    NamedBit{kLoading, "loading"},
    NamedBit{kStale, "stale"},
    NamedBit{kSkipMonitor, "skip_monitor"},
    NamedBit{kSkipSlowlog, "skip_slowlog"},
    NamedBit{kFast, "fast"},
    NamedBit{kNoAuth, "no_auth"},
    NamedBit{kNoAsyncLoading, "no_async_loading"},
    NamedBit{kNoMulti, "no_multi"},
    NamedBit{kMovableKeys, "movablekeys"},
    NamedBit{kAllowBusy, "allow_busy"},
};

constexpr std::array kCategoryNames{
    AclCategoryName{kAclKeyspace, "@keyspace"},
    AclCategoryName{kAclRead, "@read"},
    AclCategoryName{kAclWrite, "@write"},
    AclCategoryName{kAclString, "@string"},
    AclCategoryName{kAclBitmap, "@bitmap"},
    AclCategoryName{kAclPubSub, "@pubsub"},
    AclCategoryName{kAclScripting, "@scripting"},
    AclCategoryName{kAclAdmin, "@admin"},
    AclCategoryName{kAclFast, "@fast"},
    AclCategoryName{kAclSlow, "@slow"},
    AclCategoryName{kAclDangerous, "@dangerous"},
    AclCategoryName{kAclConnection, "@connection"},
    AclCategoryName{kAclTransaction, "@transaction"},
};

void WriteBits(ReplyWriter& reply, std::span<const NamedBit> names, uint32_t bits) {
  size_t count = 0;
  for (const NamedBit& named : names) count += (bits & named.bit) != 0 ? 1 : 0;
  reply.Set(count);
  for (const NamedBit& named : names) {
    if ((bits & named.bit) != 0) reply.Status(named.name);
  }
}

// A set of the space-separated words, each written by `write`.
template <typename Write>
void WriteWords(ReplyWriter& reply, std::string_view text, Write write) {
  const std::vector<std::string_view> words = Words(text);
  reply.Set(words.size());
  for (const std::string_view word : words) write(word);
}

// `last` counts from the first key or, negative, from the end.
void WriteKeySpec(ReplyWriter& reply, std::string_view notes, std::string_view flags, int first,
                  int last, int step) {
  reply.Map(notes.empty() ? 3 : 4);
  if (!notes.empty()) {
    reply.Bulk("notes");
    reply.Bulk(notes);
  }
  reply.Bulk("flags");
  WriteWords(reply, flags, [&](std::string_view word) { reply.Status(word); });

  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("index");
  reply.Bulk("spec");
  reply.Map(1);
  reply.Bulk("index");
  reply.Integer(first);

  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("range");
  reply.Bulk("spec");
  reply.Map(3);
  reply.Bulk("lastkey");
  reply.Integer(last);
  reply.Bulk("keystep");
  reply.Integer(step);
  reply.Bulk("limit");
  reply.Integer(0);
}

void WriteKeySpecs(ReplyWriter& reply, const KeyPositions& keys) {
  if (keys.first == 0) return reply.Set(0);
  const auto last_from = [&keys](int first) {
    return keys.last < 0 ? keys.last : keys.last - first;
  };
  if (keys.rest_flags.empty()) {
    reply.Set(1);
    return WriteKeySpec(reply, keys.notes, keys.flags, keys.first, last_from(keys.first),
                        keys.step);
  }
  const int second = keys.first + keys.step;
  reply.Set(2);
  WriteKeySpec(reply, keys.notes, keys.flags, keys.first, 0, keys.step);
  WriteKeySpec(reply, {}, keys.rest_flags, second, last_from(second), keys.step);
}

}  // namespace

std::span<const AclCategoryName> AclCategoryNames() { return kCategoryNames; }

void WriteCommandInfo(ReplyWriter& reply, const Command& command) {
  reply.Array(10);
  reply.Bulk(FullName(command));
  reply.Integer(command.arity);
  WriteBits(reply, kFlagNames, command.flags);
  reply.Integer(command.keys.first);
  reply.Integer(command.keys.last);
  reply.Integer(command.keys.step);
  reply.Set(static_cast<size_t>(std::popcount(command.acl)));
  for (const AclCategoryName& category : kCategoryNames) {
    if ((command.acl & category.category) != 0) reply.Status(category.name);
  }
  WriteWords(reply, command.tips, [&](std::string_view word) { reply.Bulk(word); });
  WriteKeySpecs(reply, command.keys);
  if (command.subcommands.empty()) return reply.Set(0);
  reply.Array(command.subcommands.size());  // in RESP3, too, unlike no subcommands: so does Redis
  for (const Command& subcommand : command.subcommands) WriteCommandInfo(reply, subcommand);
}

}  // namespace tally::server
