#include "server/string_options.h"

#include <array>

#include "protocol/errors.h"
#include "protocol/number.h"

namespace tally::server {
namespace {

struct TimeWord {
  std::string_view word;
  TimeForm form;
};
constexpr std::array kTimeWords{
    TimeWord{"EX", {.in_seconds = true, .absolute = false}},
    TimeWord{"PX", {.in_seconds = false, .absolute = false}},
    TimeWord{"EXAT", {.in_seconds = true, .absolute = true}},
    TimeWord{"PXAT", {.in_seconds = false, .absolute = true}},
};

class OptionParser {
 public:
  OptionParser(std::span<const std::string_view> args, StringCommand command)
      : args_(args), command_(command) {}

  std::optional<StringOptions> Parse() {
    while (next_ < args_.size()) {
      if (!ParseOne(args_[next_++])) return std::nullopt;
    }
    return options_;
  }

 private:
  using Expiry = StringOptions::Expiry;

  bool ParseOne(std::string_view word) {
    const bool is_set = command_ == StringCommand::kSet;
    if (is_set && EqualsIgnoreCase(word, "NX")) {
      options_.only_if_absent = true;
      return !options_.only_if_present;
    }
    if (is_set && EqualsIgnoreCase(word, "XX")) {
      options_.only_if_present = true;
      return !options_.only_if_absent;
    }
    if (is_set && EqualsIgnoreCase(word, "GET")) return options_.get = true;
    if (is_set && EqualsIgnoreCase(word, "KEEPTTL")) return SetExpiry(Expiry::kKeep, nullptr);
    if (!is_set && EqualsIgnoreCase(word, "PERSIST")) return SetExpiry(Expiry::kRemove, nullptr);
    for (const TimeWord& time : kTimeWords) {
      if (!EqualsIgnoreCase(word, time.word)) continue;
      if (next_ == args_.size() || !SetExpiry(Expiry::kTime, &time)) return false;
      options_.form = time.form;
      options_.amount = args_[next_++];
      return true;
    }
    return false;
  }

  bool SetExpiry(Expiry expiry, const TimeWord* time) {
    if (options_.expiry != Expiry::kUnsaid && (options_.expiry != expiry || time_ != time)) {
      return false;
    }
    options_.expiry = expiry;
    time_ = time;
    return true;
  }

  std::span<const std::string_view> args_;
  StringCommand command_;
  size_t next_ = 0;
  const TimeWord* time_ = nullptr;
  StringOptions options_;
};

}  // namespace

std::optional<StringOptions> ParseStringOptions(const Operation& op, size_t first,
                                                StringCommand command) {
  return OptionParser(op.args().subspan(first), command).Parse();
}

std::optional<int64_t> ParseExpiry(Operation& op, std::string_view amount, TimeForm form) {
  const std::optional<int64_t> number = protocol::ParseInt64(amount);
  if (!number) {
    op.reply().Error(protocol::errors::kNotAnInteger);
    return std::nullopt;
  }
  std::optional<int64_t> moment_ms;
  if (*number > 0) moment_ms = MomentOf(*number, form, op.now_ms());
  if (!moment_ms) op.reply().Error(protocol::errors::InvalidExpireTime(op.command().name));
  return moment_ms;
}

}  // namespace tally::server
