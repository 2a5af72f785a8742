#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl_users.h"
#include "server/output_limit.h"
#include "server/save_points.h"
#include "server/tls_settings.h"

namespace tally::server {

enum class FsyncPolicy : uint8_t { kAlways, kEverySecond, kNo };
/// Who may use DEBUG: nobody, everybody, clients on this machine.
enum class DebugCommand : uint8_t { kNo, kYes, kLocal };
/// By Redis's names. kVerbose and kDebug differ in name only.
enum class LogLevel : uint8_t { kDebug, kVerbose, kNotice, kWarning };
enum class LogFormat : uint8_t { kText, kJson };

/// The server's options: read from the command line and file before any thread starts, read and (those
/// that allow it) changed by CONFIG afterwards. Names, texts and limits of the options:
/// config_parameters.h. Reading the command line: config_parse.h.
///
/// Thread: any. Fields that can change while serving are atomic or behind the mutex.
class Config {
 public:
  static constexpr int kMaxThreads = 256;
  static constexpr int kMaxDatabases = 256;  ///< a database's number is one byte on disk
  static constexpr uint64_t kMinJournalLimitBytes = 4096;
  static constexpr int64_t kMinQueryBufferBytes = int64_t{1} << 20;  ///< as Redis has it

  // Fixed while serving.
  /// Addresses to listen on, as ListeningSocket::Bind takes them, with spaces between; one with a `-` in front may
  /// be missing.
  std::string bind = "127.0.0.1";
  uint16_t port = 6379;     ///< 0 = any, or none where Redis clients have another way in
  uint16_t tls_port = 0;    ///< of Redis's protocol inside TLS; 0 = none
  std::string unix_socket;  ///< a path; empty = none
  uint32_t unix_socket_permissions = 0;  ///< 0 = as the process's umask has it
  uint16_t http_port = 8787;             ///< on 127.0.0.1; 0 = no HTTP
  uint16_t admin_port = 8788;            ///< on 127.0.0.1; 0 = no admin door
  std::string http_allow_host;           ///< names besides this machine's own, see http_access.h
  std::string dir = "./data";            ///< absolute once the command line has been read
  int threads =
      0;  ///< 0 = the default for this machine (server/main decides and stores the number)
  bool threads_are_automatic = false;  ///< nobody chose their number
  int databases = 16;
  int tcp_backlog = 511;
  std::string config_file;  ///< absolute; empty when none was given
  std::string log_file;     ///< empty = standard error
  std::string pid_file;     ///< empty = none
  std::string acl_file;     ///< absolute once the command line has been read; empty = none
  LogFormat log_format = LogFormat::kText;
  uint64_t journal_limit_bytes = uint64_t{64}
                                 << 20;  ///< a checkpoint starts when the journal passes it

  DebugCommand debug_command = DebugCommand::kNo;

  // Can change while serving.
  /// What objects may take in memory; 0 = no limit. ParseConfig sets the default for this machine.
  std::atomic<uint64_t> maxmemory_bytes{0};
  std::atomic<FsyncPolicy> appendfsync{FsyncPolicy::kAlways};
  std::atomic<uint32_t> maxclients{10000};
  std::atomic<int64_t> timeout_s{0};  ///< idle clients are closed after it; 0 = never
  std::atomic<int64_t> tcp_keepalive_s{300};
  /// Without a password, clients of other machines are sent away.
  std::atomic<bool> protected_mode{true};
  std::atomic<uint64_t> proto_max_bulk_bytes{uint64_t{512} << 20};
  /// What a client may have sent of a request that is not complete.
  std::atomic<uint64_t> query_buffer_limit_bytes{uint64_t{1} << 30};
  std::atomic<LogLevel> log_level{LogLevel::kNotice};

  std::atomic<int64_t> slowlog_slower_than_us{10000};  ///< negative: nothing is logged
  std::atomic<uint64_t> slowlog_max_len{128};
  std::atomic<int64_t> latency_threshold_ms{0};  ///< 0: LATENCY samples nothing
  std::atomic<bool> latency_tracking{true};      ///< LATENCY HISTOGRAM and INFO latencystats

  /// notify-keyspace-events: KeyEventKinds (key_events.h)
  std::atomic<uint32_t> notify_keyspace_events{0};

  /// Keys that the server remembers for clients which keep copies; 0 = no limit.
  std::atomic<uint64_t> tracking_table_max_keys{1'000'000};

  std::atomic<bool> active_expire{true};  ///< false: DEBUG SET-ACTIVE-EXPIRE 0; no option

  /// Who there is, and what each may do.
  [[nodiscard]] AclUsers& users() { return users_; }
  [[nodiscard]] const AclUsers& users() const { return users_; }
  /// Entries that ACL LOG keeps.
  std::atomic<uint64_t> acllog_max_len{128};

  /// As it was set last. It is the password of the user "default" until something else is said of that.
  [[nodiscard]] std::string requirepass() const;
  void set_requirepass(std::string password);

  /// How much clients may leave untaken.
  [[nodiscard]] OutputBoundsByClass output_bounds() const;
  void set_output_bounds(const OutputBoundsByClass& bounds);
  /// Whoever leaves no more bytes than this untaken passes no bound.
  [[nodiscard]] uint64_t smallest_output_bound() const {
    return smallest_output_bound_.load(std::memory_order_relaxed);
  }

  /// What was set of a RememberedParameter, by its name; nullopt when nothing was.
  [[nodiscard]] std::optional<std::string> remembered(std::string_view name) const;
  void Remember(std::string_view name, std::string value);

  [[nodiscard]] TlsSettings tls() const;
  void set_tls(TlsSettings settings);

  /// Which ones INFO latencystats tells, each in [0, 100].
  [[nodiscard]] std::vector<double> latency_percentiles() const;
  void set_latency_percentiles(std::vector<double> percentiles);

  /// When checkpoints are due besides those that --journal-limit and memory ask for.
  [[nodiscard]] std::vector<SavePoint> save_points() const;
  void set_save_points(std::vector<SavePoint> points);

 private:
  mutable std::mutex mutex_;
  std::string requirepass_;
  TlsSettings tls_;
  OutputBoundsByClass output_bounds_;
  std::atomic<uint64_t> smallest_output_bound_{OutputBoundsByClass().SmallestBytes()};
  std::map<std::string, std::string, std::less<>> remembered_;
  std::vector<double> latency_percentiles_{50, 99, 99.9};
  std::vector<SavePoint> save_points_;
  AclUsers users_;
};

/// "always", "everysec", "no".
[[nodiscard]] std::string_view Name(FsyncPolicy policy);
/// "no", "yes", "local".
[[nodiscard]] std::string_view Name(DebugCommand who);
/// "debug", "verbose", "notice", "warning".
[[nodiscard]] std::string_view Name(LogLevel level);
/// "text", "json".
[[nodiscard]] std::string_view Name(LogFormat format);

}  // namespace tally::server
