#include "server/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace tally::server {

namespace {

uint32_t ClientsIn(rlim_t descriptors) {
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  if (descriptors == RLIM_INFINITY) return kMost;
  if (descriptors <= kReservedDescriptors) return 1;
  return static_cast<uint32_t>(std::min<uint64_t>(descriptors - kReservedDescriptors, kMost));
}

}  // namespace

uint32_t MostClients() {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<uint32_t>::max();
  return ClientsIn(limit.rlim_max);
}

uint32_t RaiseDescriptorLimit(uint32_t clients) {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return clients;
  const rlim_t wanted = clients + kReservedDescriptors;
  if (limit.rlim_cur < wanted) {
    struct rlimit raised = limit;
    raised.rlim_cur = std::min(wanted, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return std::min(clients, ClientsIn(limit.rlim_cur));
}

}  // namespace tally::server
