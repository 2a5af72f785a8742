// Commands about the server as a whole: its clock, its checkpoints, its durability, its end.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/deferred_reply.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/wall_clock.h"
#include "storage/ticket.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using protocol::ReplyWriter;

void Time(Operation& op) {
  // Finer than the operation's own clock.
  const int64_t now_us = WallClock::NowUs();
  constexpr int64_t kMicroseconds = 1'000'000;
  op.reply().Array(2);
  op.reply().BulkInteger(now_us / kMicroseconds);
  op.reply().BulkInteger(now_us % kMicroseconds);
}

void Save(Operation& op) {
  const std::shared_ptr<DeferredReply> token = op.Defer();
  const bool started = op.services().StartCheckpoint([token](bool ok, const std::string& problem) {
    SendReply(*token, [&](ReplyWriter& reply) {
      if (ok) return reply.Ok();
      reply.Error("ERR " + problem);
    });
  });
  if (!started) SendReply(*token, [](ReplyWriter& reply) { reply.Error(errors::kSaveInProgress); });
}

// How it ends is seen in INFO. In a transaction Redis leaves it for later, and says so; clients may look at the words.
void StartInBackground(Operation& op, std::string_view what, std::string_view busy) {
  if (!op.services().StartCheckpoint([](bool, const std::string&) {})) {
    return op.reply().Error(busy);
  }
  op.reply().Status(fmt::format("{} {}", what, op.may_wait() ? "started" : "scheduled"));
}

// SCHEDULE makes no difference: nothing but another checkpoint stands in a checkpoint's way.
void BgSave(Operation& op) {
  if (op.argc() > 2 || (op.argc() == 2 && !EqualsIgnoreCase(op.arg(1), "SCHEDULE"))) {
    return op.reply().Error(errors::kSyntax);
  }
  StartInBackground(op, "Background saving", errors::kSaveInProgress);
}

// What Redis's rewriting is for, a checkpoint does: the journal becomes short again.
void BgRewriteAof(Operation& op) {
  StartInBackground(op, "Background append only file rewriting", errors::kRewriteInProgress);
}

void LastSave(Operation& op) { op.reply().Integer(op.services().checkpoint_info().last_success_s); }

// Longer than anybody waits, and still a number that clocks can add to.
constexpr int64_t kCenturyMs = int64_t{100} * 365 * 24 * 60 * 60 * 1000;

// Of WAIT and WAITAOF. False: an error was replied.
bool ParseTimeout(Operation& op, std::string_view text, int64_t* timeout_ms) {
  const std::optional<int64_t> timeout = protocol::ParseInt64(text);
  if (!timeout) {
    op.reply().Error(errors::kTimeoutNotAnInteger);
  } else if (*timeout < 0) {
    op.reply().Error(errors::kTimeoutNegative);
  } else if (*timeout > std::numeric_limits<int64_t>::max() - op.now_ms()) {
    op.reply().Error("ERR timeout is out of range");
  } else {
    *timeout_ms = std::min(*timeout, kCenturyMs);
    return true;
  }
  return false;
}

// Replicas that do not exist never acknowledge: a wait for one ends with its time only.
void Wait(Operation& op) {
  const std::optional<int64_t> replicas = protocol::ParseInt64(op.arg(1));
  int64_t timeout_ms = 0;
  if (!replicas) return op.reply().Error(errors::kNotAnInteger);
  if (!ParseTimeout(op, op.arg(2), &timeout_ms)) return;
  if (*replicas <= 0 || !op.may_wait()) return op.reply().Integer(0);
  const std::shared_ptr<DeferredReply> token = op.Defer();
  const auto done = [token](bool) {
    SendReply(*token, [](ReplyWriter& reply) { reply.Integer(0); });
  };
  op.services().WaitUntilSynced(storage::kOpenTicket, timeout_ms, done,
                                [token] { return token->abandoned(); });
}

// False: an error was replied.
bool ParseWaitAof(Operation& op, int64_t* local, int64_t* replicas, int64_t* timeout_ms) {
  const std::optional<int64_t> numlocal = protocol::ParseInt64(op.arg(1));
  const std::optional<int64_t> numreplicas = protocol::ParseInt64(op.arg(2));
  if (!numlocal) {
    op.reply().Error(errors::kNotAnInteger);
  } else if (*numlocal < 0 || *numlocal > 1) {
    op.reply().Error(errors::MustBeBetween(0, 1));
  } else if (!numreplicas || *numreplicas < 0) {
    op.reply().Error(errors::kMustBePositive);
  } else if (ParseTimeout(op, op.arg(3), timeout_ms)) {
    *local = *numlocal;
    *replicas = *numreplicas;
    return true;
  }
  return false;
}

void WriteAcknowledgements(ReplyWriter& reply, bool synced) {
  reply.Array(2);
  reply.Integer(synced ? 1 : 0);
  reply.Integer(0);  // there are no replicas
}

