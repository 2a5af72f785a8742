// INFO's sections about what the cores have counted.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/command.h"
#include "server/config.h"
#include "server/core_totals.h"
#include "server/info_sections.h"
#include "server/latency_reports.h"
#include "server/percentiles.h"
#include "server/rate_sampler.h"
#include "server/subscription_directory.h"
#include "server/tracking_registry.h"

namespace tally::server {
namespace {

constexpr double kKilobyte = 1024;

void WriteCommand(const Services& services, const Command& command, InfoText* text) {
  const CommandTotals totals = CommandTotals::Of(services, command);
  if (totals.is_used()) {
    const double microseconds = static_cast<double>(totals.nanoseconds) / 1000;
    const double per_call =
        totals.calls == 0 ? 0 : microseconds / static_cast<double>(totals.calls);
    text->Field(
        "cmdstat_" + FullName(command),
        fmt::format("calls={},usec={},usec_per_call={:.2f},rejected_calls={},failed_calls={}",
                    totals.calls, totals.nanoseconds / 1000, per_call, totals.rejected,
                    totals.failed));
  }
  for (const Command& subcommand : command.subcommands) WriteCommand(services, subcommand, text);
}

void WriteLatency(const Services& services, const Command& command,
                  const std::vector<double>& percentiles, InfoText* text) {
  const CommandLatency latency = CommandLatency::Of(services, command);
  if (latency.calls != 0) {
    std::string values;
    for (const double percentile : percentiles) {
      if (!values.empty()) values += ',';
      values +=
          fmt::format("p{}={:.3f}", PercentileText(percentile), latency.PercentileUs(percentile));
    }
    text->Field("latency_percentiles_usec_" + FullName(command), values);
  }
  for (const Command& subcommand : command.subcommands) {
    WriteLatency(services, subcommand, percentiles, text);
  }
}

}  // namespace

void WriteStats(Operation& op, InfoText* text) {
  const Services& services = op.services();
  const auto sum = [&](Counter CoreStatistics::*counter) { return SumOf(services, counter); };
  const RateSampler& rates = services.rates();
  text->Field("total_connections_received", sum(&CoreStatistics::connections_received));
  text->Field("total_commands_processed", sum(&CoreStatistics::commands_processed));
  text->Field("instantaneous_ops_per_sec", static_cast<uint64_t>(rates.commands_per_second()));
  text->Field("total_net_input_bytes", sum(&CoreStatistics::bytes_in));
  text->Field("total_net_output_bytes", sum(&CoreStatistics::bytes_out));
  text->Field("total_net_repl_input_bytes", 0);
  text->Field("total_net_repl_output_bytes", 0);
  text->Field("instantaneous_input_kbps", rates.bytes_in_per_second() / kKilobyte);
  text->Field("instantaneous_output_kbps", rates.bytes_out_per_second() / kKilobyte);
  text->Field("instantaneous_input_repl_kbps", 0.0);
  text->Field("instantaneous_output_repl_kbps", 0.0);
  text->Field("rejected_connections", services.rejected_connections());
  text->Field("sync_full", 0);
  text->Field("sync_partial_ok", 0);
  text->Field("sync_partial_err", 0);
  text->Field("expired_keys", sum(&CoreStatistics::expired_keys));
  text->Field("expired_stale_perc", 0.0);
  text->Field("expired_time_cap_reached_count", 0);
  text->Field("expire_cycle_cpu_milliseconds", sum(&CoreStatistics::expire_us) / 1000);
  text->Field("evicted_keys", 0);
  text->Field("evicted_clients", 0);
  text->Field("total_eviction_exceeded_time", 0);
  text->Field("current_eviction_exceeded_time", 0);
  text->Field("keyspace_hits", sum(&CoreStatistics::keyspace_hits));
  text->Field("keyspace_misses", sum(&CoreStatistics::keyspace_misses));
  text->Field("pubsub_channels", services.subscriptions().size(SubscriptionKind::kChannel));
  text->Field("pubsub_patterns", services.subscriptions().size(SubscriptionKind::kPattern));
  text->Field("pubsubshard_channels",
              services.subscriptions().size(SubscriptionKind::kShardChannel));
  text->Field("latest_fork_usec", 0);
  text->Field("total_forks", 0);
  text->Field("migrate_cached_sockets", 0);
  text->Field("slave_expires_tracked_keys", 0);
  text->Field("active_defrag_hits", 0);
  text->Field("active_defrag_misses", 0);
  text->Field("active_defrag_key_hits", 0);
  text->Field("active_defrag_key_misses", 0);
  text->Field("total_active_defrag_time", 0);
  text->Field("current_active_defrag_time", 0);
  const TrackingRegistry& tracking = op.services().tracking();
  text->Field("tracking_total_keys", tracking.totals().keys.load());
  text->Field("tracking_total_items", tracking.totals().items.load());
  text->Field("tracking_total_prefixes", tracking.prefixes());
  text->Field("unexpected_error_replies", 0);
  text->Field("total_error_replies", sum(&CoreStatistics::error_replies));
  text->Field("dump_payload_sanitizations", 0);
  text->Field("total_reads_processed", sum(&CoreStatistics::socket_reads));
  text->Field("total_writes_processed", sum(&CoreStatistics::socket_writes));
  text->Field("io_threaded_reads_processed", 0);
  text->Field("io_threaded_writes_processed", 0);
  text->Field("reply_buffer_shrinks", 0);
  text->Field("reply_buffer_expands", 0);
}

void WriteCommandStats(Operation& op, InfoText* text) {
  for (const Command& command : Commands()) WriteCommand(op.services(), command, text);
}

void WriteLatencyStats(Operation& op, InfoText* text) {
  const Config& config = op.services().config();
  if (!config.latency_tracking) return;
  const std::vector<double> percentiles = config.latency_percentiles();
  for (const Command& command : Commands()) {
    WriteLatency(op.services(), command, percentiles, text);
  }
}

void WriteErrorStats(Operation& op, InfoText* text) {
  for (const auto& [kind, count] : ErrorTotals(op.services())) {
    text->Field("errorstat_" + kind, fmt::format("count={}", count));
  }
}

void WriteCheckpoint(Services& services, InfoText* text) {
  const CheckpointInfo checkpoint = services.checkpoint_info();
  text->Field("tally_journal_bytes", checkpoint.journal_bytes);
  text->Field("tally_journal_limit_bytes", services.config().journal_limit_bytes);
  text->Field("tally_checkpoint_running", checkpoint.running);
  text->Field("tally_checkpoint_objects", checkpoint.objects);
  text->Field("tally_checkpoint_bytes", checkpoint.bytes);
  text->Field("tally_last_checkpoint_msec", checkpoint.last_duration_ms);
  text->Field("tally_last_checkpoint_error", checkpoint.last_error);
}

// What is in memory, and what had to be read.
void WriteResidency(const Services& services, InfoText* text) {
  const auto sum = [&](Counter CoreStatistics::*counter) { return SumOf(services, counter); };
  const ResidencyInfo residency = services.residency_info();
  text->Field("tally_resident_objects", sum(&CoreStatistics::resident_objects));
  text->Field("tally_resident_bytes",
              sum(&CoreStatistics::object_bytes) + sum(&CoreStatistics::table_bytes));
  text->Field("tally_dirty_bytes", sum(&CoreStatistics::dirty_bytes));
  text->Field("tally_resident_limit_bytes", residency.limit_bytes);
  text->Field("tally_evicted_objects", sum(&CoreStatistics::evicted_objects));
  text->Field("tally_object_loads", sum(&CoreStatistics::object_loads));
  text->Field("tally_object_loads_from_cache", sum(&CoreStatistics::object_memory_hits));
  text->Field("tally_waiting_operations", sum(&CoreStatistics::waiting_operations));
  text->Field("tally_incomplete_slots", sum(&CoreStatistics::incomplete_slots));
  text->Field("tally_warm_up", residency.warm_up);
  text->Field("tally_store_memory_bytes", residency.store_memory_bytes);
  text->Field("tally_object_file_bytes", residency.object_file_bytes);
}

void WriteTally(Operation& op, InfoText* text) {
  Services& services = op.services();
  const CommitInfo commit = services.commit_info();
  const FsyncPolicy policy = services.config().appendfsync;
  text->Field("tally_threads", services.facts().threads);
  text->Field("tally_data_directory", services.facts().data_directory);
  // Whether a reply says that what it tells is on disk.
  text->Field("tally_appendfsync", Name(policy));
  text->Field("tally_replies_are_durable", policy == FsyncPolicy::kAlways);
  text->Field("tally_commits", commit.commits);
  text->Field("tally_syncs", commit.syncs);
  text->Field("tally_commit_bytes", commit.bytes);
  text->Field("tally_average_sync_usec", commit.average_sync_us);
  text->Field("tally_commit_leader", commit.led_by_cores ? "cores" : "commit-thread");
  text->Field("tally_appended_ticket", commit.appended);
  text->Field("tally_durable_ticket", commit.durable);
  text->Field("tally_synced_ticket", commit.synced);
  text->Field("tally_turns", SumOf(services, &CoreStatistics::turns));
  text->Field("tally_held_replies", SumOf(services, &CoreStatistics::held_replies));
  WriteCheckpoint(services, text);
  WriteResidency(services, text);
}

}  // namespace tally::server
