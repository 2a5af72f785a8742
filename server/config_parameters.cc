#include "server/config_parameters.h"

#include <algorithm>
#include <array>
#include <limits>

#include "server/command.h"
#include "server/config_values.h"
#include "server/key_events.h"
#include "server/percentiles.h"
#include "server/save_points.h"
#include "storage/object.h"

namespace tally::server {
namespace {

using Access = ConfigParameter::Access;

constexpr int64_t kMaxInt = std::numeric_limits<int>::max();
constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
constexpr int64_t kMinBulkBytes = int64_t{1} << 20;  // as Redis has it

constexpr auto kParameters = std::to_array<ConfigParameter>({
    {.name = "activedefrag", .access = Access::kMutable, .fact = "no"},
    {.name = "appendfsync",
     .access = Access::kMutable,
     .get = [](const Config& config) { return std::string(Name(config.appendfsync)); },
     .set = SetChoice<&Config::appendfsync, FsyncPolicy::kEverySecond, FsyncPolicy::kAlways,
                      FsyncPolicy::kNo>,
     .placeholder = "always|everysec|no",
     .help = "when the journal is synced; only with 'always' is every reply already on disk"},
    {.name = "appendonly", .access = Access::kMutable, .fact = "yes"},
    {.name = "bind",
     .access = Access::kFixed,
     .get = [](const Config& config) { return config.bind; },
     .set = SetBind,
     .placeholder = "ADDRESSES",
     .help = "addresses to listen on, with spaces between; -ADDRESS may be missing"},
    {.name = "client-output-buffer-limit",
     .access = Access::kMutable,
     .fact = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"},
    {.name = "client-query-buffer-limit", .access = Access::kMutable, .fact = "1073741824"},
    {.name = "cluster-enabled", .fact = "no"},
    {.name = "daemonize", .fact = "no"},
    {.name = "databases",
     .get = GetInteger<&Config::databases>,
     .set = SetInteger<1, Config::kMaxDatabases,
                       [](Config& c, int64_t value) { c.databases = static_cast<int>(value); }>,
     .placeholder = "N",
     .help = "number of databases for SELECT"},
    {.name = "dir",
     .access = Access::kProtected,
     .get = [](const Config& config) { return config.dir; },
     .set = SetDir,
     .placeholder = "PATH",
     .help = "data directory; made when missing"},
    {.name = "dynamic-hz", .access = Access::kMutable, .fact = "no"},
    {.name = "enable-debug-command",
     .get = [](const Config& config) { return std::string(Name(config.debug_command)); },
     .set = SetChoice<&Config::debug_command, DebugCommand::kNo, DebugCommand::kYes,
                      DebugCommand::kLocal>,
     .placeholder = "no|yes|local",
     .help = "who may use DEBUG; local: clients on this machine"},
    {.name = "enable-module-command", .fact = "no"},
    {.name = "enable-protected-configs", .fact = "no"},
    {.name = "http-allow-host",
     .access = Access::kFixed,
     .get = [](const Config& config) { return config.http_allow_host; },
     .set = SetAllowedHosts,
     .placeholder = "NAMES",
     .help = "host names, besides this machine's own, by which HTTP clients may ask"},
    {.name = "http-port",
     .access = Access::kFixed,
     .get = GetInteger<&Config::http_port>,
     .set =
         SetInteger<0, std::numeric_limits<uint16_t>::max(),
                    [](Config& c, int64_t value) { c.http_port = static_cast<uint16_t>(value); }>,
     .placeholder = "N",
     .help = "TCP port of 127.0.0.1 for HTTP; 0: no HTTP"},
    {.name = "hz", .access = Access::kMutable, .fact = "10"},
    {.name = "io-threads", .get = GetInteger<&Config::threads>},
    {.name = "journal-limit",
     .access = Access::kFixed,
     .get = GetInteger<&Config::journal_limit_bytes>,
     .set = SetMemory<Config::kMinJournalLimitBytes, kMaxInt64,
                      [](Config& c, uint64_t value) { c.journal_limit_bytes = value; }>,
     .placeholder = "SIZE",
     .is_memory_size = true,
     .help = "a checkpoint starts when the journal is longer than this"},
    {.name = "latency-monitor-threshold",
     .access = Access::kMutable,
     .get = GetInteger<&Config::latency_threshold_ms>,
     .set =
         SetInteger<0, kMaxInt64, [](Config& c, int64_t value) { c.latency_threshold_ms = value; }>,
     .placeholder = "MILLISECONDS",
     .help = "LATENCY has samples of what took longer; 0: of nothing"},
    {.name = "latency-tracking",
     .access = Access::kMutable,
     .get = GetYesNo<&Config::latency_tracking>,
     .set = SetYesNo<&Config::latency_tracking>,
     .placeholder = "yes|no",
     .help = "counts how long commands take, for LATENCY HISTOGRAM and INFO latencystats"},
    {.name = "latency-tracking-info-percentiles",
     .access = Access::kMutable,
     .get = [](const Config& config) { return PercentilesText(config.latency_percentiles()); },
     .set = SetPercentiles,
     .placeholder = "LIST",
     .help = "percentiles that INFO latencystats tells"},
    {.name = "lazyfree-lazy-eviction", .access = Access::kMutable, .fact = "yes"},
    {.name = "lazyfree-lazy-expire", .access = Access::kMutable, .fact = "yes"},
    {.name = "lazyfree-lazy-server-del", .access = Access::kMutable, .fact = "yes"},
    {.name = "lazyfree-lazy-user-del", .access = Access::kMutable, .fact = "yes"},
    {.name = "lazyfree-lazy-user-flush", .access = Access::kMutable, .fact = "yes"},
    {.name = "masterauth", .access = Access::kMutable, .fact = ""},
    {.name = "masteruser", .access = Access::kMutable, .fact = ""},
    {.name = "maxclients",
     .access = Access::kMutable,
     .get = GetInteger<&Config::maxclients>,
     .set = SetMaxClients,
     .placeholder = "N",
     .help = "connections at a time; more are refused"},
    {.name = "maxmemory",
     .access = Access::kMutable,
     .get = GetInteger<&Config::maxmemory_bytes>,
     .set = SetMaxMemory,
     .placeholder = "SIZE",
     .help = "memory for the whole server, what does not fit is on disk only; 0: no limit"},
    {.name = "maxmemory-clients", .access = Access::kMutable, .fact = "0"},
    // What leaves memory stays on disk, so in Redis's sense nothing is ever evicted.
    {.name = "maxmemory-policy", .access = Access::kMutable, .fact = "noeviction"},
    {.name = "min-replicas-to-write", .access = Access::kMutable, .fact = "0"},
    {.name = "min-slaves-to-write", .access = Access::kMutable, .fact = "0"},
    {.name = "no-appendfsync-on-rewrite", .access = Access::kMutable, .fact = "no"},
    {.name = "notify-keyspace-events",
     .access = Access::kMutable,
     .get = [](const Config& config) { return KeyEventLetters(config.notify_keyspace_events); },
     .set = SetKeyEvents,
     .placeholder = "LETTERS",
     .help = "which events of keys are published, as in Redis; empty: none"},
    {.name = "port",
     .access = Access::kFixed,
     .get = GetInteger<&Config::port>,
     .set = SetInteger<0, std::numeric_limits<uint16_t>::max(),
                       [](Config& c, int64_t value) { c.port = static_cast<uint16_t>(value); }>,
     .placeholder = "N",
     .help = "TCP port for Redis clients; 0: any, or none if there is another way in"},
    {.name = "protected-mode",
     .access = Access::kMutable,
     .get = GetYesNo<&Config::protected_mode>,
     .set = SetYesNo<&Config::protected_mode>,
     .placeholder = "yes|no",
     .help = "without a password, only clients on this machine are let in"},
    {.name = "proto-max-bulk-len",
     .access = Access::kMutable,
     .get = [](const Config& c) { return std::to_string(c.proto_max_bulk_bytes.load()); },
     // Redis takes larger ones, up to INT64_MAX; here they would promise what a value cannot be.
     .set = SetMemory<kMinBulkBytes, int64_t{storage::kMaxValueBytes},
                      [](Config& c, uint64_t value) { c.proto_max_bulk_bytes = value; }>,
     .placeholder = "SIZE",
     .is_memory_size = true,
     .help = "longest argument that a client may send, and longest string"},
    {.name = "replicaof", .fact = ""},
    {.name = "requirepass",
     .access = Access::kMutable,
     .get = [](const Config& config) { return config.requirepass(); },
     .set =
         [](std::string_view text, Config* config) {
           if (config != nullptr) config->set_requirepass(std::string(text));
           return std::string();
         },
     .placeholder = "PASSWORD",
     .help = "clients must AUTH with it; empty: they need not"},
    {.name = "save",
     .access = Access::kMutable,
     .get = [](const Config& config) { return SavePointsText(config.save_points()); },
     .set = SetSavePoints,
     .adds_up = true,
     .placeholder = "POINTS",
     .help =
         "\"3600 1\": a checkpoint when the last is 3600 s ago, and 1 change since; or several"},
    {.name = "slaveof", .fact = ""},
    {.name = "slowlog-log-slower-than",
     .access = Access::kMutable,
     .get = GetInteger<&Config::slowlog_slower_than_us>,
     .set = SetInteger<-1, kMaxInt64,
                       [](Config& c, int64_t value) { c.slowlog_slower_than_us = value; }>,
     .placeholder = "MICROSECONDS",
     .help = "SLOWLOG has what took longer; -1: nothing"},
    {.name = "slowlog-max-len",
     .access = Access::kMutable,
     .get = GetInteger<&Config::slowlog_max_len>,
     .set = SetInteger<0, kMaxInt64,
                       [](Config& c, int64_t value) {
                         c.slowlog_max_len = static_cast<uint64_t>(value);
                       }>,
     .placeholder = "N",
     .help = "entries that SLOWLOG keeps"},
    {.name = "supervised", .fact = "no"},
    {.name = "tcp-backlog",
     .get = GetInteger<&Config::tcp_backlog>,
     .set = SetInteger<0, kMaxInt,
                       [](Config& c, int64_t value) { c.tcp_backlog = static_cast<int>(value); }>,
     .placeholder = "N",
     .help = "connections that may wait to be accepted"},
    {.name = "tcp-keepalive",
     .access = Access::kMutable,
     .get = GetInteger<&Config::tcp_keepalive_s>,
     .set = SetInteger<0, kMaxInt, [](Config& c, int64_t value) { c.tcp_keepalive_s = value; }>,
     .placeholder = "SECONDS",
     .help = "a silent connection is probed after it; 0: never"},
    {.name = "threads",
     .access = Access::kFixed,
     .get = GetInteger<&Config::threads>,
     .set = SetInteger<0, Config::kMaxThreads,
                       [](Config& c, int64_t value) { c.threads = static_cast<int>(value); }>,
     .placeholder = "N",
     .help = "cores to use; 0: what suits this machine"},
    {.name = "timeout",
     .access = Access::kMutable,
     .get = GetInteger<&Config::timeout_s>,
     .set = SetInteger<0, kMaxInt, [](Config& c, int64_t value) { c.timeout_s = value; }>,
     .placeholder = "SECONDS",
     .help = "an idle client is disconnected after it; 0: never"},
    {.name = "tls-auth-clients",
     .access = Access::kMutable,
     .get = [](const Config& config) { return std::string(Name(config.tls().auth_clients)); },
     .set = SetTlsAuth,
     .placeholder = "no|yes|optional",
     .help = "whether TLS clients must show a certificate"},
    {.name = "tls-ca-cert-dir",
     .access = Access::kMutable,
     .get = GetTlsText<&TlsSettings::ca_cert_dir>,
     .set = SetTlsText<&TlsSettings::ca_cert_dir>,
     .placeholder = "PATH",
     .help = "directory of the certificates that sign those of clients"},
    {.name = "tls-ca-cert-file",
     .access = Access::kMutable,
     .get = GetTlsText<&TlsSettings::ca_cert_file>,
     .set = SetTlsText<&TlsSettings::ca_cert_file>,
     .placeholder = "FILE",
     .help = "certificates that sign those of clients, PEM"},
    {.name = "tls-cert-file",
     .access = Access::kMutable,
     .get = GetTlsText<&TlsSettings::cert_file>,
     .set = SetTlsText<&TlsSettings::cert_file>,
     .placeholder = "FILE",
     .help = "certificate for TLS, PEM"},
    {.name = "tls-ciphers",
     .access = Access::kMutable,
     .get = GetTlsText<&TlsSettings::ciphers>,
     .set = SetTlsText<&TlsSettings::ciphers>,
     .placeholder = "LIST",
     .help = "ciphers of TLS 1.2, as OpenSSL names them; empty: its defaults"},
    {.name = "tls-ciphersuites",
     .access = Access::kMutable,
     .get = GetTlsText<&TlsSettings::ciphersuites>,
     .set = SetTlsText<&TlsSettings::ciphersuites>,
     .placeholder = "LIST",
     .help = "ciphers of TLS 1.3; empty: the defaults"},
    {.name = "tls-client-key-file-pass", .access = Access::kMutable, .fact = ""},
    {.name = "tls-key-file",
     .access = Access::kMutable,
     .get = GetTlsText<&TlsSettings::key_file>,
     .set = SetTlsText<&TlsSettings::key_file>,
     .placeholder = "FILE",
     .help = "the certificate's private key, PEM"},
    {.name = "tls-key-file-pass",
     .access = Access::kMutable,
     .get = GetTlsText<&TlsSettings::key_file_pass>,
     .set = SetTlsText<&TlsSettings::key_file_pass>,
     .placeholder = "PASSWORD",
     .help = "with which that file is encrypted"},
    {.name = "tls-port",
     .access = Access::kFixed,
     .get = GetInteger<&Config::tls_port>,
     .set = SetInteger<0, std::numeric_limits<uint16_t>::max(),
                       [](Config& c, int64_t value) { c.tls_port = static_cast<uint16_t>(value); }>,
     .placeholder = "N",
     .help = "TCP port for Redis clients that speak TLS; 0: none"},
    {.name = "tls-prefer-server-ciphers",
     .access = Access::kMutable,
     .get =
         [](const Config& config) {
           return std::string(config.tls().prefer_server_ciphers ? "yes" : "no");
         },
     .set = SetTlsPreference,
     .placeholder = "yes|no",
     .help = "the server's order of ciphers counts, not the client's"},
    {.name = "tls-protocols",
     .access = Access::kMutable,
     .get = GetTlsText<&TlsSettings::protocols>,
     .set = SetTlsProtocols,
     .placeholder = "LIST",
     .help = "TLSv1.2, TLSv1.3 or both; empty: both"},
    {.name = "tracking-table-max-keys",
     .access = Access::kMutable,
     .get = GetInteger<&Config::tracking_table_max_keys>,
     .set = SetInteger<0, kMaxInt64,
                       [](Config& c, int64_t value) {
                         c.tracking_table_max_keys = static_cast<uint64_t>(value);
                       }>,
     .placeholder = "N",
     .help = "keys remembered for clients that cache what they read; 0: no limit"},
    {.name = "unixsocket",
     .get = [](const Config& config) { return config.unix_socket; },
     .set = SetUnixSocket,
     .placeholder = "PATH",
     .help = "Unix socket for Redis clients; empty: none"},
    {.name = "unixsocketperm",
     .get = PermissionsText,
     .set = SetPermissions,
     .placeholder = "MODE",
     .help = "permissions of the Unix socket, octal; 0: by the umask"},
});

static_assert(std::ranges::is_sorted(kParameters, {}, &ConfigParameter::name));

}  // namespace

std::span<const ConfigParameter> ConfigParameters() { return kParameters; }

const ConfigParameter* FindConfigParameter(std::string_view name) {
  for (const ConfigParameter& parameter : kParameters) {
    if (EqualsIgnoreCase(name, parameter.name)) return &parameter;
  }
  return nullptr;
}

std::string ValueOf(const ConfigParameter& parameter, const Config& config) {
  return parameter.get != nullptr ? parameter.get(config) : std::string(parameter.fact);
}

std::string CheckValue(const ConfigParameter& parameter, std::string_view value,
                       const Config& config) {
  if (parameter.is_option()) return parameter.set(value, nullptr);
  return CheckSame(parameter, value, config);
}

std::string CheckSame(const ConfigParameter& parameter, std::string_view value,
                      const Config& config) {
  const std::string fact = ValueOf(parameter, config);
  return EqualsIgnoreCase(value, fact) ? "" : "it cannot be anything but '" + fact + "' here";
}

void StoreValue(const ConfigParameter& parameter, std::string_view value, Config* config) {
  if (parameter.is_option()) parameter.set(value, config);
}

}  // namespace tally::server
