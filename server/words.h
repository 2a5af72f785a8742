#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace tally::server {

/// The words of a text with spaces between them.
[[nodiscard]] inline std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t begin = text.find_first_not_of(' '); begin != std::string_view::npos;
       begin = text.find_first_not_of(' ', begin)) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

/// Whether it can be no word of a line that is read again.
[[nodiscard]] inline bool HasSpaceOrNul(std::string_view text) {
  constexpr std::string_view kForbidden(" \t\n\v\f\r\0", 7);
  return text.find_first_of(kForbidden) != std::string_view::npos;
}

}  // namespace tally::server
