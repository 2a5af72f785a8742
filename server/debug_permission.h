#pragma once

#include <string_view>

#include "server/config.h"

namespace tally::server {

/// Whether a client at `address` ("127.0.0.1:40612") may use DEBUG.
[[nodiscard]] inline bool MayDebug(const Config& config, std::string_view address) {
  switch (config.debug_command) {
    case DebugCommand::kNo:
      return false;
    case DebugCommand::kYes:
      return true;
    case DebugCommand::kLocal: {
      const std::string_view host = address.substr(0, address.rfind(':'));
      return host == "127.0.0.1" || host == "[::1]" || host == "[::ffff:127.0.0.1]";
    }
  }
  return false;
}

}  // namespace tally::server