void WaitAof(Operation& op) {
  int64_t local = 0;
  int64_t replicas = 0;
  int64_t timeout_ms = 0;
  if (!ParseWaitAof(op, &local, &replicas, &timeout_ms)) return;

  // Everything appended so far: the client's own writes are among it.
  Services& services = op.services();
  const CommitInfo info = services.commit_info();
  const storage::Ticket own = info.appended;
  const bool synced = info.synced >= own;
  if ((replicas == 0 && (synced || local == 0)) || !op.may_wait()) {
    return WriteAcknowledgements(op.reply(), synced);
  }

  // Replicas that do not exist never acknowledge: that wait ends with its time only.
  const storage::Ticket awaited = replicas == 0 ? own : storage::kOpenTicket;
  const std::shared_ptr<DeferredReply> token = op.Defer();
  const auto done = [token, own, &services](bool) {
    const bool now_synced = services.commit_info().synced >= own;
    SendReply(*token, [&](ReplyWriter& reply) { WriteAcknowledgements(reply, now_synced); });
  };
  services.WaitUntilSynced(awaited, timeout_ms, done, [token] { return token->abandoned(); });
}

struct ShutdownOptions {
  bool save = false;
  bool nosave = false;
  bool other = false;  // NOW, FORCE: there is nothing to wait for, and no error to ignore
  bool abort = false;
};

bool ParseShutdown(const Operation& op, ShutdownOptions* options) {
  for (const std::string_view word : op.args().subspan(1)) {
    if (EqualsIgnoreCase(word, "SAVE")) {
      options->save = true;
    } else if (EqualsIgnoreCase(word, "NOSAVE")) {
      options->nosave = true;
    } else if (EqualsIgnoreCase(word, "NOW") || EqualsIgnoreCase(word, "FORCE")) {
      options->other = true;
    } else if (EqualsIgnoreCase(word, "ABORT")) {
      options->abort = true;
    } else {
      return false;
    }
  }
  const bool contradicts = options->save && options->nosave;
  return !contradicts && !(options->abort && (options->save || options->nosave || options->other));
}

void Shutdown(Operation& op) {
  ShutdownOptions options;
  if (!ParseShutdown(op, &options)) return op.reply().Error(errors::kSyntax);
  // Once begun it does not wait for anything that could be called off.
  if (options.abort) return op.reply().Error(errors::kNoShutdown);
  // No reply, not to what may follow in the pipeline either: the client sees the connection end when the
  // server does. NOSAVE leaves out the checkpoint; nothing is lost, the journal has it all.
  op.client()->reply_mode = ClientState::ReplyMode::kOff;
  op.services().Shutdown(!options.nosave);
}

constexpr std::array kRows{
    Command{.name = "time",
            .arity = 1,
            .flags = kLoading | kStale | kFast,
            .handler = Time,
            .group = "server",
            .since = "2.6.0",
            .complexity = "O(1)",
            .summary = "Answers the time of day: seconds since 1970, and microseconds.",
            .tips = "nondeterministic_output"},
    Command{.name = "save",
            .arity = 1,
            .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
            .handler = Save,
            .group = "server",
            .since = "1.0.0",
            .complexity = "O(N), N: keys changed since the last checkpoint",
            .summary =
                "Makes a checkpoint and answers when it is done; other clients go on meanwhile."},
    Command{.name = "bgrewriteaof",
            .arity = 1,
            .flags = kAdmin | kNoScript | kNoAsyncLoading,
            .handler = BgRewriteAof,
            .group = "server",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Starts a checkpoint, which cuts the journal."},
    Command{.name = "bgsave",
            .arity = -1,
            .flags = kAdmin | kNoScript | kNoAsyncLoading,
            .handler = BgSave,
            .group = "server",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Starts a checkpoint.",
            .syntax = "[SCHEDULE]@3.2.2"},
    Command{.name = "lastsave",
            .arity = 1,
            .flags = kLoading | kStale | kFast,
            .acl = kAclAdmin | kAclDangerous,
            .handler = LastSave,
            .group = "server",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Answers when the last checkpoint was made, in seconds since 1970.",
            .tips = "nondeterministic_output"},
    Command{.name = "wait",
            .arity = 3,
            .flags = kNoScript,
            .acl = kAclConnection,
            .handler = Wait,
            .group = "generic",
            .since = "3.0.0",
            .complexity = "O(1)",
            .summary = "Waits for replicas; there are none, so at most for the time that is given.",
            .syntax = "numreplicas:integer timeout:integer",
            .tips = "request_policy:all_shards response_policy:agg_min"},
    Command{
        .name = "waitaof",
        .arity = 4,
        .flags = kBlocking,
        .acl = kAclConnection,
        .scope = Scope::kAllShards,  // so that the connection's earlier writes have their tickets
        .handler = WaitAof,
        .group = "generic",
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Waits until this connection's writes are on disk here and on replicas.",
        .syntax = "numlocal:integer numreplicas:integer timeout:integer",
        .tips = "request_policy:all_shards response_policy:agg_min"},
    Command{.name = "shutdown",
            .arity = -1,
            .flags = kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy,
            .handler = Shutdown,
            .group = "server",
            .since = "1.0.0",
            .complexity = "O(N) with a checkpoint, N: keys changed since the last one; else O(1)",
            .summary = "Ends the server: answers all that is due, syncs, and makes a checkpoint.",
            .syntax = "[nosave_save=NOSAVE|SAVE] [NOW]@7.0.0 [FORCE]@7.0.0 [ABORT]@7.0.0"},
};

}  // namespace

std::span<const Command> ServerCommands() { return kRows; }

}  // namespace tally::server
