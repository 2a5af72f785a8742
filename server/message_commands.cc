// Messages: who listens to what, and what is said to them. How a message goes out: session_messages.cc.
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/operation.h"
#include "server/services.h"
#include "server/subscription_directory.h"
#include "server/subscriptions.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using Kind = SubscriptionKind;

// One of these for each name, and none for the whole command. A null name: there was nothing to end.
void Tell(Operation& op, const std::string_view* name, Kind kind) {
  const Subscriptions* const subscriptions = op.client()->subscriptions.get();
  op.reply().Push(3);
  op.reply().Bulk(op.command().name);
  if (name != nullptr) {
    op.reply().Bulk(*name);
  } else {
    op.reply().Null();
  }
  const size_t count = subscriptions == nullptr ? 0 : subscriptions->count_told(kind);
  op.reply().Integer(static_cast<int64_t>(count));
}

template <Kind kKind>
void Subscribe(Operation& op) {
  std::shared_ptr<Subscriptions>& subscriptions = op.client()->subscriptions;
  if (subscriptions == nullptr) subscriptions = std::make_shared<Subscriptions>();
  for (const std::string_view name : op.args().subspan(1)) {
    subscriptions->Add(kKind, name);
    Tell(op, &name, kKind);
  }
}

template <Kind kKind>
void Unsubscribe(Operation& op) {
  Subscriptions* const subscriptions = op.client()->subscriptions.get();
  std::vector<std::string> all;
  std::vector<std::string_view> names(op.args().begin() + 1, op.args().end());
  if (names.empty() && subscriptions != nullptr) {
    all.assign(subscriptions->names(kKind).begin(), subscriptions->names(kKind).end());
    names.assign(all.begin(), all.end());
  }
  for (const std::string_view name : names) {
    if (subscriptions != nullptr) subscriptions->Remove(kKind, name);
    Tell(op, &name, kKind);
  }
  if (names.empty()) Tell(op, nullptr, kKind);
}

// The reply, how many have had it, is written once it was sent.
template <bool kSharded>
void Publish(Operation& op) {
  std::shared_ptr<Publications>& publications = op.client()->publications;
  if (publications == nullptr) publications = std::make_shared<Publications>();
  publications->push_back(
      {.channel = std::string(op.arg(1)), .payload = std::string(op.arg(2)), .sharded = kSharded});
}

template <Kind kKind>
void ListChannels(Operation& op) {
  if (op.argc() > 3) return op.reply().Error(errors::BadSubcommand(op.arg(1), "pubsub"));
  std::optional<std::string_view> pattern;
  if (op.argc() == 3) pattern = op.arg(2);
  const std::vector<std::string> names = op.services().subscriptions().Matching(kKind, pattern);
  op.reply().Array(names.size());
  for (const std::string& name : names) op.reply().Bulk(name);
}

template <Kind kKind>
void CountSubscribers(Operation& op) {
  op.reply().Array(2 * (op.argc() - 2));
  for (const std::string_view name : op.args().subspan(2)) {
    op.reply().Bulk(name);
    op.reply().Integer(
        static_cast<int64_t>(op.services().subscriptions().subscribers(kKind, name)));
  }
}

void CountPatterns(Operation& op) {
  op.reply().Integer(static_cast<int64_t>(op.services().subscriptions().size(Kind::kPattern)));
}

constexpr KeyPositions kShardChannels = {.first = 1, .last = -1, .step = 1, .flags = "not_key"};

constexpr Command Row(Command row) {
  row.group = "pubsub";
  return row;
}

constexpr Command Subscribing(Command row) {
  row.flags = kPubSub | kNoScript | kLoading | kStale;
  row.for_subscribers = true;
  row.replies_are_pushes = true;
  return Row(row);
}

constexpr Command Asking(Command row) {
  row.flags = kPubSub | kLoading | kStale;
  return Row(row);
}

