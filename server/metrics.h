#pragma once

#include <string>

namespace tally::server {

class Services;

/// All that the server counts, in Prometheus's text format: the numbers of INFO under names of Prometheus's kind
/// (`tally_` in front, base units, `_total` behind counters), those of shards and commands one by one.
///
/// Histograms have classes a factor of 4 apart, from 1 us to 17 s. A counter begins anew with CONFIG RESETSTAT, which to
/// Prometheus is a restart. Reads what the cores have published (ten times a second, in part) and stops none. Any thread.
[[nodiscard]] std::string MetricsText(Services* services);

}  // namespace tally::server
