#include "server/info_sections.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "server/config_parameters.h"
#include "server/core_totals.h"
#include "server/memory_usage.h"
#include "server/redis_version.h"
#include "server/tracking_registry.h"
#include "server/wall_clock.h"

namespace tally::server {
namespace {

std::string OperatingSystem() {
  utsname name{};
  if (uname(&name) != 0) return "unknown";
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

std::string CompilerVersion() {
#if defined(__GNUC__) && !defined(__clang__)
  return fmt::format("{}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
  return "0.0.0";  // as Redis says of other compilers
#endif
}

void WriteServer(Operation& op, InfoText* text) {
  const ServerFacts& facts = op.services().facts();
  const int64_t uptime_s = std::max<int64_t>(op.now_ms() - facts.started_ms, 0) / 1000;
  constexpr int64_t kDay = 24 * 60 * 60;
  const int64_t now_us = WallClock::NowUs();
  text->Field("redis_version", kRedisVersion);
  text->Field("tally_version", facts.version);
  text->Field("redis_git_sha1", "00000000");
  text->Field("redis_git_dirty", 0);
  text->Field("redis_build_id", facts.version);
  text->Field("redis_mode", "standalone");
  text->Field("os", OperatingSystem());
  text->Field("arch_bits", sizeof(void*) * 8);
  text->Field("monotonic_clock", "POSIX clock_gettime");
  text->Field("multiplexing_api", "epoll");
  text->Field("atomicvar_api", "c11-builtin");
  text->Field("gcc_version", CompilerVersion());
  text->Field("process_id", getpid());
  text->Field("process_supervised", "no");
  text->Field("run_id", facts.run_id);
  text->Field("tcp_port", op.services().config().port);
  text->Field("server_time_usec", now_us);
  text->Field("uptime_in_seconds", uptime_s);
  text->Field("uptime_in_days", uptime_s / kDay);
  const std::string hz = ValueOf(*FindConfigParameter("hz"), op.services().config());
  text->Field("hz", hz);
  text->Field("configured_hz", hz);
  constexpr int64_t kLruClockMask = 0xFFFFFF;
  text->Field("lru_clock", op.now_ms() / 1000 & kLruClockMask);
  text->Field("executable", facts.executable);
  text->Field("config_file", facts.config_file);
  text->Field("io_threads_active", 0);
}

void WriteClients(Operation& op, InfoText* text) {
  text->Field("connected_clients", SumOf(op.services(), &CoreStatistics::connected_clients));
  text->Field("cluster_connections", 0);
  text->Field("maxclients", op.services().config().maxclients.load());
  text->Field("client_recent_max_input_buffer",
              LargestOf(op.services(), &CoreStatistics::largest_input_buffer));
  text->Field("client_recent_max_output_buffer",
              LargestOf(op.services(), &CoreStatistics::largest_output_buffer));
  text->Field("blocked_clients", SumOf(op.services(), &CoreStatistics::blocked_clients));
  text->Field("tracking_clients", op.services().tracking().totals().trackers.load());
  text->Field("clients_in_timeout_table", 0);
}

double Ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

int64_t Difference(uint64_t whole, uint64_t part) {
  return static_cast<int64_t>(whole) - static_cast<int64_t>(part);
}

std::string Percent(uint64_t part, uint64_t whole) {
  return fmt::format("{:.2f}%", Ratio(part, whole) * 100);
}

void WriteMemory(Operation& op, InfoText* text) {
  const MemoryUsage memory = MeasureMemory();
  const uint64_t dataset =
      std::min(SumOf(op.services(), &CoreStatistics::object_bytes), memory.used);
  text->Bytes("used_memory", memory.used);
  text->Bytes("used_memory_rss", memory.resident);
  text->Bytes("used_memory_peak", memory.peak);
  text->Field("used_memory_peak_perc", Percent(memory.used, memory.peak));
  text->Field("used_memory_overhead", memory.used - dataset);
  text->Field("used_memory_startup", op.services().facts().start_memory);
  text->Field("used_memory_dataset", dataset);
  text->Field("used_memory_dataset_perc", Percent(dataset, memory.used));
  if (memory.active != 0) {
    text->Field("allocator_allocated", memory.used);
    text->Field("allocator_active", memory.active);
    text->Field("allocator_resident", memory.allocator_resident);
  }
  text->Bytes("total_system_memory", memory.system);
  // There are no scripts and no functions.
  text->Field("used_memory_lua", 0);
  text->Field("used_memory_vm_eval", 0);
  text->Field("used_memory_lua_human", "0B");
  text->Field("used_memory_scripts_eval", 0);
  text->Field("number_of_cached_scripts", 0);
  text->Field("number_of_functions", 0);
  text->Field("number_of_libraries", 0);
  text->Field("used_memory_vm_functions", 0);
  text->Bytes("used_memory_vm_total", 0);
  text->Field("used_memory_functions", 0);
  text->Bytes("used_memory_scripts", 0);
  text->Bytes("maxmemory", op.services().config().maxmemory_bytes.load());
  text->Field("maxmemory_policy", "noeviction");
  if (memory.active != 0) {
    text->Field("allocator_frag_ratio", Ratio(memory.active, memory.used));
    text->Field("allocator_frag_bytes", Difference(memory.active, memory.used));
    text->Field("allocator_rss_ratio", Ratio(memory.allocator_resident, memory.active));
    text->Field("allocator_rss_bytes", Difference(memory.allocator_resident, memory.active));
    text->Field("rss_overhead_ratio", Ratio(memory.resident, memory.allocator_resident));
    text->Field("rss_overhead_bytes", Difference(memory.resident, memory.allocator_resident));
  }
  text->Field("mem_fragmentation_ratio", Ratio(memory.resident, memory.used));
  text->Field("mem_fragmentation_bytes", Difference(memory.resident, memory.used));
  text->Field("mem_not_counted_for_evict", 0);
  text->Field("mem_replication_backlog", 0);
  text->Field("mem_total_replication_buffers", 0);
  text->Field("mem_clients_slaves", 0);
  text->Field("mem_clients_normal", SumOf(op.services(), &CoreStatistics::client_buffer_bytes));
  text->Field("mem_cluster_links", 0);
  text->Field("mem_aof_buffer", 0);
  text->Field("mem_allocator", memory.allocator);
  text->Field("active_defrag_running", 0);
  text->Field("lazyfree_pending_objects", 0);
  text->Field("lazyfreed_objects", 0);
}

void WritePersistence(Operation& op, InfoText* text) {
  const CheckpointInfo checkpoint = op.services().checkpoint_info();
  const CommitInfo commit = op.services().commit_info();
  const bool is_running = checkpoint.running && checkpoint.running_since_ms >= 0;
  const int64_t running_s =
      is_running ? std::max<int64_t>(op.now_ms() - checkpoint.running_since_ms, 0) / 1000 : -1;
  const int64_t last_s = checkpoint.last_duration_ms < 0 ? -1 : checkpoint.last_duration_ms / 1000;
  text->Field("loading", 0);
  text->Field("async_loading", 0);
  // Nothing is ever forked.
  text->Field("current_cow_peak", 0);
  text->Field("current_cow_size", 0);
  text->Field("current_cow_size_age", 0);
  text->Field("current_fork_perc", 0.0);
  text->Field("current_save_keys_processed", checkpoint.running ? checkpoint.objects : 0);
  text->Field("current_save_keys_total", 0);
  // What Redis's snapshots are, checkpoints are here …
  text->Field("rdb_changes_since_last_save", checkpoint.changes_since);
  text->Field("rdb_bgsave_in_progress", checkpoint.running);
  text->Field("rdb_last_save_time", checkpoint.last_success_s);
  text->Field("rdb_last_bgsave_status", checkpoint.last_ok ? "ok" : "err");
  text->Field("rdb_last_bgsave_time_sec", last_s);
  text->Field("rdb_current_bgsave_time_sec", running_s);
  text->Field("rdb_saves", checkpoint.completed);
  text->Field("rdb_last_cow_size", 0);
  text->Field("rdb_last_load_keys_expired", 0);
  text->Field("rdb_last_load_keys_loaded", 0);
  // … and what its append-only file is, the journal is; a checkpoint cuts it, so it is never rewritten.
  text->Field("aof_enabled", 1);
  text->Field("aof_rewrite_in_progress", 0);
  text->Field("aof_rewrite_scheduled", 0);
  text->Field("aof_last_rewrite_time_sec", -1);
  text->Field("aof_current_rewrite_time_sec", -1);
  text->Field("aof_last_bgrewrite_status", "ok");
  text->Field("aof_rewrites", 0);
  text->Field("aof_rewrites_consecutive_failures", 0);
  // A write that fails ends the process: whoever reads this, none has failed.
  text->Field("aof_last_write_status", "ok");
  text->Field("aof_last_cow_size", 0);
  text->Field("module_fork_in_progress", 0);
  text->Field("module_fork_last_cow_size", 0);
  text->Field("aof_current_size", checkpoint.journal_bytes);
  text->Field("aof_base_size", 0);
  text->Field("aof_pending_rewrite", 0);
  text->Field("aof_pending_bio_fsync", commit.synced < commit.appended);
}

void WriteReplication(Operation&, InfoText* text) {
  constexpr std::string_view kNoId = "0000000000000000000000000000000000000000";
  text->Field("role", "master");
  text->Field("connected_slaves", 0);
  text->Field("master_failover_state", "no-failover");
  text->Field("master_replid", kNoId);
  text->Field("master_replid2", kNoId);
  text->Field("master_repl_offset", 0);
  text->Field("second_repl_offset", -1);
  text->Field("repl_backlog_active", 0);
  text->Field("repl_backlog_size", 0);
  text->Field("repl_backlog_first_byte_offset", 0);
  text->Field("repl_backlog_histlen", 0);
}

std::string Seconds(const timeval& time) {
  return fmt::format("{}.{:06}", time.tv_sec, time.tv_usec);
}

void WriteCpu(Operation&, InfoText* text) {
  rusage self{};
  rusage children{};
  getrusage(RUSAGE_SELF, &self);
  getrusage(RUSAGE_CHILDREN, &children);
  text->Field("used_cpu_sys", Seconds(self.ru_stime));
  text->Field("used_cpu_user", Seconds(self.ru_utime));
  text->Field("used_cpu_sys_children", Seconds(children.ru_stime));
  text->Field("used_cpu_user_children", Seconds(children.ru_utime));
  // Of the core that answers: each is a main thread.
  rusage thread{};
  getrusage(RUSAGE_THREAD, &thread);
  text->Field("used_cpu_sys_main_thread", Seconds(thread.ru_stime));
  text->Field("used_cpu_user_main_thread", Seconds(thread.ru_utime));
}

void WriteNothing(Operation&, InfoText*) {}  // there are no modules

void WriteCluster(Operation&, InfoText* text) { text->Field("cluster_enabled", 0); }

void WriteKeyspace(Operation& op, InfoText* text) {
  for (int database = 0; database < op.databases(); ++database) {
    const uint64_t objects = op.CountObjects(database);
    if (objects == 0) continue;
    text->Field(fmt::format("db{}", database),
                fmt::format("keys={},expires={},avg_ttl=0", objects, op.CountExpiring(database)));
  }
}

constexpr auto kSections = std::to_array<InfoSection>({
    {"server", "Server", true, WriteServer},
    {"clients", "Clients", true, WriteClients},
    {"memory", "Memory", true, WriteMemory},
    {"persistence", "Persistence", true, WritePersistence},
    {"stats", "Stats", true, WriteStats},
    {"replication", "Replication", true, WriteReplication},
    {"cpu", "CPU", true, WriteCpu},
    {"modules", "Modules", true, WriteNothing},
    {"commandstats", "Commandstats", false, WriteCommandStats},
    {"errorstats", "Errorstats", true, WriteErrorStats},
    {"latencystats", "Latencystats", false, WriteLatencyStats},
    {"cluster", "Cluster", true, WriteCluster},
    {"keyspace", "Keyspace", true, WriteKeyspace},
    {"tally", "Tally", true, WriteTally},
});

}  // namespace

std::span<const InfoSection> InfoSections() { return kSections; }

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{}B", bytes);
  constexpr std::string_view kUnits = "KMGTP";
  auto amount = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  return fmt::format("{:.2f}{}", amount, kUnits[unit]);
}

void InfoText::Bytes(std::string_view name, uint64_t bytes) {
  Field(name, bytes);
  Field(fmt::format("{}_human", name), HumanBytes(bytes));
}

}  // namespace tally::server
