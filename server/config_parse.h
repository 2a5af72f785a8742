#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/config.h"

namespace tally::server {

/// What the command line asks for.
struct ParsedConfig {
  std::unique_ptr<Config> config;  ///< null: print `text` and exit
  std::string text;                ///< help or version (exit_code 0), or what is wrong (1)
  int exit_code = 0;
};

/// Reads the options, and the configuration file if they name one: what the command line says counts
/// more than what the file says, and a later word more than an earlier one. Anything unknown or out of
/// range is an error that says where it stands and why; there is no configuration then. `dir` and
/// `config_file` come out absolute. `argv[0]` is the program's name.
[[nodiscard]] ParsedConfig ParseConfig(int argc, const char* const* argv, std::string_view version);

}  // namespace tally::server
