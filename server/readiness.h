#pragma once

#include <string_view>

#include "server/services.h"

namespace tally::server {

/// Whether the server does all that it is there for.
struct Readiness {
  bool is_ready = true;
  std::string_view reason = "reads and writes are served";
};

/// Any thread.
[[nodiscard]] inline Readiness ReadinessOf(const Services& services) {
  if (services.are_writes_refused()) {
    return {false, "the disk is nearly full: writes are refused until there is room"};
  }
  if (services.are_writes_paused()) return {false, "CLIENT PAUSE holds writes back"};
  return {};
}

}  // namespace tally::server
