// BITFIELD: integers of any width inside a string.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/bit_field.h"
#include "server/bit_offset.h"
#include "server/command_families.h"
#include "server/config.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/string_value.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

struct FieldStep {
  enum class Kind : uint8_t { kGet, kSet, kIncrement };

  Kind kind = Kind::kGet;
  FieldType type;
  FieldOverflow overflow = FieldOverflow::kWrap;
  uint64_t offset = 0;
  int64_t amount = 0;  ///< of kSet and kIncrement
};

std::optional<FieldOverflow> OverflowNamed(std::string_view name) {
  if (EqualsIgnoreCase(name, "WRAP")) return FieldOverflow::kWrap;
  if (EqualsIgnoreCase(name, "SAT")) return FieldOverflow::kSaturate;
  if (EqualsIgnoreCase(name, "FAIL")) return FieldOverflow::kFail;
  return std::nullopt;
}

// Reads all steps before any is done.
class StepParser {
 public:
  StepParser(std::span<const std::string_view> args, uint64_t max_bytes)
      : rest_(args), max_bytes_(max_bytes) {}

  /// Empty, or the error.
  std::string_view Parse() {
    while (!rest_.empty() && error_.empty()) error_ = ParseOne();
    return error_;
  }
  const std::vector<FieldStep>& steps() const { return steps_; }
  bool writes() const { return least_bytes_ > 0; }
  /// How long the string must be for what is written.
  uint64_t least_bytes() const { return least_bytes_; }

 private:
  std::string_view ParseOne() {
    const std::string_view word = rest_[0];
    if (EqualsIgnoreCase(word, "OVERFLOW") && rest_.size() > 1) {
      const std::optional<FieldOverflow> overflow = OverflowNamed(rest_[1]);
      if (!overflow) return errors::kInvalidFieldOverflow;
      overflow_ = *overflow;
      rest_ = rest_.subspan(2);
      return {};
    }
    if (EqualsIgnoreCase(word, "GET")) return ParseStep(FieldStep::Kind::kGet);
    if (EqualsIgnoreCase(word, "SET")) return ParseStep(FieldStep::Kind::kSet);
    if (EqualsIgnoreCase(word, "INCRBY")) return ParseStep(FieldStep::Kind::kIncrement);
    return errors::kSyntax;
  }

  std::string_view ParseStep(FieldStep::Kind kind) {
    const size_t words = kind == FieldStep::Kind::kGet ? 3 : 4;
    if (rest_.size() < words) return errors::kSyntax;
    const std::optional<FieldType> type = ParseFieldType(rest_[1]);
    if (!type) return errors::kInvalidFieldType;
    const std::optional<uint64_t> offset = ParseBitOffset(rest_[2], max_bytes_, type->bits);
    if (!offset) return errors::kBitOffsetOutOfRange;
    FieldStep step{.kind = kind, .type = *type, .overflow = overflow_, .offset = *offset};
    if (kind != FieldStep::Kind::kGet) {
      const uint64_t last_bit = *offset + type->bits - 1;
      least_bytes_ = std::max(least_bytes_, (last_bit >> 3) + 1);
      const std::optional<int64_t> amount = protocol::ParseInt64(rest_[3]);
      if (!amount) return errors::kNotAnInteger;
      step.amount = *amount;
    }
    steps_.push_back(step);
    rest_ = rest_.subspan(words);
    return {};
  }

  std::span<const std::string_view> rest_;
  uint64_t max_bytes_;
  FieldOverflow overflow_ = FieldOverflow::kWrap;
  std::vector<FieldStep> steps_;
  uint64_t least_bytes_ = 0;
  std::string_view error_;
};

