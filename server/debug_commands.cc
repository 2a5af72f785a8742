// DEBUG: for tests of what clients do when a server is slow, expires nothing, or has forgotten all that it
// held in memory. One row, as in Redis: its subcommands are not described one by one.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/debug_permission.h"
#include "server/deferred_reply.h"
#include "server/keyspace_walk.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/string_value.h"
#include "storage/access_clock.h"
#include "storage/slot.h"

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

// Any error, as the arguments say; what would end the line becomes blank.
void Error(Operation& op) { op.reply().Error(op.arg(2)); }

void Log(Operation& op) {
  spdlog::warn("DEBUG LOG: {}", op.arg(2));
  op.reply().Ok();
}

void ReplyBooleans(ReplyWriter& reply) {
  constexpr int kPairs = 3;
  reply.Map(kPairs);
  for (int i = 0; i < kPairs; ++i) {
    reply.Integer(i);
    reply.Boolean(i == 1);
  }
}

void ReplyWithAttribute(ReplyWriter& reply) {
  if (reply.resp() > 2) reply.Raw("|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n");
  reply.Bulk("Some real reply following the attribute");
}

void ReplyPush(ReplyWriter& reply) {
  if (reply.resp() == 2) return reply.Error("ERR RESP2 is not supported by this command");
  reply.Push(2);
  reply.Bulk("server-cpu-usage");
  reply.Integer(42);
  reply.Bulk("Some real reply following the push reply");
}

// One reply of each kind, the same that Redis gives: tests of clients know them.
void Protocol(Operation& op) {
  struct Kind {
    std::string_view name;
    void (*reply)(ReplyWriter&);
  };
  static constexpr auto kKinds = std::to_array<Kind>({
      {"string", [](ReplyWriter& r) { r.Bulk("Hello World"); }},
      {"integer", [](ReplyWriter& r) { r.Integer(12345); }},
      {"double", [](ReplyWriter& r) { r.Double(3.141); }},
      {"bignum", [](ReplyWriter& r) { r.BigNumber("1234567999999999999999999999999999999"); }},
      {"null", [](ReplyWriter& r) { r.Null(); }},
      {"array", [](ReplyWriter& r) { r.Array(3), r.Integer(0), r.Integer(1), r.Integer(2); }},
      {"set", [](ReplyWriter& r) { r.Set(3), r.Integer(0), r.Integer(1), r.Integer(2); }},
      {"map", ReplyBooleans},
      {"attrib", ReplyWithAttribute},
      {"push", ReplyPush},
      {"verbatim", [](ReplyWriter& r) { r.Verbatim("txt", "This is a verbatim\nstring"); }},
      {"true", [](ReplyWriter& r) { r.Boolean(true); }},
      {"false", [](ReplyWriter& r) { r.Boolean(false); }},
  });
  std::string names;
  for (const Kind& kind : kKinds) {
    if (EqualsIgnoreCase(op.arg(2), kind.name)) return kind.reply(op.reply());
    names.append(names.empty() ? "" : "|").append(kind.name);
  }
  op.reply().Error(errors::NotAProtocolType(names));
}

// Looks for one object where it must be, and brings it in if it is cold. No use of it.
class ObjectVisitor final : public WalkVisitor {
 public:
  ObjectVisitor(std::string_view name, int64_t now_ms, std::shared_ptr<DeferredReply> token)
      : name_(name), slot_(storage::SlotOf(name)), now_ms_(now_ms), token_(std::move(token)) {}

  void Visit(const storage::Object& object) override {
    if (object.name() == name_) text_ = TextOf(object);
    is_past_ = is_past_ || storage::SlotOf(object.name()) != slot_;
  }
  [[nodiscard]] bool IsDone() const override { return is_past_ || text_.has_value(); }
  void Finish(storage::SlotPosition /*next*/, bool readable) override {
    SendReply(*token_, [&](ReplyWriter& reply) {
      if (text_) return reply.Status(*text_);
      reply.Error(readable ? errors::kNoSuchKey : errors::kUnreadable);
    });
  }

 private:
  [[nodiscard]] std::string TextOf(const storage::Object& object) const {
    const storage::AccessClock now = storage::AccessClockAt(now_ms_);
    return fmt::format(
        "Value at:{} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
        static_cast<const void*>(&object), EncodingOf(object), ValueSize(object),
        object.access_clock(),
        std::min(storage::IdleSeconds(now, object.access_clock()), storage::kMaxIdleSeconds));
  }

  const std::string name_;
  const uint32_t slot_;
  const int64_t now_ms_;
  const std::shared_ptr<DeferredReply> token_;
  bool is_past_ = false;
  std::optional<std::string> text_;
};

void Object(Operation& op) {
  const storage::SlotPosition from{storage::SlotOf(op.arg(2)), 0};
  auto visitor = std::make_unique<ObjectVisitor>(op.arg(2), op.now_ms(), op.Defer());
  op.services().Walk(std::move(visitor), op.database(), from, KeyspaceWalk::kMostPerStep);
}

void Help(Operation& op) {
  static constexpr auto kLines = std::to_array<std::string_view>({
      "DEBUG <subcommand>, which is one of these:",
      "ERROR text",
      "    Replies this as an error.",
      "LOADAOF",
      "    The same as RELOAD.",
      "LOG text",
      "    Writes this into the server's log.",
      "OBJECT key",
      "    Tells where and how an object is kept.",
      "PROTOCOL string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
      "    Gives a reply of this kind.",
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
    {"ERROR", 3, 3, Error},
    {"HELP", 2, 2, Help},
    {"LOADAOF", 2, 2, Reload},
    {"LOG", 3, 3, Log},
    {"OBJECT", 3, 3, Object},
    {"PROTOCOL", 3, 3, Protocol},
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
