#include "server/tally_marks.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace tally::server {
namespace {

constexpr uint64_t kGroup = 5;
constexpr size_t kLines = 3;  // of text, to a row of groups

// The fifth stroke goes across the four others, from the bottom left to the top right.
constexpr std::array<std::string_view, kLines> kStruck = {" | | |/|  ", " | |/| |  ", " |/| | |  "};

void Draw(uint64_t marks, std::array<std::string, kLines>* lines) {
  for (size_t i = 0; i < kLines; ++i) {
    std::string& line = (*lines)[i];
    if (marks == kGroup) {
      line += kStruck[i];
    } else {
      for (uint64_t mark = 0; mark < marks; ++mark) line += " |";
    }
  }
}

}  // namespace

std::string DrawTallyMarks(uint64_t count, size_t columns, size_t rows) {
  const uint64_t per_row = kGroup * columns;
  const uint64_t rows_needed = count / per_row + (count % per_row != 0 ? 1 : 0);
  if (rows_needed > rows) count -= (rows_needed - rows) * per_row;
  if (count == 0) return "\n";
  std::string wall;
  for (size_t row = 0; count > 0; ++row) {
    if (row > 0) wall += '\n';
    std::array<std::string, kLines> lines;
    for (size_t column = 0; column < columns && count > 0; ++column) {
      const uint64_t marks = std::min(count, kGroup);
      Draw(marks, &lines);
      count -= marks;
    }
    for (std::string& line : lines) {
      line.erase(line.find_last_not_of(' ') + 1);
      wall += line + '\n';
    }
  }
  return wall;
}

}  // namespace tally::server
