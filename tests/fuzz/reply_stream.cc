#include "tests/fuzz/reply_stream.h"

#include <charconv>
#include <cstdint>

namespace tally::fuzz {
namespace {

enum class Read : uint8_t { kWhole, kIncomplete, kBroken };

constexpr int kMostDepth = 16;

Read TakeLine(std::string_view* in, std::string_view* line) {
  const size_t end = in->find_first_of("\r\n");
  if (end == std::string_view::npos || end + 1 == in->size()) return Read::kIncomplete;
  if (in->substr(end, 2) != "\r\n") return Read::kBroken;
  *line = in->substr(0, end);
  in->remove_prefix(end + 2);
  return Read::kWhole;
}

bool ToNumber(std::string_view text, int64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

Read TakeBulk(std::string_view* in, int64_t size) {
  if (size == -1) return Read::kWhole;
  if (size < 0) return Read::kBroken;
  const auto bytes = static_cast<size_t>(size);
  if (in->size() < bytes + 2) return Read::kIncomplete;
  if (in->substr(bytes, 2) != "\r\n") return Read::kBroken;
  in->remove_prefix(bytes + 2);
  return Read::kWhole;
}

Read TakeReply(std::string_view* in, int depth) {
  if (depth > kMostDepth) return Read::kBroken;
  if (in->empty()) return Read::kIncomplete;
  const char type = in->front();
  in->remove_prefix(1);
  std::string_view line;
  if (const Read read = TakeLine(in, &line); read != Read::kWhole) return read;
  int64_t number = 0;
  switch (type) {
    case '+':
    case '-':
      return Read::kWhole;
    case ':':
      return ToNumber(line, &number) ? Read::kWhole : Read::kBroken;
    case '_':
      return line.empty() ? Read::kWhole : Read::kBroken;
    case '#':
      return line == "t" || line == "f" ? Read::kWhole : Read::kBroken;
    case ',':
    case '(':
      return line.empty() ? Read::kBroken : Read::kWhole;
    case '$':
    case '=':
    case '!':
      return ToNumber(line, &number) ? TakeBulk(in, number) : Read::kBroken;
    case '*':
    case '~':
    case '>':
    case '%':
      break;
    default:
      return Read::kBroken;
  }
  if (!ToNumber(line, &number) || number < -1) return Read::kBroken;
  if (type == '%') number *= 2;
  for (; number > 0; --number) {
    if (const Read read = TakeReply(in, depth + 1); read != Read::kWhole) return read;
  }
  return Read::kWhole;
}

}  // namespace

ReplyCount CountReplies(std::string_view bytes) {
  ReplyCount count;
  while (!bytes.empty()) {
    const bool is_push = bytes.front() == '>';
    const Read read = TakeReply(&bytes, 0);
    count.is_broken = read == Read::kBroken;
    count.is_whole = read == Read::kWhole;
    if (read != Read::kWhole) break;
    ++(is_push ? count.pushes : count.replies);
  }
  return count;
}

}  // namespace tally::fuzz
