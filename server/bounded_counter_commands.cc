// INCREX: a counter with bounds and an expiry, in one step. It came with Redis 8.8 and Valkey 9.2.
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/bounded_counter.h"
#include "server/command_families.h"
#include "server/expiry.h"
#include "server/operation.h"
#include "server/string_options.h"
#include "server/string_value.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

// The options as they were written: numbers are read when it is known what they are.
struct IncrExOptions {
  bool only_if_absent = false;
  bool only_if_present = false;
  bool is_float = false;
  bool saturate = false;
  bool persist = false;
  bool only_first_expiry = false;  ///< ENX
  std::optional<std::string_view> increment;
  std::optional<std::string_view> lower;
  std::optional<std::string_view> upper;
  std::optional<std::string_view> expiry;
  TimeForm form;  ///< of `expiry`
};

// Every option may be said once.
class OptionParser {
 public:
  explicit OptionParser(std::span<const std::string_view> args) : args_(args) {}

  /// False: a syntax error.
  bool Parse() {
    while (next_ < args_.size()) {
      if (!ParseOne(args_[next_++])) return false;
    }
    const bool expires = options_.expiry.has_value();
    return !(options_.only_if_absent && options_.only_if_present) &&
           !(options_.persist && (expires || options_.only_first_expiry));
  }
  const IncrExOptions& options() const { return options_; }

 private:
  bool ParseOne(std::string_view word) {
    if (EqualsIgnoreCase(word, "NX")) return Set(&options_.only_if_absent);
    if (EqualsIgnoreCase(word, "XX")) return Set(&options_.only_if_present);
    if (EqualsIgnoreCase(word, "SATURATE")) return Set(&options_.saturate);
    if (EqualsIgnoreCase(word, "PERSIST")) return Set(&options_.persist);
    if (EqualsIgnoreCase(word, "ENX")) return Set(&options_.only_first_expiry);
    if (EqualsIgnoreCase(word, "LBOUND")) return Take(&options_.lower);
    if (EqualsIgnoreCase(word, "UBOUND")) return Take(&options_.upper);
    if (EqualsIgnoreCase(word, "BYINT")) return Take(&options_.increment);
    if (EqualsIgnoreCase(word, "BYFLOAT")) {
      options_.is_float = true;
      return Take(&options_.increment);
    }
    return ParseTime(word);
  }

  bool ParseTime(std::string_view word) {
    if (EqualsIgnoreCase(word, "EX")) {
      options_.form = {.in_seconds = true, .absolute = false};
    } else if (EqualsIgnoreCase(word, "PX")) {
      options_.form = {.in_seconds = false, .absolute = false};
    } else if (EqualsIgnoreCase(word, "EXAT")) {
      options_.form = {.in_seconds = true, .absolute = true};
    } else if (EqualsIgnoreCase(word, "PXAT")) {
      options_.form = {.in_seconds = false, .absolute = true};
    } else {
      return false;
    }
    return Take(&options_.expiry);
  }

  static bool Set(bool* option) { return !std::exchange(*option, true); }

  bool Take(std::optional<std::string_view>* option) {
    if (option->has_value() || next_ == args_.size()) return false;
    *option = args_[next_++];
    return true;
  }

  std::span<const std::string_view> args_;
  size_t next_ = 0;
  IncrExOptions options_;
};

// What is different for integers and floats.
void ReadNumber(std::string_view text, std::optional<int64_t>* out) {
  *out = protocol::ParseInt64(text);
}
void ReadNumber(std::string_view text, std::optional<long double>* out) {
  *out = protocol::ParseLongDouble(text);
}
std::string NotANumber(std::string_view what, int64_t) { return errors::NamedNotAnInteger(what); }
std::string NotANumber(std::string_view what, long double) { return errors::NamedNotAFloat(what); }
std::string_view NoNumberStored(int64_t) { return errors::kNotAnInteger; }
std::string_view NoNumberStored(long double) { return errors::kNotAFloat; }
bool IsInfinite(int64_t) { return false; }
bool IsInfinite(long double number) { return std::isinf(number); }
std::string_view TooFar(int64_t) { return errors::kAppliedOverflow; }
std::string_view TooFar(long double) { return errors::kAppliedInfinity; }

void WriteNumber(Operation& op, int64_t number) { op.reply().Integer(number); }
void WriteNumber(Operation& op, long double number) {
  if (op.reply().resp() == 2) return op.reply().Bulk(protocol::FormatLongDoubleHuman(number));
  op.reply().Double(static_cast<double>(number));
}

void Put(Operation& op, storage::Object* found, int64_t value, int64_t expires_at_ms) {
  op.PutInteger(0, found, value, expires_at_ms);
}
void Put(Operation& op, storage::Object* found, long double value, int64_t expires_at_ms) {
  PutValue(op, 0, found, protocol::FormatLongDoubleHuman(value), expires_at_ms);
}

