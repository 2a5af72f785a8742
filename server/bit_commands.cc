// Strings as rows of bits: one bit, how many, which first, and whole strings combined.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/bit_offset.h"
#include "server/bit_string.h"
#include "server/command_families.h"
#include "server/config.h"
#include "server/index_range.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/string_value.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

// Offset of a bit in the argument with this index; nullopt: the error was replied.
std::optional<uint64_t> BitOffset(Operation& op, size_t index) {
  const std::optional<uint64_t> offset =
      ParseBitOffset(op.arg(index), op.services().config().proto_max_bulk_bytes);
  if (!offset) op.reply().Error(errors::kBitOffsetOutOfRange);
  return offset;
}

void SetBitCommand(Operation& op) {
  const std::optional<uint64_t> offset = BitOffset(op, 2);
  if (!offset) return;
  const std::optional<int64_t> bit = protocol::ParseInt64(op.arg(3));
  if (!bit || (*bit != 0 && *bit != 1)) return op.reply().Error(errors::kNotABit);

  storage::Object* found = op.Find(0);
  const ValueText text(found);
  const bool old_bit = GetBit(text.view(), *offset);
  op.reply().Integer(old_bit ? 1 : 0);
  const size_t least_bytes = (*offset >> 3) + 1;
  const bool grows = text.view().size() < least_bytes;
  if (!grows && old_bit == (*bit == 1)) return;

  std::string changed;
  changed.reserve(std::max(text.view().size(), least_bytes));
  changed = text.view();
  if (grows) changed.resize(least_bytes);
  SetBit(&changed, *offset, *bit == 1);
  PutValue(op, 0, found, changed, found == nullptr ? storage::kNoExpiry : found->expires_at_ms(),
           /*edited=*/true);
  op.Notify(kStringEvent, "setbit", 0);
}

void GetBitCommand(Operation& op) {
  const std::optional<uint64_t> offset = BitOffset(op, 2);
  if (!offset) return;
  const ValueText text(op.FindForRead(0));
  op.reply().Integer(GetBit(text.view(), *offset) ? 1 : 0);
}

// Whether the argument says BIT rather than BYTE; nullopt: neither, and the error was replied.
std::optional<bool> CountsInBits(Operation& op, size_t index) {
  if (EqualsIgnoreCase(op.arg(index), "BIT")) return true;
  if (EqualsIgnoreCase(op.arg(index), "BYTE")) return false;
  op.reply().Error(errors::kSyntax);
  return std::nullopt;
}

std::optional<int64_t> IntegerArgument(Operation& op, size_t index) {
  const std::optional<int64_t> number = protocol::ParseInt64(op.arg(index));
  if (!number) op.reply().Error(errors::kNotAnInteger);
  return number;
}

// The bits of a range of bytes or bits.
IndexRange BitRange(int64_t start, int64_t end, bool in_bits, size_t size_bytes) {
  const auto size = static_cast<int64_t>(size_bytes);
  if (in_bits) return ResolveRange(start, end, size * 8);
  const IndexRange bytes = ResolveRange(start, end, size);
  if (bytes.empty()) return {};
  return {bytes.first * 8, bytes.last * 8 + 7};
}

// As in Redis 7.0, the arguments are looked at only when there is something to count.
void BitCount(Operation& op) {
  const storage::Object* found = op.FindForRead(0);
  if (found == nullptr) return op.reply().Integer(0);
  const ValueText text(found);
  IndexRange range = BitRange(0, -1, false, text.view().size());
  if (op.argc() == 4 || op.argc() == 5) {
    const std::optional<int64_t> start = IntegerArgument(op, 2);
    if (!start) return;
    const std::optional<int64_t> end = IntegerArgument(op, 3);
    if (!end) return;
    // Before the unit is looked at: Redis does so, too.
    if (IsReversedFromEnd(*start, *end)) return op.reply().Integer(0);
    const std::optional<bool> in_bits = op.argc() == 5 ? CountsInBits(op, 4) : false;
    if (!in_bits) return;
    range = BitRange(*start, *end, *in_bits, text.view().size());
  } else if (op.argc() != 2) {
    return op.reply().Error(errors::kSyntax);
  }
  if (range.empty()) return op.reply().Integer(0);
  op.reply().Integer(static_cast<int64_t>(CountBits(text.view(), static_cast<uint64_t>(range.first),
                                                    static_cast<uint64_t>(range.last))));
}

