#pragma once

#include <algorithm>
#include <cstddef>

#include "server/client_state.h"
#include "server/statistics.h"

namespace tally::server {

/// What a core's clients have in buffers, for INFO. One thread.
struct ClientBuffers {
  size_t all = 0;
  size_t largest_input = 0;
  size_t largest_output = 0;

  void Count(const ClientState& client) {
    all += client.read_capacity_bytes + client.owed_bytes;
    largest_input = std::max(largest_input, client.read_capacity_bytes);
    largest_output = std::max(largest_output, client.owed_bytes);
  }
  void Publish(CoreStatistics* statistics) const {
    statistics->client_buffer_bytes.Set(all);
    statistics->largest_input_buffer.Set(largest_input);
    statistics->largest_output_buffer.Set(largest_output);
  }
};

}  // namespace tally::server
