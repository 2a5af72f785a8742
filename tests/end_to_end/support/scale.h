#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace tally::test {

/// TALLY_TEST_SCALE: 1 = what the suite runs; 0.1 for the inner loop, 100 for a night.
[[nodiscard]] inline double TestScale() {
  const char* text = std::getenv("TALLY_TEST_SCALE");
  if (text == nullptr) return 1.0;
  const double scale = std::strtod(text, nullptr);
  return scale > 0.0 ? scale : 1.0;
}

/// `count` rounds at scale 1; never fewer than one.
[[nodiscard]] inline int Scaled(int count) {
  return std::max(1, static_cast<int>(std::lround(count * TestScale())));
}

}  // namespace tally::test
