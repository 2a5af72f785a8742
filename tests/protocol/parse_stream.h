#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/request_parser.h"

namespace tally::protocol {

// What a parser made of a stream of bytes.
struct ParsedStream {
  std::vector<std::vector<std::string>> requests;
  std::size_t nothings = 0;  // Blank lines, *0, *-1.
  std::string error;         // Empty: none.
  std::size_t used = 0;      // Bytes of whole requests.

  friend bool operator==(const ParsedStream&, const ParsedStream&) = default;

  friend std::ostream& operator<<(std::ostream& out, const ParsedStream& parsed) {
    for (const auto& request : parsed.requests) {
      out << '[';
      for (const std::string& arg : request) {
        out << '<' << arg << '>';
      }
      out << ']';
    }
    return out << " nothings=" << parsed.nothings << " error=" << parsed.error
               << " used=" << parsed.used;
  }
};

// Parses `stream` as it would come in pieces that end at `cuts` (ascending) and at its end. Every
// call sees its bytes in a block of their own, of exactly their size: they move each time, and a
// sanitizer sees each look past them.
inline ParsedStream ParseInPieces(RequestParser& parser, std::string_view stream,
                                  std::span<const std::size_t> cuts) {
  ParsedStream parsed;
  std::vector<std::size_t> ends(cuts.begin(), cuts.end());
  ends.push_back(stream.size());
  for (const std::size_t end : ends) {
    while (true) {
      const std::size_t size = end - parsed.used;
      const auto block = std::make_unique<char[]>(size);
      std::copy_n(stream.data() + parsed.used, size, block.get());
      const RequestParser::Result result = parser.Parse({block.get(), size});
      if (result == RequestParser::Result::kError) {
        parsed.error = parser.error();
        return parsed;
      }
      if (result == RequestParser::Result::kIncomplete) {
        break;
      }
      if (result == RequestParser::Result::kRequest) {
        parsed.requests.emplace_back(parser.args().begin(), parser.args().end());
      } else {
        ++parsed.nothings;
      }
      parsed.used += parser.consumed();
      if (parser.consumed() == 0 || parsed.used > end) {
        parsed.error = "the test: consumed() out of bounds";
        return parsed;
      }
    }
  }
  return parsed;
}

inline ParsedStream ParseWhole(std::string_view stream) {
  RequestParser parser;
  return ParseInPieces(parser, stream, {});
}

}  // namespace tally::protocol
