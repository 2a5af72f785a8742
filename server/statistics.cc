#include "server/statistics.h"

namespace tally::server {
namespace {

/// Kinds beyond the limit are counted together. Not a word that an error of ours begins with.
constexpr std::string_view kOtherErrors = "OTHER";

std::string_view KindOf(std::string_view error_text) {
  if (error_text.starts_with('-')) error_text.remove_prefix(1);
  const std::string_view kind = error_text.substr(0, error_text.find_first_of(" \r\n"));
  return kind.empty() ? "ERR" : kind;
}

}  // namespace

void CoreStatistics::CountError(std::string_view error_text) {
  const std::string_view kind = KindOf(error_text);
  const std::scoped_lock lock(errors_mutex_);
  if (const auto known = errors_.find(kind); known != errors_.end()) {
    ++known->second;
  } else if (errors_.size() < kMaxErrorKinds - 1) {
    errors_.emplace(kind, 1);
  } else {
    ++errors_[std::string(kOtherErrors)];
  }
}

std::map<std::string, uint64_t, std::less<>> CoreStatistics::ErrorCounts() const {
  const std::scoped_lock lock(errors_mutex_);
  return errors_;
}

void CoreStatistics::Reset() {
  // Not connected_clients and object_bytes: they say what is, not what was.
  for (Counter* counter : {&connections_received, &commands_processed, &bytes_in, &bytes_out,
                           &keyspace_hits, &keyspace_misses, &expired_keys, &error_replies, &turns,
                           &held_replies, &socket_reads, &socket_writes, &expire_us}) {
    counter->Set(0);
  }
  for (CommandCounters& command : commands) {
    command.calls.Set(0);
    command.nanoseconds.Set(0);
    command.rejected.Set(0);
    command.failed.Set(0);
    if (LatencyHistogram* const latency = command.latency_if_any()) latency->Reset();
  }
  const std::scoped_lock lock(errors_mutex_);
  errors_.clear();
}

}  // namespace tally::server
