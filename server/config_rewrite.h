#pragma once

#include <string>
#include <string_view>

#include "server/config.h"

namespace tally::server {

/// The text of a configuration file with the options as they are now. Comments, empty lines and the order
/// stay; a line whose value is still right stays as it is written; an option's later lines, which counted
/// before, are left out. Options that the file does not name and that are not at their default come
/// behind the last line, under a comment of their own. `text` is one that ParseConfigText takes.
[[nodiscard]] std::string RewriteConfigText(std::string_view text, const Config& config);

/// Does that to the file that the server was started with (`config.config_file`, which is not empty), or
/// makes it when it is gone. The file is replaced as a whole, and on disk when this returns; after a
/// failure it is as it was. Waits for the disk. Returns what went wrong, or "".
[[nodiscard]] std::string RewriteConfigFile(const Config& config);

}  // namespace tally::server
