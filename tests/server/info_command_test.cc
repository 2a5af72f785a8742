#include "server/info_sections.h"
#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

class InfoCommandTest : public SessionCommandTest {
 protected:
  /// INFO's text, without the reply's frame.
  std::string Info(std::initializer_list<std::string_view> sections = {}) {
    std::vector<std::string_view> args = {"INFO"};
    args.insert(args.end(), sections.begin(), sections.end());
    const std::string reply = Run(args);
    EXPECT_TRUE(reply.starts_with('$'));
    const size_t start = reply.find("\r\n") + 2;
    return reply.substr(start, reply.size() - start - 2);
  }
  static std::string Value(const std::string& info, const std::string& field) {
    const size_t at = info.find("\n" + field + ":");
    if (at == std::string::npos) return "absent";
    const size_t start = at + field.size() + 2;
    return info.substr(start, info.find("\r\n", start) - start);
  }
};

TEST_F(InfoCommandTest, IsAVerbatimStringInResp3) {
  EXPECT_EQ(Run("INFO", "cluster"), "$30\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n");
  client.resp = 3;
  EXPECT_EQ(Run("INFO", "cluster"), "=34\r\ntxt:# Cluster\r\ncluster_enabled:0\r\n\r\n");
  EXPECT_EQ(Run("INFO", "nosuch"), "=4\r\ntxt:\r\n");
}

TEST_F(InfoCommandTest, TellsEachSectionThatIsAskedForOnceInItsOrder) {
  EXPECT_EQ(Info({"Keyspace", "cluster", "CLUSTER", "nosuch"}),
            "# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n");
  EXPECT_EQ(Info({"modules"}), "# Modules\r\n");
}

TEST_F(InfoCommandTest, LeavesCommandstatsOutOfTheDefault) {
  const std::string plain = Info();
  EXPECT_EQ(plain.find("# Commandstats"), std::string::npos);
  for (const InfoSection& section : InfoSections()) {
    const std::string title = "# " + std::string(section.title) + "\r\n";
    EXPECT_EQ(plain.find(title) != std::string::npos, section.in_default) << section.name;
    EXPECT_NE(Info({"everything"}).find(title), std::string::npos) << section.name;
    EXPECT_NE(Info({"default", "commandstats", "latencystats"}).find(title), std::string::npos)
        << section.name;
  }
}

// Monitoring programs look for them by name.
TEST_F(InfoCommandTest, HasTheFieldsOfRedis) {
  const std::string info = Info({"everything"});
  for (const char* field : {"redis_git_sha1",
                            "monotonic_clock",
                            "hz",
                            "configured_hz",
                            "lru_clock",
                            "client_recent_max_input_buffer",
                            "used_memory_startup",
                            "used_memory_lua",
                            "used_memory_scripts_human",
                            "mem_clients_normal",
                            "mem_aof_buffer",
                            "lazyfreed_objects",
                            "current_save_keys_processed",
                            "rdb_last_load_keys_loaded",
                            "expire_cycle_cpu_milliseconds",
                            "total_eviction_exceeded_time",
                            "active_defrag_key_hits",
                            "total_reads_processed",
                            "total_writes_processed",
                            "used_cpu_user_main_thread"}) {
    EXPECT_NE(Value(info, field), "absent") << field;
  }
  EXPECT_LT(info.find("# Errorstats"), info.find("# Latencystats"));
}

TEST_F(InfoCommandTest, BuffersOfClientsAreAddedUpAndTheLargestIsTold) {
  services.core.client_buffer_bytes.Set(100);
  services.core.largest_input_buffer.Set(30);
  services.core.largest_output_buffer.Set(70);
  const std::string info = Info({"clients", "memory"});
  EXPECT_EQ(Value(info, "mem_clients_normal"), "100");
  EXPECT_EQ(Value(info, "client_recent_max_input_buffer"), "30");
  EXPECT_EQ(Value(info, "client_recent_max_output_buffer"), "70");
}

TEST_F(InfoCommandTest, ServerSaysWhatItIs) {
  services.server_facts.version = "0.9";
  services.server_facts.run_id = "abc";
  services.server_facts.started_ms = kNowMs - 90'000'000;
  const std::string info = Info({"server"});
  EXPECT_EQ(Value(info, "redis_version"), "7.2.4");
  EXPECT_EQ(Value(info, "tally_version"), "0.9");
  EXPECT_EQ(Value(info, "run_id"), "abc");
  EXPECT_EQ(Value(info, "uptime_in_seconds"), "90000");
  EXPECT_EQ(Value(info, "uptime_in_days"), "1");
  EXPECT_EQ(Value(info, "tcp_port"), "6379");
}

