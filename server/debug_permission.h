#pragma once

#include <string_view>

#include "protocol/errors.h"
#include "server/command.h"
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

/// Why a client may not use a protected command (DEBUG, or MODULE's that load code), or "".
[[nodiscard]] inline std::string_view ProtectedRefusal(const Command& command, const Config& config,
                                                       std::string_view address) {
  if (command.parent == "module") return protocol::errors::kModuleNotAllowed;
  return MayDebug(config, address) ? std::string_view() : protocol::errors::kDebugNotAllowed;
}

}  // namespace tally::server
