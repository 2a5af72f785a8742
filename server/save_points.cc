#include "server/save_points.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/number.h"

namespace tally::server {

std::optional<std::vector<SavePoint>> ParseSavePoints(std::string_view text) {
  std::vector<int64_t> numbers;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::optional<int64_t> number = protocol::ParseInt64(text.substr(0, end));
    const bool is_last = end == text.size();
    if (!number || end + 1 == text.size()) return std::nullopt;
    numbers.push_back(*number);
    text.remove_prefix(is_last ? end : end + 1);
  }
  if (numbers.size() % 2 != 0) return std::nullopt;
  std::vector<SavePoint> points;
  for (size_t i = 0; i < numbers.size(); i += 2) {
    if (numbers[i] < 1 || numbers[i + 1] < 0) return std::nullopt;
    points.push_back({.seconds = numbers[i], .changes = numbers[i + 1]});
  }
  return points;
}

std::string SavePointsText(std::span<const SavePoint> points) {
  std::string text;
  for (const SavePoint& point : points) {
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", point.seconds, point.changes);
  }
  return text;
}

bool IsAnyDue(std::span<const SavePoint> points, int64_t seconds_since_last,
              uint64_t changes_since_last) {
  return std::ranges::any_of(points, [&](const SavePoint& point) {
    return seconds_since_last > point.seconds &&
           changes_since_last >= static_cast<uint64_t>(point.changes);
  });
}

}  // namespace tally::server