// True: it counts as a change. (In a string that has just grown everything written does, as in Redis.)
bool Write(Operation& op, const FieldStep& step, bool grows, std::string* bytes) {
  const int64_t old = ReadField(*bytes, step.type, step.offset);
  const bool adds = step.kind == FieldStep::Kind::kIncrement;
  const std::optional<int64_t> value = adds ? AddToField(step.type, old, step.amount, step.overflow)
                                            : AssignField(step.type, step.amount, step.overflow);
  if (!value) {
    op.reply().Null();
    return false;
  }
  op.reply().Integer(adds ? *value : old);
  WriteField(bytes, step.type, step.offset, *value);
  return grows || *value != old;
}

void ReadAll(Operation& op, const std::vector<FieldStep>& steps) {
  const ValueText text(op.FindForRead(0));
  op.reply().Array(steps.size());
  for (const FieldStep& step : steps) {
    op.reply().Integer(ReadField(text.view(), step.type, step.offset));
  }
}

void ReadAndWrite(Operation& op, const StepParser& parser) {
  // Redis lets the last field reach over the end of the longest string; here nothing is longer.
  if (parser.least_bytes() > storage::kMaxValueBytes) {
    return op.reply().Error(errors::kStringTooLong);
  }
  storage::Object* found = op.Find(0);
  std::string bytes(ValueText(found).view());
  const bool grows = bytes.size() < parser.least_bytes();
  if (grows) bytes.resize(parser.least_bytes());
  bool changed = false;
  op.reply().Array(parser.steps().size());
  for (const FieldStep& step : parser.steps()) {
    if (step.kind == FieldStep::Kind::kGet) {
      op.reply().Integer(ReadField(bytes, step.type, step.offset));
    } else {
      changed = Write(op, step, grows, &bytes) || changed;
    }
  }
  if (!grows && !changed) return;
  PutValue(op, 0, found, bytes, found == nullptr ? storage::kNoExpiry : found->expires_at_ms(),
           /*edited=*/true);
  if (changed) op.Notify(kStringEvent, "setbit", 0);
}

void Run(Operation& op, bool may_write) {
  StepParser parser(op.args().subspan(2), op.services().config().proto_max_bulk_bytes);
  if (const std::string_view error = parser.Parse(); !error.empty()) return op.reply().Error(error);
  if (!parser.writes()) return ReadAll(op, parser.steps());
  if (!may_write) return op.reply().Error(errors::kBitFieldOnlyReads);
  ReadAndWrite(op, parser);
}

void BitField(Operation& op) { Run(op, true); }
void BitFieldRo(Operation& op) { Run(op, false); }

constexpr std::array kRows{
    Command{
        .name = "bitfield",
        .arity = -2,
        .flags = kWrite | kDenyOom,
        .keys = {.first = 1,
                 .last = 1,
                 .step = 1,
                 .flags = "RW access update variable_flags",
                 .notes = "This command allows both access and modification of the key"},
        .acl = kAclBitmap,
        .scope = Scope::kKeys,
        .handler = BitField,
        .group = "bitmap",
        .since = "3.2.0",
        .complexity = "O(1) for each operation; if any writes, O(N) where N is the length of the "
                      "whole string",
        .summary = "Reads, sets and increments integers of any width inside a key's string.",
        .syntax =
            "key [operation=GET {encoding_offset=encoding offset:integer}|"
            "{write=[OVERFLOW <wrap_sat_fail=WRAP|SAT|FAIL>] "
            "<write_operation=SET {encoding_offset_value=encoding offset:integer value:integer}|"
            "INCRBY {encoding_offset_increment=encoding offset:integer increment:integer}>}]..."},
    Command{.name = "bitfield_ro",
            .arity = -2,
            .flags = kReadonly | kFast,
            .keys = {.first = 1, .last = 1, .step = 1, .flags = "RO access"},
            .acl = kAclBitmap,
            .scope = Scope::kKeys,
            .handler = BitFieldRo,
            .group = "bitmap",
            .since = "6.0.0",
            .complexity = "O(1) for each operation",
            .summary = "Reads integers of any width inside a key's string.",
            .syntax = "key [GET {encoding_offset=encoding offset:integer}]..."},
};

}  // namespace

std::span<const Command> BitFieldCommands() { return kRows; }

}  // namespace tally::server
