#pragma once

#include <cstdint>
#include <string>

namespace tally::server {

/// How much memory there is for this process, in bytes: the machine's, or less where a control group (v1
/// or v2; its own, or one that contains it) allows less. 0: nobody says.
///
/// `root` is where the file system begins; tests make one of their own. Reads a few small files: for the
/// start, not for serving.
[[nodiscard]] uint64_t OfferedMemoryBytes(const std::string& root = "/");

/// maxmemory when nobody sets it: half of what is offered. The other half is for buffers, the database's
/// own memory, the system's cache of its files, and whoever else is on this machine. 0: no limit.
[[nodiscard]] uint64_t DefaultMaxMemoryBytes(const std::string& root = "/");

}  // namespace tally::server
