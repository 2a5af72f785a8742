// Parts of strings: a range of one, and what two have in common.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/common_subsequence.h"
#include "server/config.h"
#include "server/index_range.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/string_value.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

void GetRange(Operation& op) {
  const std::optional<int64_t> start = protocol::ParseInt64(op.arg(2));
  const std::optional<int64_t> end = protocol::ParseInt64(op.arg(3));
  if (!start || !end) return op.reply().Error(errors::kNotAnInteger);
  const ValueText text(op.FindForRead(0));
  const IndexRange range = ResolveRange(*start, *end, static_cast<int64_t>(text.view().size()));
  if (range.empty() || IsReversedFromEnd(*start, *end)) return op.reply().Bulk({});
  op.reply().Bulk(text.view().substr(static_cast<size_t>(range.first),
                                     static_cast<size_t>(range.last - range.first + 1)));
}

void SetRange(Operation& op) {
  const std::optional<int64_t> offset = protocol::ParseInt64(op.arg(2));
  if (!offset) return op.reply().Error(errors::kNotAnInteger);
  if (*offset < 0) return op.reply().Error(errors::kOffsetOutOfRange);
  const std::string_view part = op.arg(3);
  storage::Object* found = op.Find(0);
  const ValueText text(found);
  if (part.empty()) return op.reply().Integer(static_cast<int64_t>(text.view().size()));

  const auto begin = static_cast<uint64_t>(*offset);
  const uint64_t end = begin + part.size();
  if (end > op.services().config().proto_max_bulk_bytes || end > storage::kMaxValueBytes) {
    return op.reply().Error(errors::kStringTooLong);
  }
  std::string changed;
  changed.reserve(std::max<uint64_t>(text.view().size(), end));
  changed = text.view();
  if (changed.size() < end) changed.resize(end);
  changed.replace(begin, part.size(), part);
  PutValue(op, 0, found, changed, found == nullptr ? storage::kNoExpiry : found->expires_at_ms(),
           /*edited=*/true);
  op.Notify(kStringEvent, "setrange", 0);
  op.reply().Integer(static_cast<int64_t>(changed.size()));
}

struct LcsOptions {
  bool length = false;
  bool indexes = false;
  bool with_match_length = false;
  int64_t least_match = 0;
};

// nullopt: the error was replied.
std::optional<LcsOptions> ParseLcsOptions(Operation& op) {
  LcsOptions options;
  for (size_t i = 3; i < op.argc(); ++i) {
    if (EqualsIgnoreCase(op.arg(i), "IDX")) {
      options.indexes = true;
    } else if (EqualsIgnoreCase(op.arg(i), "LEN")) {
      options.length = true;
    } else if (EqualsIgnoreCase(op.arg(i), "WITHMATCHLEN")) {
      options.with_match_length = true;
    } else if (EqualsIgnoreCase(op.arg(i), "MINMATCHLEN") && i + 1 < op.argc()) {
      const std::optional<int64_t> least = protocol::ParseInt64(op.arg(++i));
      if (!least) {
        op.reply().Error(errors::kNotAnInteger);
        return std::nullopt;
      }
      options.least_match = *least;
    } else {
      op.reply().Error(errors::kSyntax);
      return std::nullopt;
    }
  }
  if (options.indexes && options.length) {
    op.reply().Error(errors::kLcsLenWithIdx);
    return std::nullopt;
  }
  return options;
}

void ReplyRange(Operation& op, size_t first, size_t size) {
  op.reply().Array(2);
  op.reply().Integer(static_cast<int64_t>(first));
  op.reply().Integer(static_cast<int64_t>(first + size - 1));
}

void ReplyIndexes(Operation& op, const CommonSubsequence& common, const LcsOptions& options) {
  std::vector<CommonRun> runs = common.Runs();
  std::erase_if(runs, [&options](const CommonRun& run) {
    return static_cast<int64_t>(run.size) < options.least_match;
  });
  op.reply().Map(2);
  op.reply().Bulk("matches");
  op.reply().Array(runs.size());
  for (const CommonRun& run : runs) {
    op.reply().Array(options.with_match_length ? 3 : 2);
    ReplyRange(op, run.a_first, run.size);
    ReplyRange(op, run.b_first, run.size);
    if (options.with_match_length) op.reply().Integer(static_cast<int64_t>(run.size));
  }
  op.reply().Bulk("len");
  op.reply().Integer(static_cast<int64_t>(common.size()));
}

void Lcs(Operation& op) {
  const ValueText a(op.FindForRead(0));
  const ValueText b(op.FindForRead(1));
  const std::optional<LcsOptions> options = ParseLcsOptions(op);
  if (!options) return;
  if (CommonSubsequence::TableBytes(a.view().size(), b.view().size()) >
      op.services().config().proto_max_bulk_bytes) {
    return op.reply().Error(errors::kLcsTooLarge);
  }
  const CommonSubsequence common(a.view(), b.view());
  if (options->indexes) return ReplyIndexes(op, common, *options);
  if (options->length) return op.reply().Integer(static_cast<int64_t>(common.size()));
  op.reply().Bulk(common.Text());
}

constexpr std::array kRows{
    Command{.name = "getrange",
            .arity = 4,
            .flags = kReadonly,
            .keys = {.first = 1, .last = 1, .step = 1, .flags = "RO access"},
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = GetRange,
            .group = "string",
            .since = "2.4.0",
            .complexity = "O(N) where N is the length of the range",
            .summary = "Answers a part of a key's string; negative places count from its end.",
            .syntax = "key start:integer end:integer"},
    Command{.name = "substr",
            .arity = 4,
            .flags = kReadonly,
            .keys = {.first = 1, .last = 1, .step = 1, .flags = "RO access"},
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = GetRange,
            .group = "string",
            .since = "1.0.0",
            .complexity = "O(N) where N is the length of the range",
            .summary = "Answers a part of a key's string.",
            .syntax = "key start:integer end:integer",
            .deprecated_since = "2.0.0",
            .replaced_by = "GETRANGE"},
    Command{.name = "setrange",
            .arity = 4,
            .flags = kWrite | kDenyOom,
            .keys = {.first = 1, .last = 1, .step = 1, .flags = "RW update"},
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = SetRange,
            .group = "string",
            .since = "2.2.0",
            .complexity = "O(N) where N is the length of the whole string",
            .summary = "Writes bytes over a part of a key's string, which grows as it must.",
            .syntax = "key offset:integer value"},
    Command{.name = "lcs",
            .arity = -3,
            .flags = kReadonly,
            .keys = {.first = 1, .last = 2, .step = 1, .flags = "RO access"},
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = Lcs,
            .group = "string",
            .since = "7.0.0",
            .complexity = "O(N*M) where N and M are the lengths of the two strings",
            .summary = "Finds the longest sequence of bytes that two strings share, in order.",
            .syntax = "key1:key key2:key [LEN] [IDX] [MINMATCHLEN len:integer] [WITHMATCHLEN]"},
};

}  // namespace

std::span<const Command> RangeCommands() { return kRows; }

}  // namespace tally::server
