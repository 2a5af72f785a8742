#pragma once

#include <cstdint>

namespace tally::server {

/// Descriptors that are kept for the database (at most 256 table files), its logs, the loops and the
/// listener, beside the clients'.
inline constexpr uint64_t kReservedDescriptors = 384;

/// How many clients the process's hard limit of open files allows (at least 1).
[[nodiscard]] uint32_t MostClients();

/// Raises the process's soft limit so far that `clients` connections fit, as far as the hard limit
/// allows. Returns how many of them fit now (at least 1).
uint32_t RaiseDescriptorLimit(uint32_t clients);

}  // namespace tally::server
