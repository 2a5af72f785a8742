#include "server/memory_usage.h"

#include <malloc.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>

// jemalloc's own door, when the process is linked with jemalloc; null otherwise.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old_value, size_t* old_size,
                                             void* new_value, size_t new_size);
extern "C" __attribute__((weak)) void malloc_stats_print(void (*write)(void*, const char*),
                                                         void* context, const char* options);

namespace tally::server {
namespace {

uint64_t JemallocNumber(const char* name) {
  size_t value = 0;
  size_t size = sizeof(value);
  return mallctl(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

void MeasureJemalloc(MemoryUsage* usage) {
  // Its statistics stand still until the epoch is moved on.
  uint64_t epoch = 1;
  size_t size = sizeof(epoch);
  mallctl("epoch", &epoch, &size, &epoch, size);
  usage->used = JemallocNumber("stats.allocated");
  usage->active = JemallocNumber("stats.active");
  usage->allocator_resident = JemallocNumber("stats.resident");

  const char* version = nullptr;
  size = sizeof(version);
  if (mallctl("version", static_cast<void*>(&version), &size, nullptr, 0) != 0) version = "unknown";
  usage->allocator = "jemalloc-";
  usage->allocator.append(version, std::strcspn(version, "-"));
}

uint64_t ResidentBytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"),
                                                             std::fclose);
  unsigned long long size = 0;
  unsigned long long resident = 0;
  if (file == nullptr || std::fscanf(file.get(), "%llu %llu", &size, &resident) != 2) return 0;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t SystemBytes() {
  struct sysinfo info {};
  return sysinfo(&info) == 0 ? uint64_t{info.totalram} * info.mem_unit : 0;
}

}  // namespace

MemoryUsage MeasureMemory() {
  MemoryUsage usage;
  usage.resident = ResidentBytes();
  usage.system = SystemBytes();
  if (mallctl != nullptr) {
    MeasureJemalloc(&usage);
  } else {
    const struct mallinfo2 info = mallinfo2();
    usage.used = info.uordblks + info.hblkhd;
    usage.allocator = "libc";
  }
  // A sanitizer's allocator says nothing.
  if (usage.used == 0) usage.used = usage.resident;

  static std::atomic<uint64_t> peak{0};  // of the process, as is everything here
  uint64_t seen = peak.load();
  while (seen < usage.used && !peak.compare_exchange_weak(seen, usage.used)) {
  }
  usage.peak = seen < usage.used ? usage.used : seen;
  return usage;
}

void ReturnFreeMemory() {
  if (mallctl == nullptr) {
    malloc_trim(0);
  } else {
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // 4096: all arenas
  }
}

std::string AllocatorReport() {
  if (malloc_stats_print == nullptr) return "This allocator keeps no statistics\n";
  std::string report;
  malloc_stats_print(
      [](void* context, const char* text) { static_cast<std::string*>(context)->append(text); },
      &report, nullptr);
  return report;
}

}  // namespace tally::server
