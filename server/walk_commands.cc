// Commands that go through a whole database: in steps, so that nothing stands still for them, and over
// objects in memory and cold ones alike.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/deferred_reply.h"
#include "server/gathered_names.h"
#include "server/glob.h"
#include "server/keyspace_walk.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/type_name.h"
#include "storage/name_hash.h"
#include "storage/slot.h"
#include "storage/slot_table.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using protocol::ReplyWriter;
using storage::kSlotCount;
using storage::SlotPosition;

// A cursor is a place in the order of slots and hashes. It needs no memory here, outlives restarts, and
// means the same whatever the number of threads.
std::string CursorOf(SlotPosition position) {
  if (position.slot >= kSlotCount) return "0";
  return std::to_string(uint64_t{position.slot} << storage::kNameHashBits | position.hash);
}

SlotPosition PositionOf(uint64_t cursor) {
  const uint64_t slot = cursor >> storage::kNameHashBits;
  if (slot >= kSlotCount) return {kSlotCount, 0};
  constexpr uint64_t kHashMask = (uint64_t{1} << storage::kNameHashBits) - 1;
  return {static_cast<uint32_t>(slot), cursor & kHashMask};
}

// As strtoul reads it, which Redis asks: a sign is fine, and nothing is 0.
std::optional<uint64_t> ParseCursor(std::string_view text) {
  if (text.empty()) return 0;
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  uint64_t cursor = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return is_negative ? 0 - cursor : cursor;
}

// As Redis: its glob matches nothing with an empty name, but "*" alone is never asked.
bool MatchesName(std::string_view pattern, std::string_view name) {
  return pattern == "*" || GlobMatch(pattern, name, false);
}

struct ScanOptions {
  uint64_t cursor = 0;
  int64_t count = 10;
  std::optional<std::string> pattern;
  std::optional<std::string> type;
};