TEST_F(InfoCommandTest, CountersAreThoseOfTheCores) {
  services.core.connected_clients.Add(3);
  services.core.commands_processed.Add(40);
  services.core.keyspace_hits.Add(5);
  services.core.bytes_in.Add(1000);
  const std::string info = Info();
  EXPECT_EQ(Value(info, "connected_clients"), "3");
  EXPECT_EQ(Value(info, "total_commands_processed"), "40");
  EXPECT_EQ(Value(info, "keyspace_hits"), "5");
  EXPECT_EQ(Value(info, "total_net_input_bytes"), "1000");
  EXPECT_EQ(Value(info, "rejected_connections"), "7");
  EXPECT_EQ(Value(info, "instantaneous_ops_per_sec"), "0");
}

TEST_F(InfoCommandTest, RatesAreThoseOfTheSampler) {
  services.sampler.Sample(0, {});
  services.sampler.Sample(1'000'000, {.commands = 30, .bytes_in = 2048, .bytes_out = 512});
  const std::string info = Info({"stats"});
  EXPECT_EQ(Value(info, "instantaneous_ops_per_sec"), "30");
  EXPECT_EQ(Value(info, "instantaneous_input_kbps"), "2.00");
  EXPECT_EQ(Value(info, "instantaneous_output_kbps"), "0.50");
}

