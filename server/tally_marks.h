#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tally::server {

/// A wall with `count` tally marks, five to a group (four strokes and one across), `columns` groups to a row
/// and at most `rows` rows: of more than fit it shows the last ones. Lines end with \n; an empty wall
/// is one empty line. `columns` and `rows` are at least 1.
[[nodiscard]] std::string DrawTallyMarks(uint64_t count, size_t columns, size_t rows);

}  // namespace tally::server
