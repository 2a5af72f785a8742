// DEBUG: for tests of what clients do when a server is slow, expires nothing, or has forgotten all that it
// held in memory. One row, as in Redis: its subcommands are not described one by one.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/debug_permission.h"
#include "server/deferred_reply.h"
#include "server/operation.h"
#include "server/services.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using protocol::ReplyWriter;

// Numbers as C reads them: what is none is 0, and what follows one does not matter. So does Redis.
void Sleep(Operation& op) {
  // Beyond it microseconds do not fit an int64; such a sleep is none, in Redis too.
  constexpr double kTooLongSeconds = 9e12;
  const double seconds = std::strtod(std::string(op.arg(2)).c_str(), nullptr);
  if (seconds > 0 && seconds < kTooLongSeconds) {
    constexpr double kMicroseconds = 1e6;
    const auto duration_us = static_cast<int64_t>(seconds * kMicroseconds);
    std::this_thread::sleep_for(std::chrono::microseconds(duration_us));
  }
  op.reply().Ok();
}

void SetActiveExpire(Operation& op) {
  const bool on = std::strtol(std::string(op.arg(2)).c_str(), nullptr, 10) != 0;
  op.services().config().active_expire = on;
  op.reply().Ok();
}

// MERGE and NOFLUSH are about what happens to keys that the file does not have: there are none.
void Reload(Operation& op) {
  bool nosave = false;
  for (const std::string_view option : op.args().subspan(2)) {
    if (EqualsIgnoreCase(option, "NOSAVE")) {
      nosave = true;
    } else if (!EqualsIgnoreCase(option, "MERGE") && !EqualsIgnoreCase(option, "NOFLUSH")) {
      return op.reply().Error(errors::kDebugReloadOptions);
    }
  }
  if (nosave) return op.reply().Error(errors::kDebugReloadForgetsNothing);
  const std::shared_ptr<DeferredReply> token = op.Defer();
  const bool started = op.services().ReloadObjects([token](bool ok, const std::string& problem) {
    SendReply(*token, [&](ReplyWriter& reply) {
      if (ok) return reply.Ok();
      reply.Error("ERR " + problem);
    });
  });
  if (!started) SendReply(*token, [](ReplyWriter& reply) { reply.Error(errors::kSaveInProgress); });
}

void Help(Operation& op) {
  static constexpr auto kLines = std::to_array<std::string_view>({
      "DEBUG <subcommand>, which is one of these:",
      "RELOAD [MERGE] [NOFLUSH]",
      "    Makes a checkpoint, drops all objects from memory and reads them from disk again.",
      "SET-ACTIVE-EXPIRE 0|1",
      "    With 0 expired keys are removed only when somebody asks for them.",
      "SLEEP seconds",
      "    Does nothing for so long, and lets nobody else do anything.",
      "HELP",
      "    Lists the subcommands.",
  });
  op.reply().Array(kLines.size());
  for (const std::string_view line : kLines) op.reply().Status(line);
}

struct Subcommand {
  std::string_view name;
  size_t least_arguments;  // DEBUG and the name among them
  size_t most_arguments;
  Handler handler;
};

constexpr size_t kAnyNumber = SIZE_MAX;

constexpr auto kSubcommands = std::to_array<Subcommand>({
    {"HELP", 2, 2, Help},
    {"RELOAD", 2, kAnyNumber, Reload},
    {"SET-ACTIVE-EXPIRE", 3, 3, SetActiveExpire},
    {"SLEEP", 3, 3, Sleep},
});

void Debug(Operation& op) {
  if (!MayDebug(op.services().config(), op.client()->address)) {
    return op.reply().Error(errors::kDebugNotAllowed);
  }
  for (const Subcommand& subcommand : kSubcommands) {
    if (!EqualsIgnoreCase(op.arg(1), subcommand.name)) continue;
    if (op.argc() < subcommand.least_arguments || op.argc() > subcommand.most_arguments) break;
    return subcommand.handler(op);
  }
  op.reply().Error(errors::BadSubcommand(op.arg(1), op.command().name));
}

constexpr std::array kRows{
    Command{.name = "debug",
            .arity = -2,
            .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
            .scope = Scope::kAllShards,  // SLEEP stops them all
            .handler = Debug,
            .group = "server",
            .since = "1.0.0",
            .complexity = "that of the subcommand",
            .summary = "Commands for tests of clients; refused unless the server allows them."},
};

}  // namespace

std::span<const Command> DebugCommands() { return kRows; }

}  // namespace tally::server
