#include "server/remembered_parameters.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command.h"
#include "server/memory_size.h"
#include "server/words.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using Parameter = RememberedParameter;
using Kind = Parameter::Kind;

constexpr int64_t kMinInt = std::numeric_limits<int>::min();
constexpr int64_t kMaxInt = std::numeric_limits<int>::max();
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxUint32 = std::numeric_limits<uint32_t>::max();
constexpr int64_t kMaxPort = std::numeric_limits<uint16_t>::max();

constexpr Parameter Text(std::string_view name, std::string_view initial) {
  return {.name = name, .kind = Kind::kText, .initial = initial};
}

constexpr Parameter YesNo(std::string_view name, std::string_view initial) {
  return {.name = name, .kind = Kind::kYesNo, .initial = initial};
}

constexpr Parameter Integer(std::string_view name, std::string_view initial, int64_t min,
                            int64_t max) {
  return {.name = name, .kind = Kind::kInteger, .initial = initial, .min = min, .max = max};
}

constexpr Parameter Memory(std::string_view name, std::string_view initial, int64_t min,
                           int64_t max) {
  return {.name = name, .kind = Kind::kMemory, .initial = initial, .min = min, .max = max};
}

constexpr Parameter Choice(std::string_view name, std::string_view initial,
                           std::string_view choices) {
  return {.name = name, .kind = Kind::kChoice, .initial = initial, .choices = choices};
}

constexpr Parameter Fixed(Parameter parameter) {
  parameter.is_immutable = true;
  return parameter;
}

constexpr Parameter OlderName(std::string_view name, std::string_view newer_name) {
  return {.name = name, .newer_name = newer_name};
}

