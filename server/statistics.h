#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/counter.h"
#include "server/latency_histogram.h"

namespace tally::server {

struct CommandCounters {
  Counter calls;
  Counter nanoseconds;
  Counter rejected;  // wrong arity, not authenticated, paused …: the handler did not run
  Counter failed;    // the handler answered with an error

  CommandCounters() = default;
  ~CommandCounters() { delete latency_.load(); }
  CommandCounters(const CommandCounters&) = delete;
  CommandCounters& operator=(const CommandCounters&) = delete;

  /// Made with the first call of the command: of most commands there is never one. The writer only.
  LatencyHistogram& latency() {
    LatencyHistogram* histogram = latency_.load(std::memory_order_relaxed);
    if (histogram == nullptr) {
      histogram = new LatencyHistogram;
      latency_.store(histogram, std::memory_order_release);
    }
    return *histogram;
  }
  /// Null if nothing was counted. Any thread.
  [[nodiscard]] LatencyHistogram* latency_if_any() const {
    return latency_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<LatencyHistogram*> latency_{nullptr};
};

/// What one core counts. Written by its thread, read by anyone; CONFIG RESETSTAT is a message to the
/// core, so that only it writes.
struct CoreStatistics {
  explicit CoreStatistics(size_t command_count) : commands(command_count) {}

  Counter connections_received;
  Counter connected_clients;
  Counter blocked_clients;  // held back by CLIENT PAUSE
  Counter commands_processed;
  Counter bytes_in;
  Counter bytes_out;
  Counter socket_reads;
  Counter socket_writes;
  Counter client_buffer_bytes;  // in and out, now and then counted; so the next two
  Counter largest_input_buffer;
  Counter largest_output_buffer;
  Counter expire_us;  // spent on the search for expired objects
  Counter keyspace_hits;
  Counter keyspace_misses;
  Counter expired_keys;
  Counter error_replies;
  Counter object_bytes;
  Counter table_bytes;  // of the objects' tables
  Counter dirty_bytes;  // of objects that no checkpoint has yet
  Counter resident_objects;
  Counter objects;           // cold ones, too; only the sum over all cores counts
  Counter incomplete_slots;  // something of them is not in memory; by database
  Counter evicted_objects;
  Counter object_loads;        // objects asked of the disk
  Counter object_memory_hits;  // that the store's caches and filters knew
  Counter waiting_operations;  // at the input gate
  Counter cold_expiring;       // objects with an expiry that are not in memory; only the sum counts
  Counter turns;
  Counter held_replies;                   // batches that waited at the gate for their commit
  Counter held_us;                        // how long those have waited that were released
  std::vector<CommandCounters> commands;  // by Command::id

  /// By first word of the error ("ERR", "WRONGTYPE"); at most kMaxErrorKinds kinds are told apart.
  static constexpr size_t kMaxErrorKinds = 128;
  void CountError(std::string_view error_text);
  [[nodiscard]] std::map<std::string, uint64_t, std::less<>> ErrorCounts() const;
  void Reset();

 private:
  mutable std::mutex errors_mutex_;  // errors are off the hot path
  std::map<std::string, uint64_t, std::less<>> errors_;
};

}  // namespace tally::server