// False: an error was replied.
bool ParseScan(Operation& op, ScanOptions* options) {
  const std::optional<uint64_t> cursor = ParseCursor(op.arg(1));
  if (!cursor) {
    op.reply().Error(errors::kInvalidCursor);
    return false;
  }
  options->cursor = *cursor;
  for (size_t i = 2; i < op.argc(); i += 2) {
    const bool has_value = i + 1 < op.argc();
    if (has_value && EqualsIgnoreCase(op.arg(i), "COUNT")) {
      const std::optional<int64_t> count = protocol::ParseInt64(op.arg(i + 1));
      if (!count || *count < 1) {
        op.reply().Error(count ? errors::kSyntax : errors::kNotAnInteger);
        return false;
      }
      options->count = *count;
    } else if (has_value && EqualsIgnoreCase(op.arg(i), "MATCH")) {
      options->pattern = op.arg(i + 1);
    } else if (has_value && EqualsIgnoreCase(op.arg(i), "TYPE")) {
      options->type = op.arg(i + 1);
    } else {
      op.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

class ScanVisitor final : public WalkVisitor {
 public:
  // What is gathered for a larger COUNT is much.
  static constexpr int64_t kLargeCount = 10'000;

  ScanVisitor(ScanOptions options, bool removes_expired, std::shared_ptr<DeferredReply> token)
      : options_(std::move(options)),
        removes_expired_(removes_expired),
        resp_(token->resp()),
        names_(std::move(token)) {}

  [[nodiscard]] bool gathers() const override { return options_.count > kLargeCount; }
  void TakePlace(std::shared_ptr<WalkPlace> place) override { names_.set_place(std::move(place)); }
  [[nodiscard]] bool IsWanted() const override { return names_.IsWanted(); }

  void Visit(const storage::Object& object) override {
    ++visited_;
    if (options_.type && !EqualsIgnoreCase(*options_.type, TypeNameOf(&object))) return;
    if (options_.pattern && !MatchesName(*options_.pattern, object.name())) return;
    names_.Add(object.name());
  }
  [[nodiscard]] bool RemovesExpired() const override { return removes_expired_; }
  [[nodiscard]] bool IsDone() const override { return visited_ >= options_.count; }
  void Finish(SlotPosition next, bool readable) override {
    if (!readable) return names_.SendUnreadable();
    std::string head;
    ReplyWriter reply(&head, resp_);
    reply.Array(2);
    reply.Bulk(CursorOf(next));
    names_.Send(std::move(head));
  }

 private:
  const ScanOptions options_;
  const bool removes_expired_;
  const int resp_;
  int64_t visited_ = 0;
  GatheredNames names_;
};

void Scan(Operation& op) {
  ScanOptions options;
  if (!ParseScan(op, &options)) return;
  const SlotPosition from = PositionOf(options.cursor);
  const auto wanted = static_cast<size_t>(options.count);
  auto visitor = std::make_unique<ScanVisitor>(std::move(options), !op.LeavesExpired(), op.Defer());
  op.walker().Walk(std::move(visitor), op.database(), from, wanted);
}

class KeysVisitor final : public WalkVisitor {
 public:
  KeysVisitor(std::string_view pattern, std::shared_ptr<DeferredReply> token)
      : pattern_(pattern), names_(std::move(token)) {}

  [[nodiscard]] bool gathers() const override { return true; }
  void TakePlace(std::shared_ptr<WalkPlace> place) override { names_.set_place(std::move(place)); }
  [[nodiscard]] bool IsWanted() const override { return names_.IsWanted(); }
  void Visit(const storage::Object& object) override {
    if (MatchesName(pattern_, object.name())) names_.Add(object.name());
  }
  [[nodiscard]] bool IsDone() const override { return false; }
  void Finish(SlotPosition /*next*/, bool readable) override {
    readable ? names_.Send({}) : names_.SendUnreadable();
  }

 private:
  const std::string pattern_;
  GatheredNames names_;
};

void Keys(Operation& op) {
  auto visitor = std::make_unique<KeysVisitor>(op.arg(1), op.Defer());
  op.walker().Walk(std::move(visitor), op.database(), {}, KeyspaceWalk::kMostPerStep);
}

// One of the next `kCandidates` from a random place on, all equally likely: what lies behind a gap in the
// order is hardly more often drawn than the rest.
class RandomKeyVisitor final : public WalkVisitor {
 public:
  static constexpr uint64_t kCandidates = 64;

  RandomKeyVisitor(Walker* walker, int database, bool removes_expired,
                   std::shared_ptr<DeferredReply> token)
      : walker_(walker),
        database_(database),
        removes_expired_(removes_expired),
        token_(std::move(token)),
        random_(Seed()) {}

  [[nodiscard]] bool IsWanted() const override { return !token_->gone(); }
  void Visit(const storage::Object& object) override {
    ++seen_;
    if (random_() % seen_ == 0) name_ = object.name();
  }
  [[nodiscard]] bool RemovesExpired() const override { return removes_expired_; }
  [[nodiscard]] bool IsDone() const override {
    return seen_ >= (stage_ == Stage::kFindSlot ? 1 : kCandidates);
  }
  void Finish(SlotPosition next, bool readable) override {
    if (!readable) {
      return SendReply(*token_, [](ReplyWriter& reply) { reply.Error(errors::kUnreadable); });
    }
    if (stage_ == Stage::kFindSlot && name_) {
      const SlotPosition within{storage::SlotOf(*name_), random_() % storage::SlotTable::kHashEnd};
      seen_ = 0;  // what is chosen from now on replaces it
      return GoOn(Stage::kChoose, within);
    }
    const bool reached_end = next.slot >= kSlotCount;
    if (reached_end && stage_ != Stage::kFromTheFront && !IsDone())
      return GoOn(Stage::kFromTheFront, {});
    SendReply(*token_, [&](ReplyWriter& reply) {
      if (name_) {
        reply.Bulk(*name_);
      } else {
        reply.Null();
      }
    });
  }
  [[nodiscard]] SlotPosition RandomSlot() {
    return {static_cast<uint32_t>(random_() % kSlotCount), 0};
  }

 private:
  // First a slot that holds something, then a place in it: most of the keys may be in one slot.
  enum class Stage : uint8_t { kFindSlot, kChoose, kFromTheFront };

  static uint64_t Seed() { return std::random_device{}(); }
  void GoOn(Stage stage, SlotPosition from) {
    auto rest = std::make_unique<RandomKeyVisitor>(walker_, database_, removes_expired_, token_);
    rest->stage_ = stage;
    rest->seen_ = seen_;
    rest->name_ = std::move(name_);
    walker_->Walk(std::move(rest), database_, from, kCandidates);
  }

  Walker* const walker_;
  const int database_;
  const bool removes_expired_;
  const std::shared_ptr<DeferredReply> token_;
  std::mt19937_64 random_;
  Stage stage_ = Stage::kFindSlot;
  uint64_t seen_ = 0;
  std::optional<std::string> name_;
};

void RandomKey(Operation& op) {
  auto visitor = std::make_unique<RandomKeyVisitor>(&op.walker(), op.database(),
                                                    !op.LeavesExpired(), op.Defer());
  const SlotPosition from = visitor->RandomSlot();
  op.walker().Walk(std::move(visitor), op.database(), from, RandomKeyVisitor::kCandidates);
}

constexpr std::array kRows{
    Command{
        .name = "scan",
        .arity = -2,
        .flags = kReadonly,
        .acl = kAclKeyspace,
        .scope = Scope::kWalk,
        .handler = Scan,
        .group = "generic",
        .since = "2.8.0",
        .complexity = "O(1) for a call; O(N) for all calls from 0 to 0, N being the number of keys",
        .summary = "Answers some keys, and a cursor from which the next call goes on.",
        .syntax = "cursor:integer [MATCH pattern:pattern] [COUNT count:integer] "
                  "[TYPE type:string]@6.0.0",
        .tips = "nondeterministic_output request_policy:special"},
    Command{.name = "keys",
            .arity = 2,
            .flags = kReadonly,
            .acl = kAclKeyspace | kAclDangerous,
            .scope = Scope::kWalk,
            .handler = Keys,
            .group = "generic",
            .since = "1.0.0",
            .complexity = "O(N) where N is the number of keys",
            .summary = "Answers all keys that match a pattern; goes through them in steps.",
            .syntax = "pattern:pattern",
            .tips = "request_policy:all_shards nondeterministic_output_order"},
    Command{.name = "randomkey",
            .arity = 1,
            .flags = kReadonly,
            .acl = kAclKeyspace,
            .scope = Scope::kWalk,
            .handler = RandomKey,
            .group = "generic",
            .since = "1.0.0",
            .complexity = "O(1)",
            .summary = "Answers a key at random.",
            .tips = "request_policy:all_shards nondeterministic_output"},
};

}  // namespace

std::span<const Command> WalkCommands() { return kRows; }

}  // namespace tally::server