constexpr auto kParameters = std::to_array<Parameter>({
    Integer("active-defrag-cycle-max", "25", 1, 99),
    Integer("active-defrag-cycle-min", "1", 1, 99),
    Memory("active-defrag-ignore-bytes", "104857600", 1, kMaxInt64),
    Integer("active-defrag-max-scan-fields", "1000", 1, kMaxInt64),
    Integer("active-defrag-threshold-lower", "10", 0, 1000),
    Integer("active-defrag-threshold-upper", "100", 0, 1000),
    Integer("active-expire-effort", "1", 1, 10),
    YesNo("activerehashing", "yes"),
    Fixed(YesNo("always-show-logo", "no")),
    YesNo("aof-disable-auto-gc", "no"),
    YesNo("aof-load-truncated", "yes"),
    YesNo("aof-rewrite-incremental-fsync", "yes"),
    YesNo("aof-timestamp-enabled", "no"),
    YesNo("aof-use-rdb-preamble", "yes"),
    Fixed(Text("aof_rewrite_cpulist", "")),
    Fixed(Text("appenddirname", "appendonlydir")),
    Fixed(Text("appendfilename", "appendonly.aof")),
    Memory("auto-aof-rewrite-min-size", "67108864", 0, kMaxInt64),
    Integer("auto-aof-rewrite-percentage", "100", 0, kMaxInt),
    Fixed(Text("bgsave_cpulist", "")),
    Text("bind-source-addr", ""),
    Fixed(Text("bio_cpulist", "")),
    Integer("busy-reply-threshold", "5000", 0, kMaxInt64),
    YesNo("cluster-allow-pubsubshard-when-down", "yes"),
    YesNo("cluster-allow-reads-when-down", "no"),
    YesNo("cluster-allow-replica-migration", "yes"),
    Integer("cluster-announce-bus-port", "0", 0, kMaxPort),
    Text("cluster-announce-hostname", ""),
    Text("cluster-announce-ip", ""),
    Integer("cluster-announce-port", "0", 0, kMaxPort),
    Integer("cluster-announce-tls-port", "0", 0, kMaxPort),
    Fixed(Text("cluster-config-file", "nodes.conf")),
    Memory("cluster-link-sendbuf-limit", "0", 0, kMaxInt64),
    Integer("cluster-migration-barrier", "1", 0, kMaxInt),
    Integer("cluster-node-timeout", "15000", 0, kMaxInt64),
    Fixed(Integer("cluster-port", "0", 0, kMaxPort)),
    Choice("cluster-preferred-endpoint-type", "ip", "ip hostname unknown-endpoint"),
    YesNo("cluster-replica-no-failover", "no"),
    Integer("cluster-replica-validity-factor", "10", 0, kMaxInt),
    YesNo("cluster-require-full-coverage", "yes"),
    OlderName("cluster-slave-no-failover", "cluster-replica-no-failover"),
    OlderName("cluster-slave-validity-factor", "cluster-replica-validity-factor"),
    YesNo("crash-log-enabled", "yes"),
    YesNo("crash-memcheck-enabled", "yes"),
    Text("dbfilename", "dump.rdb"),
    Fixed(YesNo("disable-thp", "yes")),
    YesNo("dynamic-hz", "yes"),
    Integer("hash-max-listpack-entries", "512", 0, kMaxInt64),
    Memory("hash-max-listpack-value", "64", 0, kMaxInt64),
    OlderName("hash-max-ziplist-entries", "hash-max-listpack-entries"),
    OlderName("hash-max-ziplist-value", "hash-max-listpack-value"),
    Memory("hll-sparse-max-bytes", "3000", 0, kMaxInt64),
    Integer("hz", "10", 0, kMaxInt),
    Text("ignore-warnings", ""),
    Fixed(YesNo("io-threads-do-reads", "no")),
    YesNo("jemalloc-bg-thread", "yes"),
    YesNo("lazyfree-lazy-eviction", "no"),
    YesNo("lazyfree-lazy-expire", "no"),
    YesNo("lazyfree-lazy-server-del", "no"),
    YesNo("lazyfree-lazy-user-del", "no"),
    YesNo("lazyfree-lazy-user-flush", "no"),
    Integer("lfu-decay-time", "1", 0, kMaxInt),
    Integer("lfu-log-factor", "10", 0, kMaxInt),
    Integer("list-compress-depth", "0", 0, kMaxInt),
    Integer("list-max-listpack-size", "-2", kMinInt, kMaxInt),
    OlderName("list-max-ziplist-size", "list-max-listpack-size"),
    OlderName("lua-time-limit", "busy-reply-threshold"),
    Integer("maxmemory-eviction-tenacity", "10", 0, 100),
    Integer("maxmemory-samples", "5", 1, kMaxInt),
    Integer("min-replicas-max-lag", "10", 0, kMaxInt),
    OlderName("min-slaves-max-lag", "min-replicas-max-lag"),
    Choice("oom-score-adj", "no", "no yes relative absolute"),
    Text("proc-title-template", "{title} {listen-addr} {server-mode}"),
    Choice("propagation-error-behavior", "ignore", "ignore panic panic-on-replicas"),
    YesNo("rdb-del-sync-files", "no"),
    YesNo("rdb-save-incremental-fsync", "yes"),
    Fixed(YesNo("rdbchecksum", "yes")),
    YesNo("rdbcompression", "yes"),
    Memory("repl-backlog-size", "1048576", 1, kMaxInt64),
    Integer("repl-backlog-ttl", "3600", 0, kMaxInt64),
    YesNo("repl-disable-tcp-nodelay", "no"),
    Choice("repl-diskless-load", "disabled", "disabled on-empty-db swapdb"),
    YesNo("repl-diskless-sync", "yes"),
    Integer("repl-diskless-sync-delay", "5", 0, kMaxInt),
    Integer("repl-diskless-sync-max-replicas", "0", 0, kMaxInt),
    Integer("repl-ping-replica-period", "10", 1, kMaxInt),
    OlderName("repl-ping-slave-period", "repl-ping-replica-period"),
    Integer("repl-timeout", "60", 1, kMaxInt),
    Text("replica-announce-ip", ""),
    Integer("replica-announce-port", "0", 0, kMaxPort),
    YesNo("replica-announced", "yes"),
    YesNo("replica-ignore-disk-write-errors", "no"),
    YesNo("replica-ignore-maxmemory", "yes"),
    YesNo("replica-lazy-flush", "no"),
    Integer("replica-priority", "100", 0, kMaxInt),
    YesNo("replica-read-only", "yes"),
    YesNo("replica-serve-stale-data", "yes"),
    Choice("sanitize-dump-payload", "no", "no yes clients"),
    Fixed(Text("server_cpulist", "")),
    Integer("set-max-intset-entries", "512", 0, kMaxInt64),
    Fixed(YesNo("set-proc-title", "yes")),
    Choice("shutdown-on-sigint", "default", "default save nosave now force"),
    Choice("shutdown-on-sigterm", "default", "default save nosave now force"),
    Integer("shutdown-timeout", "10", 0, kMaxInt),
    OlderName("slave-announce-ip", "replica-announce-ip"),
    OlderName("slave-announce-port", "replica-announce-port"),
    OlderName("slave-ignore-maxmemory", "replica-ignore-maxmemory"),
    OlderName("slave-lazy-flush", "replica-lazy-flush"),
    OlderName("slave-priority", "replica-priority"),
    OlderName("slave-read-only", "replica-read-only"),
    OlderName("slave-serve-stale-data", "replica-serve-stale-data"),
    Fixed(Integer("socket-mark-id", "0", 0, kMaxUint32)),
    YesNo("stop-writes-on-bgsave-error", "yes"),
    Memory("stream-node-max-bytes", "4096", 0, kMaxInt64),
    Integer("stream-node-max-entries", "100", 0, kMaxInt64),
    Fixed(Text("syslog-facility", "local0")),
    Fixed(Text("syslog-ident", "redis")),
    Text("tls-client-cert-file", ""),
    Text("tls-client-key-file", ""),
    YesNo("tls-cluster", "no"),
    Text("tls-dh-params-file", ""),
    YesNo("tls-replication", "no"),
    Integer("tls-session-cache-size", "20480", 0, kMaxInt),
    Integer("tls-session-cache-timeout", "300", 0, kMaxInt),
    YesNo("tls-session-caching", "yes"),
    Integer("zset-max-listpack-entries", "128", 0, kMaxInt64),
    Memory("zset-max-listpack-value", "64", 0, kMaxInt64),
    OlderName("zset-max-ziplist-entries", "zset-max-listpack-entries"),
    OlderName("zset-max-ziplist-value", "zset-max-listpack-value"),
});

