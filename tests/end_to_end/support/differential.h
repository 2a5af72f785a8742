#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/end_to_end/support/reply_comparison.h"

namespace tally::test {

struct DifferentialOptions {
  uint16_t subject_port = 0;
  uint16_t oracle_port = 0;
  uint64_t seed = 0;
  int resp_version = 2;
  int units = 1000;
  std::span<const KnownDifference> known = {};
  size_t most_differences = 5;  ///< after so many the run ends
  /// Changes what the subject answered to the nth unit: so the tests show that the run sees it.
  std::function<void(int unit, std::string* subject_bytes)> tamper = {};
  /// Called before each unit: what the subject has to bear besides the stream. When it has restarted the
  /// subject it returns the port; then both servers are connected anew, and settings are put back.
  std::function<std::optional<uint16_t>(int unit)> before_unit = {};
};

/// Sends the same seeded stream to two servers and compares what they answer, byte for byte but for
/// `known`. Both are flushed first. Each difference is described with the seed and with the last
/// units before it; after one, both servers are flushed and connected anew.
[[nodiscard]] std::vector<std::string> RunDifferential(const DifferentialOptions& options);

}  // namespace tally::test
