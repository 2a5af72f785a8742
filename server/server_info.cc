// What the server tells of itself.

#include <algorithm>

#include "server/residency.h"
#include "server/server.h"

namespace tally::server {

CheckpointInfo Server::checkpoint_info() const {
  const storage::Checkpointer::State state = checkpointer_->state();
  constexpr int64_t kMsPerSecond = 1000;
  CheckpointInfo info;
  info.running = state.running;
  info.last_ok = state.last_ok;
  info.running_since_ms = state.running_since_ms;
  info.last_duration_ms = state.last_duration_ms;
  info.completed = state.completed;
  info.journal_bytes = state.journal_bytes;
  info.objects = state.objects;
  info.bytes = state.bytes;
  info.last_error = state.last_error;
  info.changes_since = log_->appended() - std::min(log_->appended(), state.floor);
  info.last_success_s =
      (state.last_success_ms > 0 ? state.last_success_ms : options_.facts.started_ms) /
      kMsPerSecond;
  return info;
}

CommitInfo Server::commit_info() const {
  const storage::CommitLog::Statistics statistics = log_->statistics();
  CommitInfo info;
  info.appended = statistics.appended;
  info.durable = statistics.durable;
  info.synced = statistics.synced;
  info.commits = statistics.commits;
  info.syncs = statistics.syncs;
  info.bytes = statistics.bytes;
  info.sync_seconds = statistics.sync_seconds;
  info.average_sync_us = statistics.average_sync_us;
  info.led_by_cores = statistics.led_by_callers;
  return info;
}

ResidencyInfo Server::residency_info() const { return residency_->info(); }

std::vector<storage::StoreFigure> Server::store_figures() const { return database_->Figures(); }

}  // namespace tally::server