static_assert(std::ranges::is_sorted(kParameters, {}, &Parameter::name));

std::string ReadNumber(const Parameter& parameter, std::optional<int64_t> number,
                       std::string_view not_a_number, std::string* value) {
  if (!number) return std::string(not_a_number);
  if (*number < parameter.min || *number > parameter.max) {
    return errors::ConfigOutOfRange(parameter.min, parameter.max);
  }
  if (value != nullptr) *value = std::to_string(*number);
  return {};
}

std::optional<int64_t> MemorySize(std::string_view text) {
  const std::optional<uint64_t> size = ParseMemorySize(text);
  if (!size) return std::nullopt;
  return static_cast<int64_t>(*size);  // what is too large is below zero, and no size may be
}

std::string ReadChoice(const std::vector<std::string_view>& choices, std::string_view text,
                       std::string_view complaint, std::string* value) {
  const auto chosen = std::ranges::find_if(
      choices, [text](std::string_view choice) { return EqualsIgnoreCase(choice, text); });
  if (chosen == choices.end()) return std::string(complaint);
  if (value != nullptr) *value = *chosen;
  return {};
}

}  // namespace

std::span<const RememberedParameter> RememberedParameters() { return kParameters; }

std::string ReadValue(const RememberedParameter& parameter, std::string_view text,
                      std::string* value) {
  switch (parameter.kind) {
    case Kind::kText:
      if (value != nullptr) *value = text;
      return {};
    case Kind::kYesNo:
      return ReadChoice({"yes", "no"}, text, errors::kConfigNotYesOrNo, value);
    case Kind::kInteger:
      return ReadNumber(parameter, protocol::ParseInt64(text), errors::kConfigNotAnInteger, value);
    case Kind::kMemory:
      return ReadNumber(parameter, MemorySize(text), errors::kConfigNotMemory, value);
    case Kind::kChoice: {
      const std::vector<std::string_view> choices = Words(parameter.choices);
      return ReadChoice(choices, text, errors::ConfigNotOneOf(choices), value);
    }
  }
  return {};
}

}  // namespace tally::server
