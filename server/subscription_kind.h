#pragma once

#include <cstddef>
#include <cstdint>

namespace tally::server {

/// What a client can subscribe to: SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE.
enum class SubscriptionKind : uint8_t { kChannel, kPattern, kShardChannel };
inline constexpr size_t kSubscriptionKinds = 3;

}  // namespace tally::server