constexpr std::array kSubcommands{
    Asking({.name = "channels",
            .arity = -2,
            .handler = ListChannels<Kind::kChannel>,
            .since = "2.8.0",
            .complexity = "O(N), N: channels with subscribers",
            .summary = "Lists the channels that somebody has subscribed to.",
            .syntax = "[pattern:pattern]"}),
    Asking({.name = "numpat",
            .arity = 2,
            .handler = CountPatterns,
            .since = "2.8.0",
            .complexity = "O(1)",
            .summary = "Counts the patterns that somebody has subscribed to, each once."}),
    Asking({.name = "numsub",
            .arity = -2,
            .handler = CountSubscribers<Kind::kChannel>,
            .since = "2.8.0",
            .complexity = "O(N), N: channels asked for",
            .summary = "Counts the subscribers of channels, those with patterns left out.",
            .syntax = "[channel...]"}),
    Asking({.name = "shardchannels",
            .arity = -2,
            .handler = ListChannels<Kind::kShardChannel>,
            .since = "7.0.0",
            .complexity = "O(N), N: shard channels with subscribers",
            .summary = "Lists the shard channels that somebody has subscribed to.",
            .syntax = "[pattern:pattern]"}),
    Asking({.name = "shardnumsub",
            .arity = -2,
            .handler = CountSubscribers<Kind::kShardChannel>,
            .since = "7.0.0",
            .complexity = "O(N), N: shard channels asked for",
            .summary = "Counts the subscribers of shard channels.",
            .syntax = "[shardchannel...]"}),
    Row({.name = "help",
         .arity = 2,
         .flags = kLoading | kStale,
         .handler = ReplyHelp,
         .since = "6.2.0",
         .complexity = "O(1)",
         .summary = "Lists the subcommands."}),
};

constexpr std::array kRows{
    Subscribing({.name = "subscribe",
                 .arity = -2,
                 .channels = ChannelUse::kSubscribe,
                 .handler = Subscribe<Kind::kChannel>,
                 .since = "2.0.0",
                 .complexity = "O(N), N: channels",
                 .summary = "Has messages that are published to these channels sent here.",
                 .syntax = "channel..."}),
    Subscribing({.name = "psubscribe",
                 .arity = -2,
                 .channels = ChannelUse::kSubscribePattern,
                 .handler = Subscribe<Kind::kPattern>,
                 .since = "2.0.0",
                 .complexity = "O(N), N: patterns",
                 .summary = "The same of all channels whose names match a pattern.",
                 .syntax = "{pattern=pattern:pattern}..."}),
    Subscribing({.name = "ssubscribe",
                 .arity = -2,
                 .keys = kShardChannels,
                 .channels = ChannelUse::kSubscribe,
                 .handler = Subscribe<Kind::kShardChannel>,
                 .since = "7.0.0",
                 .complexity = "O(N), N: shard channels",
                 .summary = "The same of shard channels.",
                 .syntax = "shardchannel..."}),
    Subscribing({.name = "unsubscribe",
                 .arity = -1,
                 .handler = Unsubscribe<Kind::kChannel>,
                 .since = "2.0.0",
                 .complexity = "O(N), N: the channels' subscribers on this core",
                 .summary = "Ends subscriptions to channels; to all, if none is named.",
                 .syntax = "[channel...]"}),
    Subscribing({.name = "punsubscribe",
                 .arity = -1,
                 .handler = Unsubscribe<Kind::kPattern>,
                 .since = "2.0.0",
                 .complexity = "O(N), N: the patterns' subscribers on this core",
                 .summary = "Ends subscriptions to patterns; to all, if none is named.",
                 .syntax = "[pattern:pattern...]"}),
    Subscribing({.name = "sunsubscribe",
                 .arity = -1,
                 .keys = kShardChannels,
                 .handler = Unsubscribe<Kind::kShardChannel>,
                 .since = "7.0.0",
                 .complexity = "O(N), N: the shard channels' subscribers on this core",
                 .summary = "Ends subscriptions to shard channels; to all, if none is named.",
                 .syntax = "[shardchannel...]"}),
    Row({.name = "publish",
         .arity = 3,
         .flags = kPubSub | kLoading | kStale | kFast | kMayReplicate,
         .channels = ChannelUse::kPublish,
         .handler = Publish<false>,
         .since = "2.0.0",
         .complexity = "O(N+M), N: the channel's subscribers, M: patterns subscribed to",
         .summary =
             "Sends a message to a channel's subscribers, once nothing it may tell of can be lost.",
         .syntax = "channel message"}),
    Row({.name = "spublish",
         .arity = 3,
         .flags = kPubSub | kLoading | kStale | kFast | kMayReplicate,
         .keys = {.first = 1, .last = 1, .step = 1, .flags = "not_key"},
         .channels = ChannelUse::kPublish,
         .handler = Publish<true>,
         .since = "7.0.0",
         .complexity = "O(N), N: the shard channel's subscribers",
         .summary = "The same to a shard channel.",
         .syntax = "shardchannel message"}),
    Row({.name = "pubsub",
         .arity = -2,
         .since = "2.8.0",
         .complexity = "that of the subcommand",
         .summary = "Commands about subscriptions.",
         .subcommands = kSubcommands}),
};

}  // namespace

std::span<const Command> MessageCommands() { return kRows; }

}  // namespace tally::server
