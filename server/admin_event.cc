#include "server/admin_event.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "server/core_totals.h"
#include "server/json.h"
#include "server/latency_reports.h"
#include "server/memory_usage.h"
#include "server/readiness.h"
#include "server/services.h"
#include "server/wall_clock.h"

namespace tally::server {
namespace {

constexpr size_t kSlowestCommands = 8;
constexpr double kNanosecondsPerMicrosecond = 1000;

std::string JsonArray(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ","));
}

// What all commands have in common, and the slowest of them.
class CommandTimes {
 public:
  explicit CommandTimes(const Services& services) : services_(services) {
    for (const Command& command : Commands()) Add(command);
  }
  [[nodiscard]] std::string Classes() const {
    std::vector<std::string> classes;
    for (size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) continue;
      const auto end_us =
          static_cast<double>(LatencyHistogram::EndOf(i)) / kNanosecondsPerMicrosecond;
      classes.push_back(fmt::format("[{:.3f},{}]", end_us, counts_[i]));
    }
    return JsonArray(classes);
  }
  [[nodiscard]] std::string Slowest() {
    std::ranges::sort(called_, std::ranges::greater(), &Called::p99_us);
    called_.resize(std::min(called_.size(), kSlowestCommands));
    std::vector<std::string> slowest;
    for (const Called& called : called_) {
      slowest.push_back(JsonObject()
                            .Add("command", called.name)
                            .Add("calls", called.calls)
                            .Add("mean_us", called.mean_us)
                            .Add("p99_us", called.p99_us)
                            .text());
    }
    return JsonArray(slowest);
  }

 private:
  struct Called {
    std::string name;
    uint64_t calls;
    double mean_us;
    double p99_us;
  };

  void Add(const Command& command) {
    for (const Command& subcommand : command.subcommands) Add(subcommand);
    const CommandTotals totals = CommandTotals::Of(services_, command);
    if (totals.calls == 0) return;
    const CommandLatency latency = CommandLatency::Of(services_, command);
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += latency.counts[i];
    const double mean_us = static_cast<double>(totals.nanoseconds) /
                           static_cast<double>(totals.calls) / kNanosecondsPerMicrosecond;
    constexpr double kSlow = 99;
    called_.push_back({FullName(command), totals.calls, mean_us, latency.PercentileUs(kSlow)});
  }

  const Services& services_;
  std::array<uint64_t, LatencyHistogram::kClasses> counts_{};
  std::vector<Called> called_;
};

std::string MemoryJson(Services* services) {
  const MemoryUsage memory = MeasureMemory();
  const ResidencyInfo residency = services->residency_info();
  return JsonObject()
      .Add("used", memory.used)
      .Add("physical", memory.resident)
      .Add("limit", services->config().maxmemory_bytes.load())
      .Add("objects", SumOf(*services, &CoreStatistics::object_bytes) +
                          SumOf(*services, &CoreStatistics::table_bytes))
      .Add("objects_limit", residency.limit_bytes)
      .Add("dirty", SumOf(*services, &CoreStatistics::dirty_bytes))
      .Add("store", residency.store_memory_bytes)
      .text();
}

std::string ObjectsJson(const Services& services) {
  const auto sum = [&](Counter CoreStatistics::*counter) { return SumOf(services, counter); };
  const uint64_t resident = sum(&CoreStatistics::resident_objects);
  return JsonObject()
      .Add("all", std::max(sum(&CoreStatistics::objects), resident))
      .Add("resident", resident)
      .Add("hits", sum(&CoreStatistics::keyspace_hits))
      .Add("misses", sum(&CoreStatistics::keyspace_misses))
      .Add("loads", sum(&CoreStatistics::object_loads))
      .Add("evicted", sum(&CoreStatistics::evicted_objects))
      .Add("expired", sum(&CoreStatistics::expired_keys))
      .Add("waiting", sum(&CoreStatistics::waiting_operations))
      .Add("file_bytes", services.residency_info().object_file_bytes)
      .text();
}

std::string CommitJson(const Services& services) {
  const CommitInfo commit = services.commit_info();
  return JsonObject()
      .Add("commits", commit.commits)
      .Add("change_sets", commit.appended)
      .Add("bytes", commit.bytes)
      .Add("syncs", commit.syncs)
      .Add("sync_s", commit.sync_seconds)
      .Add("held", SumOf(services, &CoreStatistics::held_replies))
      .Add("held_us", SumOf(services, &CoreStatistics::held_us))
      .text();
}

std::string CheckpointJson(Services* services) {
  const CheckpointInfo checkpoint = services->checkpoint_info();
  return JsonObject()
      .Add("journal_bytes", checkpoint.journal_bytes)
      .Add("journal_limit", services->config().journal_limit_bytes)
      .Add("running", checkpoint.running)
      .Add("objects", checkpoint.objects)
      .Add("bytes", checkpoint.bytes)
      .Add("completed", checkpoint.completed)
      .Add("last_ms", checkpoint.last_duration_ms)
      .Add("ok", checkpoint.last_ok)
      .Add("error", checkpoint.last_error)
      .text();
}

}  // namespace

std::string AdminEvent(Services* services) {
  const auto sum = [&](Counter CoreStatistics::*counter) { return SumOf(*services, counter); };
  const Readiness ready = ReadinessOf(*services);
  const int64_t now_ms = WallClock::NowMs();
  constexpr int64_t kMsPerSecond = 1000;
  CommandTimes times(*services);
  return JsonObject()
      .Add("time_ms", now_ms)
      .Add("version", services->facts().version)
      .Add("run_id", services->facts().run_id)
      .Add("uptime_s", (now_ms - services->facts().started_ms) / kMsPerSecond)
      .Add("ready", ready.is_ready)
      .Add("reason", ready.reason)
      .Add("requests", sum(&CoreStatistics::commands_processed))
      .Add("errors", sum(&CoreStatistics::error_replies))
      .Add("connections", sum(&CoreStatistics::connected_clients))
      .Add("bytes_in", sum(&CoreStatistics::bytes_in))
      .Add("bytes_out", sum(&CoreStatistics::bytes_out))
      .AddJson("memory", MemoryJson(services))
      .AddJson("objects", ObjectsJson(*services))
      .AddJson("commit", CommitJson(*services))
      .AddJson("checkpoint", CheckpointJson(services))
      .AddJson("latency", times.Classes())
      .AddJson("slowest", times.Slowest())
      .text();
}

}  // namespace tally::server
