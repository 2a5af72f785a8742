#include "server/glob.h"

#include <cstddef>
#include <utility>

namespace tally::server {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Bytes compare as signed in Redis's ranges, on the machines it is mostly used on.
int AsNumber(char c) { return static_cast<signed char>(c); }

// One element of the pattern that stands for exactly one byte.
class Element {
 public:
  Element(std::string_view pattern, bool ignore_case)
      : pattern_(pattern), ignore_case_(ignore_case) {}

  /// Whether the element at `position` accepts `c`; `*next` is where the following element begins.
  bool Accepts(size_t position, char c, size_t* next) const {
    switch (pattern_[position]) {
      case '?':
        *next = position + 1;
        return true;
      case '[':
        return SetAccepts(position + 1, c, next);
      case '\\':
        if (position + 1 < pattern_.size()) ++position;
        break;
      default:
        break;
    }
    *next = position + 1;
    return Same(pattern_[position], c);
  }

 private:
  bool Same(char a, char b) const { return a == b || (ignore_case_ && Lower(a) == Lower(b)); }

  bool InRange(char first, char last, char c) const {
    if (AsNumber(first) > AsNumber(last)) std::swap(first, last);
    if (ignore_case_) {
      first = Lower(first);
      last = Lower(last);
      c = Lower(c);
    }
    return AsNumber(first) <= AsNumber(c) && AsNumber(c) <= AsNumber(last);
  }

  bool SetAccepts(size_t position, char c, size_t* next) const {
    const size_t end = pattern_.size();
    const bool negated = position < end && pattern_[position] == '^';
    if (negated) ++position;
    bool found = false;
    while (position < end && pattern_[position] != ']') {
      const size_t left = end - position;
      if (pattern_[position] == '\\' && left >= 2) {
        found |= pattern_[position + 1] == c;  // an escaped byte is exact in any case
        position += 2;
      } else if (left >= 3 && pattern_[position + 1] == '-') {
        found |= InRange(pattern_[position], pattern_[position + 2], c);
        position += 3;
      } else {
        found |= Same(pattern_[position], c);
        ++position;
      }
    }
    *next = position < end ? position + 1 : end;
    return found != negated;
  }

  std::string_view pattern_;
  bool ignore_case_;
};

}  // namespace

bool GlobMatch(std::string_view pattern, std::string_view text, bool ignore_case) {
  if (text.empty()) return pattern.empty();  // not even "*" matches it, in Redis
  const Element element(pattern, ignore_case);
  size_t position = 0;
  size_t consumed = 0;
  size_t after_star = std::string_view::npos;  // what follows the last `*`,
  size_t star_consumed = 0;                    // and how much of the text came before it
  while (consumed < text.size()) {
    if (position < pattern.size() && pattern[position] == '*') {
      after_star = ++position;
      if (after_star == pattern.size()) return true;
      star_consumed = consumed;
      continue;
    }
    size_t next = 0;
    if (position < pattern.size() && element.Accepts(position, text[consumed], &next)) {
      position = next;
      ++consumed;
      continue;
    }
    if (after_star == std::string_view::npos) return false;
    position = after_star;
    consumed = ++star_consumed;
  }
  while (position < pattern.size() && pattern[position] == '*') ++position;
  return position == pattern.size();
}

}  // namespace tally::server
