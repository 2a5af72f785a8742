#pragma once

#include <cstdint>
#include <vector>

#include "tests/crash/history.h"

namespace tally::test {

/// What the operations of one group of `size` keys break, appended to `violations`. A connection's
/// operations must be in its order. O(n log n).
void CheckGroup(uint32_t group, int64_t size, const OperationList& operations,
                std::vector<Violation>* violations);

}  // namespace tally::test
