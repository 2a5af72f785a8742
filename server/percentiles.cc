#include "server/percentiles.h"

#include <cstdlib>

#include <fmt/format.h>

namespace tally::server {

std::optional<std::vector<double>> ParsePercentiles(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  std::vector<double> percentiles;
  for (size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = text.find_first_not_of(kBlanks, at)) {
    const std::string word(text.substr(at, text.find_first_of(kBlanks, at) - at));
    char* end = nullptr;
    percentiles.push_back(std::strtod(word.c_str(), &end));
    if (end != word.c_str() + word.size()) return std::nullopt;
    at += word.size();
  }
  return percentiles;
}

std::string PercentileText(double percentile) {
  std::string text = fmt::format("{:f}", percentile);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string PercentilesText(const std::vector<double>& percentiles) {
  std::string text;
  for (const double percentile : percentiles) {
    if (!text.empty()) text += ' ';
    text += PercentileText(percentile);
  }
  return text;
}

}  // namespace tally::server
