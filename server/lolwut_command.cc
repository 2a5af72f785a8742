// LOLWUT: a picture, and whose it is.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/tally_marks.h"

namespace tally::server {
namespace {

constexpr int64_t kColumns = 6;
constexpr int64_t kMostColumns = 40;
constexpr int64_t kRowsShown = 4;
constexpr int64_t kMostRows = 100;

// The `index`th number behind the version, as far as one was given; false: it is none.
bool TakeSize(const Operation& op, size_t index, int64_t most, int64_t* size) {
  constexpr size_t kFirst = 3;
  if (op.argc() <= kFirst + index) return true;
  const std::optional<int64_t> value = protocol::ParseInt64(op.arg(kFirst + index));
  if (!value) return false;
  *size = std::clamp<int64_t>(*value, 1, most);
  return true;
}

// Every version has the same picture: of the requests that the server has answered. As in Redis
// what does not begin with VERSION and a number's place is not looked at.
void LolWut(Operation& op) {
  int64_t columns = kColumns;
  int64_t rows = kRowsShown;
  if (op.argc() > 2 && EqualsIgnoreCase(op.arg(1), "VERSION")) {
    if (!protocol::ParseInt64(op.arg(2)) || !TakeSize(op, 0, kMostColumns, &columns) ||
        !TakeSize(op, 1, kMostRows, &rows)) {
      return op.reply().Error(protocol::errors::kNotAnInteger);
    }
  }
  uint64_t requests = 1;  // this one
  for (const CoreStatistics* core : op.services().statistics()) {
    requests += core->commands_processed.value();
  }
  std::string text =
      DrawTallyMarks(requests, static_cast<size_t>(columns), static_cast<size_t>(rows));
  text += fmt::format("\n{} requests, and not one forgotten.\nTally ver. {}\n", requests,
                      op.services().facts().version);
  op.reply().Verbatim("txt", text);
}

constexpr std::array kRows{
    Command{.name = "lolwut",
            .arity = -1,
            .flags = kReadonly | kFast,
            .handler = LolWut,
            .group = "server",
            .since = "5.0.0",
            .complexity = "O(1)",
            .summary = "Shows a picture, and the server's version.",
            .syntax = "[VERSION version:integer]"},
};

}  // namespace

std::span<const Command> LolWutCommands() { return kRows; }

}  // namespace tally::server
