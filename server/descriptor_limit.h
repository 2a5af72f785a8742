#pragma once

#include <cstdint>

namespace tally::server {

/// Descriptors that are kept for the database, the loops and the listener, beside the clients'.
inline constexpr uint64_t kReservedDescriptors = 384;

/// Raises the process's soft limit so far that `clients` connections fit, as the hard limit allows.
/// Returns how many fit now (at least 1).
uint32_t RaiseDescriptorLimit(uint32_t clients);

}  // namespace tally::server
