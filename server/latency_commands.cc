// LATENCY: how long things take.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/command_replies.h"
#include "server/latency_reports.h"
#include "server/operation.h"
#include "server/services.h"

namespace tally::server {
namespace {

LatencyMonitor& MonitorOf(Operation& op) { return op.services().slow_watch().latency(); }

void Latest(Operation& op) {
  const std::vector<LatencyMonitor::Event> events = MonitorOf(op).Events();
  op.reply().Array(events.size());
  for (const LatencyMonitor::Event& event : events) {
    constexpr size_t kFields = 4;
    op.reply().Array(kFields);
    op.reply().Bulk(event.name);
    op.reply().Integer(event.samples.back().time_s);
    op.reply().Integer(event.samples.back().latency_ms);
    op.reply().Integer(event.highest_ms);
  }
}

void History(Operation& op) {
  const LatencyMonitor::Event event = MonitorOf(op).Find(op.arg(2));
  op.reply().Array(event.samples.size());
  for (const LatencyMonitor::Sample& sample : event.samples) {
    op.reply().Array(2);
    op.reply().Integer(sample.time_s);
    op.reply().Integer(sample.latency_ms);
  }
}

void Graph(Operation& op) {
  const LatencyMonitor::Event event = MonitorOf(op).Find(op.arg(2));
  if (event.samples.empty()) {
    return op.reply().Error(protocol::errors::NoLatencySamples(op.arg(2)));
  }
  op.reply().Verbatim("txt", LatencyGraph(event, op.now_ms() / 1000));
}

void Doctor(Operation& op) {
  const int64_t threshold_ms = op.services().config().latency_threshold_ms;
  op.reply().Verbatim("txt", LatencyReport(MonitorOf(op).Events(), threshold_ms));
}

void Reset(Operation& op) {
  op.reply().Integer(static_cast<int64_t>(MonitorOf(op).Reset(op.args().subspan(2))));
}

// How many calls took how many microseconds at most: 1, 2, 4 and so on, about (they are powers of two in
// nanoseconds), and of those only the ones that have calls of their own. Redis tells the end of the class of
// its histogram that begins at the power of two, a 128th more.
void WriteHistogram(protocol::ReplyWriter& reply, const std::string& name,
                    const CommandLatency& latency) {
  constexpr uint64_t kNsPerUs = 1000;
  std::vector<std::pair<uint64_t, uint64_t>> steps;
  uint64_t calls = 0;
  uint64_t told = 0;
  for (size_t i = 0; i < latency.counts.size(); ++i) {
    calls += latency.counts[i];
    const uint64_t end_ns = LatencyHistogram::EndOf(i);
    const bool is_step = end_ns > kNsPerUs && (end_ns & (end_ns - 1)) == 0;
    if ((!is_step && i + 1 < latency.counts.size()) || calls == told) continue;
    constexpr uint64_t kRedisClasses = 128;  // for each doubling
    steps.emplace_back((end_ns + end_ns / kRedisClasses - 1) / kNsPerUs, calls);
    told = calls;
  }
  reply.Bulk(name);
  reply.Map(2);
  reply.Bulk("calls");
  reply.Integer(static_cast<int64_t>(latency.calls));
  reply.Bulk("histogram_usec");
  reply.Map(steps.size());
  for (const auto& [end_us, count] : steps) {
    reply.Integer(static_cast<int64_t>(end_us));
    reply.Integer(static_cast<int64_t>(count));
  }
}

// The command and its subcommands, as far as they were called.
void AddHistograms(const Services& services, const Command& command, protocol::ReplyWriter& entries,
                   size_t* count) {
  const CommandLatency latency = CommandLatency::Of(services, command);
  if (latency.calls != 0) {
    WriteHistogram(entries, FullName(command), latency);
    ++*count;
  }
  for (const Command& subcommand : command.subcommands) {
    AddHistograms(services, subcommand, entries, count);
  }
}

void Histogram(Operation& op) {
  std::string bytes;
  protocol::ReplyWriter entries(&bytes, op.reply().resp());
  size_t count = 0;
  if (op.argc() == 2) {
    for (const Command& command : Commands()) {
      AddHistograms(op.services(), command, entries, &count);
    }
  }
  for (const std::string_view name : op.args().subspan(2)) {
    const Command* const command = FindCommandByName(name);
    if (command != nullptr) AddHistograms(op.services(), *command, entries, &count);
  }
  op.reply().Map(count);
  op.reply().Raw(bytes);
}

constexpr std::string_view kTips =
    "nondeterministic_output request_policy:all_nodes response_policy:special";

constexpr Command Row(Command row) {
  row.flags = kAdmin | kNoScript | kLoading | kStale;
  row.group = "server";
  if (row.since.empty()) row.since = "2.8.13";
  if (row.tips.empty()) row.tips = kTips;
  return row;
}

constexpr std::array kSubcommands{
    Row({.name = "doctor",
         .arity = 2,
         .handler = Doctor,
         .complexity = "O(1)",
         .summary = "Says in words what took long."}),
    Row({.name = "graph",
         .arity = 3,
         .handler = Graph,
         .complexity = "O(1)",
         .summary = "Draws an event's samples.",
         .syntax = "event"}),
    Command{.name = "help",
            .arity = 2,
            .flags = kLoading | kStale,
            .handler = ReplyHelp,
            .group = "server",
            .since = "2.8.13",
            .complexity = "O(1)",
            .summary = "Lists the subcommands."},
    Row({.name = "histogram",
         .arity = -2,
         .handler = Histogram,
         .since = "7.0.0",
         .complexity = "O(N), N: commands asked for",
         .summary = "Answers how many calls of commands took how long.",
         .syntax = "[command...]"}),
    Row({.name = "history",
         .arity = 3,
         .handler = History,
         .complexity = "O(1)",
         .summary = "Answers an event's samples.",
         .syntax = "event"}),
    Row({.name = "latest",
         .arity = 2,
         .handler = Latest,
         .complexity = "O(1)",
         .summary = "Answers the newest sample of each event."}),
    Row({.name = "reset",
         .arity = -2,
         .handler = Reset,
         .complexity = "O(1)",
         .summary = "Forgets the samples of some events, or of all.",
         .syntax = "[event...]",
         .tips = "request_policy:all_nodes response_policy:all_succeeded"}),
};

constexpr std::array kRows{
    Command{.name = "latency",
            .arity = -2,
            .group = "server",
            .since = "2.8.13",
            .complexity = "that of the subcommand",
            .summary = "Commands about how long things take.",
            .subcommands = kSubcommands},
};

}  // namespace

std::span<const Command> LatencyCommands() { return kRows; }

}  // namespace tally::server
