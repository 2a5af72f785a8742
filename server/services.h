#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl_log.h"
#include "server/client_state.h"
#include "server/config.h"
#include "server/monitors.h"
#include "server/rate_sampler.h"
#include "server/slow_watch.h"
#include "server/statistics.h"
#include "storage/database.h"
#include "storage/slot.h"
#include "storage/ticket.h"

namespace tally::server {

/// Facts that do not change while the server runs.
struct ServerFacts {
  std::string version;  // tally_version
  std::string run_id;   // 40 hex digits, drawn at start
  std::string executable;
  std::string config_file;     // empty when none
  std::string data_directory;  // absolute
  int64_t started_ms = 0;      // wall clock
  uint64_t start_memory = 0;   // bytes that the process used before it had any data
  int threads = 1;
};

struct CheckpointInfo {
  bool running = false;
  int64_t last_success_s = 0;  // unix time; server start when none yet (as Redis's LASTSAVE)
  bool last_ok = true;
  int64_t last_duration_ms = -1;
  int64_t running_since_ms = -1;
  uint64_t completed = 0;
  uint64_t changes_since = 0;  // change sets since the last checkpoint's floor
  uint64_t journal_bytes = 0;
  uint64_t objects = 0;  // copied by the one that runs, or by the last
  uint64_t bytes = 0;    // of them
  std::string last_error = {};
};

struct ResidencyInfo {
  uint64_t limit_bytes = 0;           // of objects in memory, all shards; 0 = no limit
  std::string_view warm_up = "done";  // "running", "done", "full" (memory is), "stopped"
  uint64_t store_memory_bytes = 0;    // caches and journal
  uint64_t object_file_bytes = 0;     // on disk
};

struct CommitInfo {
  storage::Ticket appended = 0;  // last ticket given
  storage::Ticket durable = 0;   // replies up to it may be told
  storage::Ticket synced = 0;    // on disk for certain (equals durable with appendfsync always)
  uint64_t commits = 0;
  uint64_t syncs = 0;
  uint64_t bytes = 0;
  double average_sync_us = 0;
  double sync_seconds = 0;   // all syncs together
  bool led_by_cores = true;  // false: the commit thread leads
};

class SubscriptionDirectory;
class TrackingRegistry;
class WalkVisitor;

/// Begins walks through databases (keyspace_walk.h).
class Walker {
 public:
  virtual ~Walker() = default;
  /// The visitor's calls come on other threads; or all of them before this returns.
  virtual void Walk(std::unique_ptr<WalkVisitor> visitor, int database, storage::SlotPosition from,
                    size_t wanted) = 0;
};

/// What commands may ask of the server as a whole. Thread: any core.
class Services : public Walker {
 public:
  [[nodiscard]] virtual Config& config() = 0;
  [[nodiscard]] virtual const ServerFacts& facts() const = 0;
  /// One per core, alive as long as the server.
  [[nodiscard]] virtual const std::vector<const CoreStatistics*>& statistics() const = 0;
  /// CONFIG RESETSTAT: `command`, whose handler began at `start_cycles`, is the first that counts again. `done`
  /// is called on some core once all have begun anew.
  virtual void ResetStatistics(const Command& command, uint64_t start_cycles,
                               std::function<void()> done) = 0;
  [[nodiscard]] virtual uint64_t rejected_connections() const = 0;
  /// Rates of the last seconds; the server feeds it.
  [[nodiscard]] virtual const RateSampler& rates() const = 0;

  /// Who has subscribed to what, on all cores.
  [[nodiscard]] virtual const SubscriptionDirectory& subscriptions() const = 0;

  /// Who keeps copies of what it has read, on all cores; and which clients there are.
  [[nodiscard]] virtual TrackingRegistry& tracking() = 0;

  /// What to do with a visited client. kCloseAfterReplies lets it have what is due.
  enum class ClientAction : uint8_t { kKeep, kClose, kCloseAfterReplies };
  /// Calls `visit` for every client, on the client's own core, one core after the other (so `visit`
  /// needs no lock), then `done` on some core.
  virtual void VisitClients(std::function<ClientAction(ClientState&)> visit,
                            std::function<void()> done) = 0;

  /// CLIENT PAUSE: holds back all commands, or only those that may write, until `until_ms` (wall
  /// clock). A later call prolongs and never shortens, as in Redis.
  virtual void PauseClients(int64_t until_ms, bool writes_only) = 0;
  virtual void UnpauseClients() = 0;
  [[nodiscard]] virtual bool are_writes_paused() const = 0;

  /// Starts a checkpoint now; `done(ok, error)` on an unnamed thread. False when one is running
  /// already (nothing is called then).
  virtual bool StartCheckpoint(std::function<void(bool ok, std::string error)> done) = 0;
  /// DEBUG RELOAD: makes a checkpoint, drops every object from memory, and reads everything back, or as much as
  /// memory has room for. `done` as for StartCheckpoint; false when a checkpoint or a reload is running
  /// already. May be called with shards entered, so it waits for nothing.
  virtual bool ReloadObjects(std::function<void(bool ok, std::string error)> done) = 0;
  [[nodiscard]] virtual CheckpointInfo checkpoint_info() const = 0;
  [[nodiscard]] virtual CommitInfo commit_info() const = 0;
  [[nodiscard]] virtual ResidencyInfo residency_info() const = 0;
  /// Whether there is too little disk space to write.
  [[nodiscard]] virtual bool are_writes_refused() const = 0;
  /// What the store counts (storage/database.h).
  [[nodiscard]] virtual std::vector<storage::StoreFigure> store_figures() const = 0;

  /// Calls `done(true)` when everything appended up to `ticket` is synced on disk, `done(false)` when
  /// `timeout_ms` passed first (0 = no limit), or when `abandoned()` says that nobody wants a wait that
  /// no change made so far can end. On an unnamed thread.
  virtual void WaitUntilSynced(storage::Ticket ticket, int64_t timeout_ms,
                               std::function<void(bool)> done, std::function<bool()> abandoned) = 0;

  /// Asks the process to end: replies that are due are written, the journal is synced, with `save` a
  /// checkpoint is made. Returns at once.
  virtual void Shutdown(bool save) = 0;

  /// Who watches all requests.
  [[nodiscard]] virtual Monitors& monitors() = 0;
  /// What users were refused.
  [[nodiscard]] virtual AclLog& acl_log() = 0;
  /// Knows which requests are slow.
  [[nodiscard]] virtual SlowWatch& slow_watch() = 0;

  /// Runs `work`, which may wait for the disk, on an unnamed thread, one after the other; none is lost
  /// at the end.
  virtual void RunAside(std::function<void()> work) = 0;

  /// New value of appendfsync and other options that live in other parts: called after the
  /// configuration changed.
  virtual void ApplyConfig() = 0;

  /// Reads again what the options with `tls-` name; connections that come from now on use it. Returns why that cannot
  /// be, or ""; then all stays as it is.
  virtual std::string ReloadTls() = 0;
};

}  // namespace tally::server
