#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::server {

/// Numbers between white space, as strtod reads them; nullopt when something is none. Whether they lie in
/// [0, 100] is for the caller to see.
[[nodiscard]] std::optional<std::vector<double>> ParsePercentiles(std::string_view text);

/// "99.9": at most six decimals, no more than it needs.
[[nodiscard]] std::string PercentileText(double percentile);

/// All of them, separated by single spaces.
[[nodiscard]] std::string PercentilesText(const std::vector<double>& percentiles);

}  // namespace tally::server
