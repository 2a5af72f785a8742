#include "server/local_hold.h"

#include <memory>
#include <new>
#include <vector>

namespace tally::server {

namespace {

struct FreeHolds {
  static constexpr size_t kKept = 4096;
  std::vector<void*> memory;
  FreeHolds() { memory.reserve(kKept); }
  FreeHolds(const FreeHolds&) = delete;
  FreeHolds& operator=(const FreeHolds&) = delete;
  ~FreeHolds() {
    for (void* free : memory) ::operator delete(free);
  }
};
thread_local FreeHolds free_holds;

}  // namespace

void LocalHold::Release() {
  const std::unique_ptr<LocalHold> self(this);
  requester_->OnLocalRelease(place_);
}

void* LocalHold::operator new(size_t size) {
  if (free_holds.memory.empty()) return ::operator new(size);
  void* const memory = free_holds.memory.back();
  free_holds.memory.pop_back();
  return memory;
}

void LocalHold::operator delete(void* memory, size_t size) {
  if (free_holds.memory.size() < FreeHolds::kKept) {
    free_holds.memory.push_back(memory);
  } else {
    ::operator delete(memory, size);
  }
}

}  // namespace tally::server
