#pragma once

#include <cstddef>
#include <cstdint>

#include "server/reply_gate.h"
#include "server/requester.h"

namespace tally::server {

/// Replies of the requester's own shard that wait at its gate. Frees itself when released.
///
/// Thread: one core. Its memory is recycled, each thread keeping its own: a warm write allocates
/// nothing.
class LocalHold final : public HeldReply {
 public:
  LocalHold(Requester* requester, uint64_t place) : requester_(requester), place_(place) {}

  void Release() override;

  static void* operator new(size_t size);
  static void operator delete(void* memory, size_t size);

 private:
  Requester* requester_;
  uint64_t place_;
};

}  // namespace tally::server
