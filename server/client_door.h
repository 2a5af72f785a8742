#pragma once

#include <cstdint>

namespace tally::server {

/// Where clients come in, and so what they speak.
enum class ClientDoor : uint8_t {
  kRedis,
  kRedisTls,  ///< the same inside TLS
  kHttp,
  kAdmin,  ///< HTTP, too: what the server tells of itself
};

[[nodiscard]] constexpr bool SpeaksRedis(ClientDoor door) {
  return door == ClientDoor::kRedis || door == ClientDoor::kRedisTls;
}

}  // namespace tally::server
