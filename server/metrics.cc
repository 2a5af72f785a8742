#include "server/metrics.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/command.h"
#include "server/core_totals.h"
#include "server/latency_reports.h"
#include "server/memory_usage.h"
#include "server/metric_list.h"
#include "server/readiness.h"
#include "server/services.h"
#include "server/subscription_directory.h"
#include "server/tracking_registry.h"

namespace tally::server {
namespace {

constexpr double kMicrosecond = 1e-6;
constexpr double kNanosecond = 1e-9;
constexpr double kMillisecond = 1e-3;

// Every fourth power of two of nanoseconds: 1.024 us, 4.096 us … 17.2 s. Classes of LatencyHistogram end there, too.
constexpr unsigned kFirstBound = 10;
constexpr unsigned kLastBound = 34;
constexpr unsigned kBoundStep = 2;

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * kMicrosecond;
}

struct UsedCommand {
  const Command* command;
  CommandTotals totals;
};

void CollectUsed(const Services& services, std::span<const Command> commands,
                 std::vector<UsedCommand>* used) {
  for (const Command& command : commands) {
    const CommandTotals totals = CommandTotals::Of(services, command);
    if (totals.is_used()) used->push_back({&command, totals});
    CollectUsed(services, command.subcommands, used);
  }
}

MetricList::Histogram HistogramOf(const CommandLatency& latency, uint64_t nanoseconds) {
  MetricList::Histogram histogram;
  size_t index = 0;
  uint64_t count = 0;
  for (unsigned power = kFirstBound; power <= kLastBound; power += kBoundStep) {
    const uint64_t bound = uint64_t{1} << power;
    for (; index + 1 < LatencyHistogram::kClasses && LatencyHistogram::EndOf(index) <= bound;
         ++index) {
      count += latency.counts[index];
    }
    histogram.bucket.push_back({count, static_cast<double>(bound) * kNanosecond});
  }
  for (; index < LatencyHistogram::kClasses; ++index) count += latency.counts[index];
  histogram.bucket.push_back({count, std::numeric_limits<double>::infinity()});
  histogram.sample_count = count;
  histogram.sample_sum = static_cast<double>(nanoseconds) * kNanosecond;
  return histogram;
}

void AddCommands(const Services& services, MetricList* list) {
  std::vector<UsedCommand> used;
  CollectUsed(services, Commands(), &used);
  list->Counters("commands_total", "Calls, by command.");
  for (const UsedCommand& one : used) {
    list->Sample(static_cast<double>(one.totals.calls), {{"command", FullName(*one.command)}});
  }
  list->Counters("command_errors_total",
                 "Error replies, by command: rejected before it ran, or failed.");
  for (const UsedCommand& one : used) {
    const std::string name = FullName(*one.command);
    list->Sample(static_cast<double>(one.totals.rejected),
                 {{"command", name}, {"kind", "rejected"}});
    list->Sample(static_cast<double>(one.totals.failed), {{"command", name}, {"kind", "failed"}});
  }
  list->Histograms("command_duration_seconds",
                   "How long commands ran, without waiting for their commit.");
  for (const UsedCommand& one : used) {
    const CommandLatency latency = CommandLatency::Of(services, *one.command);
    if (latency.calls == 0) continue;
    list->Sample(HistogramOf(latency, one.totals.nanoseconds),
                 {{"command", FullName(*one.command)}});
  }
  list->Counters("errors_total", "Error replies, by their first word.");
  for (const auto& [kind, count] : ErrorTotals(services)) {
    list->Sample(static_cast<double>(count), {{"kind", kind}});
  }
}

// A number of each core, or of its shard.
struct ByShard {
  bool is_counter;
  std::string_view name;
  std::string_view help;
  Counter CoreStatistics::*counter;
  double unit = 1;
};

constexpr auto kByShard = std::to_array<ByShard>({
    {false, "resident_objects", "Objects in memory.", &CoreStatistics::resident_objects},
    {false, "object_bytes", "Memory of objects.", &CoreStatistics::object_bytes},
    {false, "table_bytes", "Memory of the objects' tables.", &CoreStatistics::table_bytes},
    {false, "dirty_bytes", "Memory of objects that no checkpoint has yet.",
     &CoreStatistics::dirty_bytes},
    {false, "waiting_operations", "Operations that wait for objects from disk, or for room.",
     &CoreStatistics::waiting_operations},
    {false, "incomplete_slots", "Slots of which something is not in memory.",
     &CoreStatistics::incomplete_slots},
    {false, "connected_clients", "Connections, of all doors.", &CoreStatistics::connected_clients},
    {false, "blocked_clients", "Clients that CLIENT PAUSE holds back.",
     &CoreStatistics::blocked_clients},
    {true, "connections_received_total", "Connections that were accepted.",
     &CoreStatistics::connections_received},
    {true, "received_bytes_total", "Bytes from clients.", &CoreStatistics::bytes_in},
    {true, "sent_bytes_total", "Bytes to clients.", &CoreStatistics::bytes_out},
    {true, "keyspace_hits_total", "Reads that found their key.", &CoreStatistics::keyspace_hits},
    {true, "keyspace_misses_total", "Reads that did not find their key.",
     &CoreStatistics::keyspace_misses},
    {true, "expired_objects_total", "Objects whose time had come.", &CoreStatistics::expired_keys},
    {true, "evicted_objects_total", "Objects that left memory; they stay on disk.",
     &CoreStatistics::evicted_objects},
    {true, "object_loads_total", "Objects that were read from the disk.",
     &CoreStatistics::object_loads},
    {true, "object_loads_from_cache_total", "Objects that the store's memory knew.",
     &CoreStatistics::object_memory_hits},
    {true, "turns_total", "Turns of the core's loop.", &CoreStatistics::turns},
    {true, "held_replies_total", "Batches of replies that waited for their commit.",
     &CoreStatistics::held_replies},
    {true, "held_reply_seconds_total", "How long they waited, together.", &CoreStatistics::held_us,
     kMicrosecond},
});

void AddShards(const Services& services, MetricList* list) {
  for (const ByShard& row : kByShard) {
    if (row.is_counter) {
      list->Counters(row.name, row.help);
    } else {
      list->Gauges(row.name, row.help);
    }
    for (size_t i = 0; i < services.statistics().size(); ++i) {
      const auto count = static_cast<double>((services.statistics()[i]->*row.counter).value());
      list->Sample(count * row.unit, {{"shard", std::to_string(i)}});
    }
  }
  list->Counter("commands_processed_total", "Requests that were carried out.",
                static_cast<double>(SumOf(services, &CoreStatistics::commands_processed)));
  list->Counter("rejected_connections_total", "Connections that were turned away.",
                static_cast<double>(services.rejected_connections()));
  list->Gauge("objects", "Objects, cold ones too.",
              static_cast<double>(SumOf(services, &CoreStatistics::objects)));
}

void AddCommits(const Services& services, MetricList* list) {
  const CommitInfo commit = services.commit_info();
  list->Counter("commits_total", "Commits: writes of the journal.",
                static_cast<double>(commit.commits));
  list->Counter("commit_bytes_total", "Bytes that commits wrote.",
                static_cast<double>(commit.bytes));
  list->Counter("change_sets_total", "Change sets: turns of a shard that changed something.",
                static_cast<double>(commit.appended));
  list->Counter("syncs_total", "Syncs of the journal.", static_cast<double>(commit.syncs));
  list->Counter("sync_seconds_total", "How long syncs took, together.", commit.sync_seconds);
  list->Gauge("sync_average_seconds", "A moving average of how long a sync takes.",
              commit.average_sync_us * kMicrosecond);
  list->Gauge("uncommitted_change_sets", "Change sets that are not durable yet.",
              static_cast<double>(commit.appended - std::min(commit.appended, commit.durable)));
}

void AddCheckpoints(Services* services, MetricList* list) {
  const CheckpointInfo checkpoint = services->checkpoint_info();
  list->Gauge("journal_bytes", "The journal since the last checkpoint.",
              static_cast<double>(checkpoint.journal_bytes));
  list->Gauge("journal_limit_bytes", "Where a checkpoint begins.",
              static_cast<double>(services->config().journal_limit_bytes));
  list->Counter("checkpoints_total", "Checkpoints that were completed.",
                static_cast<double>(checkpoint.completed));
  list->Gauge("checkpoint_running", "1 while a checkpoint is made.", checkpoint.running ? 1 : 0);
  list->Gauge("checkpoint_copied_objects", "Objects copied by the one that runs, or by the last.",
              static_cast<double>(checkpoint.objects));
  list->Gauge("checkpoint_copied_bytes", "Bytes of them.", static_cast<double>(checkpoint.bytes));
  list->Gauge("checkpoint_last_success", "1: the last checkpoint was completed.",
              checkpoint.last_ok ? 1 : 0);
  if (checkpoint.last_duration_ms >= 0) {
    list->Gauge("checkpoint_last_duration_seconds", "How long the last one took.",
                static_cast<double>(checkpoint.last_duration_ms) * kMillisecond);
  }
  list->Gauge("checkpoint_last_success_timestamp_seconds",
              "When the last one was completed, or the server started.",
              static_cast<double>(checkpoint.last_success_s));
}

void AddProcess(Services* services, MetricList* list) {
  const MemoryUsage memory = MeasureMemory();
  const ResidencyInfo residency = services->residency_info();
  list->Gauge("memory_used_bytes", "Memory that the process has asked for and not given back.",
              static_cast<double>(memory.used));
  list->Gauge("memory_resident_bytes", "Physical memory of the process.",
              static_cast<double>(memory.resident));
  list->Gauge("memory_limit_bytes", "maxmemory; 0: none.",
              static_cast<double>(services->config().maxmemory_bytes.load()));
  list->Gauge("objects_limit_bytes", "What objects may take of it; 0: no limit.",
              static_cast<double>(residency.limit_bytes));
  list->Gauge("store_memory_bytes", "Memory of the store: its cache and the journal.",
              static_cast<double>(residency.store_memory_bytes));
  list->Gauge("object_file_bytes", "Disk space of objects.",
              static_cast<double>(residency.object_file_bytes));
  list->Gauge("ready", "1: reads and writes are served.", ReadinessOf(*services).is_ready ? 1 : 0);
  list->Gauge("max_clients", "maxclients.",
              static_cast<double>(services->config().maxclients.load()));
  list->Gauge("start_time_seconds", "When the server started.",
              static_cast<double>(services->facts().started_ms) * kMillisecond);
  list->Gauges("build_info", "1, with the version.");
  list->Sample(1, {{"version", services->facts().version}});
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  list->Counters("cpu_seconds_total", "CPU time of the process.");
  list->Sample(Seconds(usage.ru_utime), {{"mode", "user"}});
  list->Sample(Seconds(usage.ru_stime), {{"mode", "system"}});
  list->Gauge("subscribed_channels", "Channels that somebody has subscribed to.",
              static_cast<double>(services->subscriptions().size(SubscriptionKind::kChannel)));
  list->Gauge("tracking_clients", "Clients that are told of changes of their copies.",
              static_cast<double>(services->tracking().totals().trackers.load()));
}

}  // namespace

std::string MetricsText(Services* services) {
  MetricList list;
  AddProcess(services, &list);
  AddShards(*services, &list);
  AddCommits(*services, &list);
  AddCheckpoints(services, &list);
  for (const storage::StoreFigure& figure : services->store_figures()) {
    list.Counter("store_" + std::string(figure.name), figure.help, figure.value);
  }
  AddCommands(*services, &list);
  return list.Text();
}

}  // namespace tally::server
