#pragma once

#include <string>

#include "server/config.h"

namespace tally::server {

/// Sends the process's log where `logfile`, `log-format` and `loglevel` say. Returns what is wrong, or "".
///
/// A file is opened anew for each line, so whoever moves it away (logrotate) has nothing else to do. A line that cannot
/// be written is lost: nothing depends on the log. JSON lines have `time` (UTC), `level`, `pid` and `message`.
[[nodiscard]] std::string OpenLog(const Config& config);

/// From now on. Thread: any.
void SetLogLevel(LogLevel level);

}  // namespace tally::server
