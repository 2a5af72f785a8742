#include "server/memory_limit.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <string_view>

namespace tally::server {
namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// The number that a file's first line is; no limit when it is none ("max"), or there is no such file.
uint64_t LimitIn(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), bytes);
  return error == std::errc() && bytes > 0 ? bytes : kNoLimit;
}

uint64_t PhysicalBytes(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  std::string name;
  uint64_t kilobytes = 0;
  while (file >> name >> kilobytes) {
    if (name == "MemTotal:") return kilobytes * 1024;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return kNoLimit;
}

// The least limit of a group and of all that contain it. Inside a container the path may be the one that
// the group has outside, where only its end, or only the mount itself, is to be seen: what is not there
// limits nothing.
uint64_t LeastLimit(const std::string& mount, std::string group, std::string_view file) {
  if (group.find("..") != std::string::npos) group.clear();  // outside of what is mounted here
  uint64_t least = kNoLimit;
  while (true) {
    std::string path = mount;
    path.append(group).append("/").append(file);
    least = std::min(least, LimitIn(path));
    if (group.empty()) return least;
    group.erase(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

bool Contains(std::string_view comma_separated, std::string_view word) {
  while (!comma_separated.empty()) {
    const std::string_view first = comma_separated.substr(0, comma_separated.find(','));
    if (first == word) return true;
    comma_separated.remove_prefix(std::min(comma_separated.size(), first.size() + 1));
  }
  return false;
}

uint64_t GroupBytes(const std::string& root) {
  const std::string mount = root + "/sys/fs/cgroup";
  std::string own_v1;
  std::string own_v2;
  // "hierarchy:controllers:path"; version 2 has one hierarchy, number 0, and names no controllers.
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string_view controllers =
        std::string_view(line).substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (Contains(controllers, "memory")) own_v1 = path;
    if (controllers.empty()) own_v2 = path;
  }
  return std::min(LeastLimit(mount, own_v2, "memory.max"),
                  LeastLimit(mount + "/memory", own_v1, "memory.limit_in_bytes"));
}

}  // namespace

uint64_t OfferedMemoryBytes(const std::string& root) {
  const uint64_t least = std::min(PhysicalBytes(root), GroupBytes(root));
  return least == kNoLimit ? 0 : least;
}

uint64_t DefaultMaxMemoryBytes(const std::string& root) { return OfferedMemoryBytes(root) / 2; }

}  // namespace tally::server
