#pragma once

#include <string>
#include <vector>

#include "tests/end_to_end/support/resp.h"

namespace tally::test {

/// What the random commands are made of: things that a server may get wrong.

/// Few, so that commands meet; of several slots, some of one by their hash tags; binary; empty.
[[nodiscard]] const std::vector<std::string>& Keys();
[[nodiscard]] const std::vector<std::string>& OddIntegers();
[[nodiscard]] const std::vector<std::string>& OddFloats();

/// Whole commands, right and wrong, whose arguments are not worth drawing.
[[nodiscard]] const std::vector<Arguments>& ClientCommands();
[[nodiscard]] const std::vector<Arguments>& ConfigCommands();
[[nodiscard]] const std::vector<Arguments>& ServerCommands();
[[nodiscard]] const std::vector<Arguments>& ObjectCommands();  ///< of OBJECT and MEMORY
[[nodiscard]] const std::vector<Arguments>& DebugCommands();
/// Of replication, cluster, modules, SLOWLOG, LATENCY and their like.
[[nodiscard]] const std::vector<Arguments>& AdministrationCommands();

/// Names of these, for COMMAND INFO.
[[nodiscard]] const std::vector<std::string>& AdministrationNames();
/// For COMMAND INFO and COMMAND GETKEYS.
[[nodiscard]] const std::vector<std::string>& CommandNames();
[[nodiscard]] const std::vector<Arguments>& CommandsWithKeys();

/// Whole inputs of a connection: malformed, incomplete, inline, of other protocols.
[[nodiscard]] const std::vector<std::string>& OddInputs();

}  // namespace tally::test
