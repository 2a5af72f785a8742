#include "server/common_subsequence.h"

#include <algorithm>

namespace tally::server {

CommonSubsequence::CommonSubsequence(std::string_view a, std::string_view b)
    : a_(a), b_(b), table_((a.size() + 1) * (b.size() + 1)) {
  const size_t width = b.size() + 1;
  for (size_t i = 0; i < a.size(); ++i) {
    const uint32_t* above = table_.data() + i * width;
    uint32_t* row = table_.data() + (i + 1) * width;
    for (size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = a[i] == b[j] ? above[j] + 1 : std::max(above[j + 1], row[j]);
    }
  }
}

std::vector<CommonRun> CommonSubsequence::Runs() const {
  std::vector<CommonRun> runs;
  bool in_run = false;
  for (size_t i = a_.size(), j = b_.size(); i > 0 && j > 0;) {
    if (a_[i - 1] == b_[j - 1]) {
      --i;
      --j;
      if (!in_run) runs.emplace_back();
      in_run = true;
      runs.back() = {.a_first = i, .b_first = j, .size = runs.back().size + 1};
    } else {
      in_run = false;
      // Where both ways are as good, the second string gets shorter.
      --(At(i - 1, j) > At(i, j - 1) ? i : j);
    }
  }
  return runs;
}

std::string CommonSubsequence::Text() const {
  const std::vector<CommonRun> runs = Runs();
  std::string text;
  text.reserve(size());
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    text.append(a_.substr(run->a_first, run->size));
  }
  return text;
}

}  // namespace tally::server
