#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "tests/crash/history.h"

namespace tally::test {

struct WorkloadOptions {
  int clients = 4;  ///< threads, each with a connection of its own
  int counters = 12;
  int groups = 8;      ///< every second one is written by one client only
  int group_size = 3;  ///< keys, of different slots
  int longest_pipeline = 32;
  bool saves = false;  ///< one more connection sends SAVE and BGSAVE now and then
  /// One more connection writes values that need more than the least memory a server keeps (four cores'),
  /// so that what the others use leaves it.
  bool fills_memory = false;
  uint64_t seed = 0;
};

struct WorkloadResult {
  int64_t answered = 0;
  int64_t unanswered = 0;
  int64_t errors = 0;  ///< error replies: of those, too, nobody knows whether they took effect
  std::string first_error;
};

/// Lets clients increment, write, delete and read against 127.0.0.1:port, singly and pipelined,
/// until their connections break or `stop` is requested (then what is under way is still read), and
/// adds what they did to the history. One more exchanges databases (swapper.h). Call it again with the same history after a restart; call
/// History::EndLife in between, once the server is certainly gone.
WorkloadResult RunWorkload(uint16_t port, const WorkloadOptions& options, std::stop_token stop,
                           History* history);

/// Reads every counter and every group, on one new connection: what is there after a restart.
/// False when not all was answered.
[[nodiscard]] bool ReadEverything(uint16_t port, const WorkloadOptions& options, History* history);

}  // namespace tally::test
