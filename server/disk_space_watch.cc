#include "server/disk_space_watch.h"

#include <sys/statvfs.h>

#include <algorithm>

#include <spdlog/spdlog.h>

namespace tally::server {

void DiskSpaceWatch::Check() {
  struct statvfs space {};
  if (directory_.empty() || ::statvfs(directory_.c_str(), &space) != 0) return;
  constexpr uint64_t kSmallVolumePart = 16;
  const uint64_t free_bytes = uint64_t{space.f_bavail} * space.f_frsize;
  const uint64_t low_bytes =
      std::min(low_bytes_, uint64_t{space.f_blocks} * space.f_frsize / kSmallVolumePart);
  const bool refused = writes_refused_.load(std::memory_order_relaxed);
  if (!refused && free_bytes < low_bytes) {
    writes_refused_ = true;
    spdlog::error(
        "{}: {} MiB of disk space left, fewer than {}: writes are refused until there is room",
        directory_, free_bytes >> 20, low_bytes >> 20);
  } else if (refused && free_bytes >= 2 * low_bytes) {
    writes_refused_ = false;
    spdlog::info("{}: {} MiB of disk space free: writes are taken again", directory_,
                 free_bytes >> 20);
  }
}

}  // namespace tally::server
