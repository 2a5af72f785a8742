#pragma once

#include <cstdint>
#include <vector>

#include "tests/crash/history.h"

namespace tally::test {

/// What one counter's operations break, appended to `violations`. A connection's operations must be
/// in its order. O(n log n).
void CheckCounter(uint32_t counter, const OperationList& operations,
                  std::vector<Violation>* violations);

}  // namespace tally::test
