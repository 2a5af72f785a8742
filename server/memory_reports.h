#pragma once

#include "server/operation.h"

namespace tally::server {

// Handlers of MEMORY's reports.

/// MEMORY STATS: Redis 7.0's fields in its order. What has no counterpart here (a replication backlog,
/// scripts) is 0. Needs every shard entered, for it counts keys.
void ReplyMemoryStats(Operation& op);

/// MEMORY DOCTOR: findings in words, or that there are none.
void DoctorMemory(Operation& op);

}  // namespace tally::server