void BitPos(Operation& op) {
  const std::optional<int64_t> bit = IntegerArgument(op, 2);
  if (!bit) return;
  if (*bit != 0 && *bit != 1) return op.reply().Error(errors::kBitArgument);
  // An absent key is zeros without end.
  const storage::Object* found = op.FindForRead(0);
  if (found == nullptr) return op.reply().Integer(*bit == 1 ? -1 : 0);

  const ValueText text(found);
  if (op.argc() > 6) return op.reply().Error(errors::kSyntax);
  const std::optional<int64_t> start = op.argc() > 3 ? IntegerArgument(op, 3) : 0;
  if (!start) return;
  const std::optional<bool> in_bits = op.argc() == 6 ? CountsInBits(op, 5) : false;
  if (!in_bits) return;
  const bool has_end = op.argc() > 4;
  const std::optional<int64_t> end = has_end ? IntegerArgument(op, 4) : -1;
  if (!end) return;

  const IndexRange range = BitRange(*start, *end, *in_bits, text.view().size());
  if (range.empty()) return op.reply().Integer(-1);
  const std::optional<uint64_t> position =
      FindBit(text.view(), *bit == 1, static_cast<uint64_t>(range.first),
              static_cast<uint64_t>(range.last));
  if (position) return op.reply().Integer(static_cast<int64_t>(*position));
  // Zeros follow the string, for who does not say where to end.
  op.reply().Integer(*bit == 0 && !has_end ? range.last + 1 : -1);
}

std::optional<BitOperation> OperationNamed(std::string_view name) {
  if (EqualsIgnoreCase(name, "AND")) return BitOperation::kAnd;
  if (EqualsIgnoreCase(name, "OR")) return BitOperation::kOr;
  if (EqualsIgnoreCase(name, "XOR")) return BitOperation::kXor;
  return std::nullopt;
}

void BitOp(Operation& op) {
  const bool inverts = EqualsIgnoreCase(op.arg(1), "NOT");
  const std::optional<BitOperation> operation = OperationNamed(op.arg(1));
  if (!inverts && !operation) return op.reply().Error(errors::kSyntax);
  if (inverts && op.key_count() != 2) return op.reply().Error(errors::kBitOpNotTakesOne);

  std::string result(ValueText(op.FindForRead(1)).view());
  if (inverts) InvertBits(&result);
  for (size_t i = 2; i < op.key_count(); ++i) {
    const ValueText operand(op.FindForRead(i));
    CombineBits(*operation, operand.view(), &result);
  }
  op.reply().Integer(static_cast<int64_t>(result.size()));
  if (!result.empty()) {
    PutValue(op, 0, op.Find(0), result, storage::kNoExpiry, /*edited=*/true);
    op.Notify(kStringEvent, "set", 0);
  } else if (storage::Object* const target = op.FindExpiredToo(0); target != nullptr) {
    op.Erase(0, target);
    op.Notify(kGenericEvent, "del", 0);
  }
}

constexpr KeyPositions Key(std::string_view flags) {
  return {.first = 1, .last = 1, .step = 1, .flags = flags};
}

constexpr std::array kRows{
    Command{.name = "setbit",
            .arity = 4,
            .flags = kWrite | kDenyOom,
            .keys = Key("RW access update"),
            .acl = kAclBitmap,
            .scope = Scope::kKeys,
            .handler = SetBitCommand,
            .group = "bitmap",
            .since = "2.2.0",
            .complexity = "O(N) where N is the length of the whole string",
            .summary = "Sets or clears one bit of a key's string and answers what it was.",
            .syntax = "key offset:integer value:integer"},
    Command{.name = "getbit",
            .arity = 3,
            .flags = kReadonly | kFast,
            .keys = Key("RO access"),
            .acl = kAclBitmap,
            .scope = Scope::kKeys,
            .handler = GetBitCommand,
            .group = "bitmap",
            .since = "2.2.0",
            .complexity = "O(1)",
            .summary = "Answers one bit of a key's string; 0 beyond its end.",
            .syntax = "key offset:integer"},
    Command{.name = "bitcount",
            .arity = -2,
            .flags = kReadonly,
            .keys = Key("RO access"),
            .acl = kAclBitmap,
            .scope = Scope::kKeys,
            .handler = BitCount,
            .group = "bitmap",
            .since = "2.6.0",
            .complexity = "O(N) where N is the length of the range",
            .summary = "Counts the bits that are set in a key's string or a part of it.",
            .syntax = "key [index=start:integer end:integer [index_unit=BYTE|BIT]@7.0.0]"},
    Command{.name = "bitpos",
            .arity = -3,
            .flags = kReadonly,
            .keys = Key("RO access"),
            .acl = kAclBitmap,
            .scope = Scope::kKeys,
            .handler = BitPos,
            .group = "bitmap",
            .since = "2.8.7",
            .complexity = "O(N) where N is the length of the range",
            .summary = "Finds the first bit of a key's string that is set, or clear.",
            .syntax = "key bit:integer [index=start:integer "
                      "[end_index=end:integer [index_unit=BYTE|BIT]@7.0.0]]"},
    Command{
        .name = "bitop",
        .arity = -4,
        .flags = kWrite | kDenyOom,
        .keys =
            {.first = 2, .last = -1, .step = 1, .flags = "OW update", .rest_flags = "RO access"},
        .acl = kAclBitmap,
        .scope = Scope::kKeys,
        .handler = BitOp,
        .group = "bitmap",
        .since = "2.6.0",
        .complexity = "O(N) where N is the length of all strings together",
        .summary = "Combines strings bit by bit, or inverts one, and keeps the result in a key.",
        .syntax = "operation destkey:key key..."},
};

}  // namespace

std::span<const Command> BitCommands() { return kRows; }

}  // namespace tally::server