template <typename Number>
void ReplyPair(Operation& op, Number value, Number applied) {
  op.reply().Array(2);
  WriteNumber(op, value);
  WriteNumber(op, applied);
}

// False: it is no number, and the error was replied. Left out, `*out` stays.
template <typename Number>
bool ReadOption(Operation& op, std::optional<std::string_view> text, std::string_view what,
                Number* out) {
  if (!text) return true;
  std::optional<Number> number;
  ReadNumber(*text, &number);
  if (number) {
    *out = *number;
  } else {
    op.reply().Error(NotANumber(what, Number{}));
  }
  return number.has_value();
}

// When the object is to expire if the increment is applied. `moment_ms` is what the client asked for.
int64_t NextExpiry(const IncrExOptions& options, const storage::Object* found,
                   std::optional<int64_t> moment_ms) {
  const int64_t now_set = found == nullptr ? storage::kNoExpiry : found->expires_at_ms();
  if (options.persist) return storage::kNoExpiry;
  if (!moment_ms || (options.only_first_expiry && now_set != storage::kNoExpiry)) return now_set;
  return *moment_ms;
}

// As of the commands that it is made of.
void NotifyIncrement(Operation& op, const IncrExOptions& options, int64_t before_ms) {
  op.Notify(kStringEvent, options.is_float ? "incrbyfloat" : "incrby", 0);
  const bool has_set_expiry =
      options.expiry && !(options.only_first_expiry && before_ms != storage::kNoExpiry);
  if (has_set_expiry) op.Notify(kGenericEvent, "expire", 0);
  if (options.persist && before_ms != storage::kNoExpiry) op.Notify(kGenericEvent, "persist", 0);
}

template <typename Number>
void Increment(Operation& op, const IncrExOptions& options) {
  Number increment = 1;
  Bounds<Number> bounds;
  if (!ReadOption(op, options.increment, "Increment", &increment)) return;
  if (IsInfinite(increment)) return op.reply().Error(errors::kNanOrInfinity);
  if (!ReadOption(op, options.lower, "LBOUND", &bounds.lower)) return;
  if (!ReadOption(op, options.upper, "UBOUND", &bounds.upper)) return;
  if (bounds.lower > bounds.upper) return op.reply().Error(errors::kBoundsReversed);
  std::optional<int64_t> moment_ms;
  if (options.expiry) {
    moment_ms = ParseExpiry(op, *options.expiry, options.form);
    if (!moment_ms) return;
  }

  storage::Object* found = op.Find(0);
  std::optional<Number> current = Number{0};
  if (found != nullptr) ReadNumber(ValueText(found).view(), &current);
  if (!current) return op.reply().Error(NoNumberStored(Number{}));
  if (IsInfinite(*current)) return op.reply().Error(errors::kNanOrInfinity);
  if (found == nullptr ? options.only_if_present : options.only_if_absent) {
    return ReplyPair<Number>(op, *current, 0);
  }

  const BoundedSum<Number> sum = AddBounded(*current, increment, bounds, options.saturate);
  if (sum.result == BoundedResult::kTooFar) return op.reply().Error(TooFar(Number{}));
  ReplyPair(op, sum.value, sum.applied);
  if (sum.result == BoundedResult::kRejected) return;
  const int64_t before_ms = found == nullptr ? storage::kNoExpiry : found->expires_at_ms();
  // The moment may be past: it expires when somebody looks, as with SET.
  Put(op, found, sum.value, NextExpiry(options, found, moment_ms));
  NotifyIncrement(op, options, before_ms);
}

void IncrEx(Operation& op) {
  OptionParser parser(op.args().subspan(2));
  if (!parser.Parse()) return op.reply().Error(errors::kSyntax);
  const IncrExOptions& options = parser.options();
  if (options.only_first_expiry && !options.expiry) {
    return op.reply().Error(errors::kEnxWithoutExpiry);
  }
  if (options.is_float) {
    Increment<long double>(op, options);
  } else {
    Increment<int64_t>(op, options);
  }
}

constexpr std::array kRows{
    Command{.name = "increx",
            .arity = -2,
            .flags = kWrite | kDenyOom | kFast,
            .keys = {.first = 1, .last = 1, .step = 1, .flags = "RW access update"},
            .acl = kAclString,
            .scope = Scope::kKeys,
            .handler = IncrEx,
            .group = "string",
            .since = "8.8.0",
            .complexity = "O(1)",
            .summary = "Adds to a counter within bounds and sets its expiry, in one step; answers "
                       "the value and what was added.",
            .syntax =
                "key [condition=NX|XX] [increment=BYFLOAT float:double|BYINT integer:integer] "
                "[LBOUND lowerbound] [UBOUND upperbound] [SATURATE] "
                "[expiration=EX seconds:integer|PX milliseconds:integer|"
                "EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time|"
                "PERSIST] [ENX]"},
};

}  // namespace

std::span<const Command> BoundedCounterCommands() { return kRows; }

}  // namespace tally::server
