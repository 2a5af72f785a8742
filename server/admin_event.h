#pragma once

#include <string>

namespace tally::server {

class Services;

/// One JSON object, on one line, with what the admin page shows: what is so now, and counts since the start (or CONFIG
/// RESETSTAT), from which the page makes rates. `latency` is of all commands together: pairs of the microseconds that
/// calls of a class were shorter than, and their number; classes without calls are left out.
///
/// Reads what the cores have published and stops none. Any thread.
[[nodiscard]] std::string AdminEvent(Services* services);

}  // namespace tally::server