TEST_F(InfoCommandTest, MemoryIsThatOfTheProcess) {
  services.core.object_bytes.Add(1000);
  services.config().maxmemory_bytes = uint64_t{3} << 30;
  const std::string info = Info({"memory"});
  EXPECT_EQ(Value(info, "maxmemory"), "3221225472");
  EXPECT_EQ(Value(info, "maxmemory_human"), "3.00G");
  EXPECT_EQ(Value(info, "maxmemory_policy"), "noeviction");
  const uint64_t used = std::stoull(Value(info, "used_memory"));
  EXPECT_GT(used, 1000u);
  EXPECT_GE(std::stoull(Value(info, "used_memory_peak")), used);
  EXPECT_GT(std::stoull(Value(info, "used_memory_rss")), 100'000u);
  EXPECT_EQ(Value(info, "used_memory_dataset"), "1000");
  EXPECT_EQ(Value(info, "used_memory_overhead"), std::to_string(used - 1000));
}

TEST_F(InfoCommandTest, PersistenceTellsOfCheckpointsAndTheJournal) {
  const std::string before = Info({"persistence"});
  EXPECT_EQ(Value(before, "rdb_last_bgsave_time_sec"), "-1");
  EXPECT_EQ(Value(before, "rdb_current_bgsave_time_sec"), "-1");
  EXPECT_EQ(Value(before, "aof_enabled"), "1");

  services.checkpoint = {.running = true,
                         .last_success_s = 77,
                         .last_ok = false,
                         .last_duration_ms = 2500,
                         .running_since_ms = kNowMs - 3999,
                         .completed = 4,
                         .changes_since = 12,
                         .journal_bytes = 4096};
  services.commit.appended = 5;
  services.commit.synced = 4;
  const std::string info = Info({"persistence"});
  EXPECT_EQ(Value(info, "rdb_bgsave_in_progress"), "1");
  EXPECT_EQ(Value(info, "rdb_last_save_time"), "77");
  EXPECT_EQ(Value(info, "rdb_last_bgsave_status"), "err");
  EXPECT_EQ(Value(info, "rdb_last_bgsave_time_sec"), "2");
  EXPECT_EQ(Value(info, "rdb_current_bgsave_time_sec"), "3");
  EXPECT_EQ(Value(info, "rdb_saves"), "4");
  EXPECT_EQ(Value(info, "rdb_changes_since_last_save"), "12");
  EXPECT_EQ(Value(info, "aof_current_size"), "4096");
  EXPECT_EQ(Value(info, "aof_pending_bio_fsync"), "1");
}

TEST_F(InfoCommandTest, CommandstatsAreOfCommandsThatWereCalled) {
  bool unknown = false;
  const std::string_view get[] = {"get", "k"};
  const std::string_view config_get[] = {"config", "get"};
  CommandCounters& counters = services.core.commands[FindCommand(get, &unknown)->id];
  counters.calls.Add(4);
  counters.nanoseconds.Add(10'000);
  counters.failed.Add(1);
  services.core.commands[FindCommand(config_get, &unknown)->id].rejected.Add(2);
  const std::string info = Info({"commandstats"});
  EXPECT_EQ(Value(info, "cmdstat_get"),
            "calls=4,usec=10,usec_per_call=2.50,rejected_calls=0,failed_calls=1");
  EXPECT_EQ(Value(info, "cmdstat_config|get"),
            "calls=0,usec=0,usec_per_call=0.00,rejected_calls=2,failed_calls=0");
  EXPECT_EQ(Value(info, "cmdstat_set"), "absent");
}

TEST_F(InfoCommandTest, ErrorstatsAreByKind) {
  services.core.CountError("ERR x");
  services.core.CountError("WRONGTYPE y");
  services.core.CountError("ERR z");
  EXPECT_EQ(Info({"errorstats"}),
            "# Errorstats\r\nerrorstat_ERR:count=2\r\nerrorstat_WRONGTYPE:count=1\r\n");
}

TEST_F(InfoCommandTest, OnlyTheKeyspaceSectionWaitsForUncommittedChanges) {
  const storage::Key key = storage::MakeKey({}, "a");
  keyspace.PutInteger(2, key, nullptr, 1, storage::kNoExpiry);
  keyspace.PutInteger(2, storage::MakeKey({}, "b"), nullptr, 1, kNowMs + 5000);
  EXPECT_EQ(Info({"keyspace"}), "# Keyspace\r\ndb2:keys=2,expires=1,avg_ttl=0\r\n");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
  Info({"server", "stats", "tally"});
  EXPECT_EQ(depends_on, storage::kNoTicket);
}

TEST_F(InfoCommandTest, TallySaysWhetherRepliesAreDurable) {
  services.commit.commits = 6;
  services.commit.average_sync_us = 12.345;
  std::string info = Info({"tally"});
  EXPECT_EQ(Value(info, "tally_appendfsync"), "always");
  EXPECT_EQ(Value(info, "tally_replies_are_durable"), "1");
  EXPECT_EQ(Value(info, "tally_commits"), "6");
  EXPECT_EQ(Value(info, "tally_average_sync_usec"), "12.35");
  services.config().appendfsync = FsyncPolicy::kNo;
  info = Info({"tally"});
  EXPECT_EQ(Value(info, "tally_appendfsync"), "no");
  EXPECT_EQ(Value(info, "tally_replies_are_durable"), "0");
}

TEST_F(InfoCommandTest, TallyTellsHowCheckpointsGo) {
  services.checkpoint.running = true;
  services.checkpoint.objects = 7;
  services.checkpoint.bytes = 70;
  services.checkpoint.journal_bytes = 5;
  services.checkpoint.last_duration_ms = 12;
  services.checkpoint.last_error = "no room";
  services.config().journal_limit_bytes = 9;
  const std::string info = Info({"tally"});
  EXPECT_EQ(Value(info, "tally_checkpoint_running"), "1");
  EXPECT_EQ(Value(info, "tally_checkpoint_objects"), "7");
  EXPECT_EQ(Value(info, "tally_checkpoint_bytes"), "70");
  EXPECT_EQ(Value(info, "tally_journal_bytes"), "5");
  EXPECT_EQ(Value(info, "tally_journal_limit_bytes"), "9");
  EXPECT_EQ(Value(info, "tally_last_checkpoint_msec"), "12");
  EXPECT_EQ(Value(info, "tally_last_checkpoint_error"), "no room");
}

TEST(HumanBytes, HasTwoDecimalsAboveOneKilobyte) {
  EXPECT_EQ(HumanBytes(0), "0B");
  EXPECT_EQ(HumanBytes(1023), "1023B");
  EXPECT_EQ(HumanBytes(1536), "1.50K");
  EXPECT_EQ(HumanBytes(uint64_t{3} << 20), "3.00M");
  EXPECT_EQ(HumanBytes(uint64_t{5} << 40), "5.00T");
}

}  // namespace
}  // namespace tally::server
