#include "server/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace tally::server {

uint32_t RaiseDescriptorLimit(uint32_t clients) {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return clients;
  const rlim_t wanted = clients + kReservedDescriptors;
  if (limit.rlim_cur >= wanted) return clients;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  if (limit.rlim_cur >= wanted) return clients;
  const uint64_t room =
      limit.rlim_cur > kReservedDescriptors ? limit.rlim_cur - kReservedDescriptors : 1;
  return static_cast<uint32_t>(room);
}

}  // namespace tally::server
