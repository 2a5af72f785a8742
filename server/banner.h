#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/config.h"

namespace tally::server {

/// What a start has found, for the banner.
struct StartFacts {
  std::string_view version;
  std::string_view directory;
  uint64_t objects = 0;
  uint64_t journal_entries = 0;
};

/// What the server prints once it serves: several lines, the last of which is a command that works as it
/// stands, from this machine. `config` has the port that is listened on and the number of threads.
[[nodiscard]] std::string BannerText(const Config& config, const StartFacts& facts);

}  // namespace tally::server
