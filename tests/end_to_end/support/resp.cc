#include "tests/end_to_end/support/resp.h"

#include <charconv>
#include <iterator>

#include <fmt/format.h>

namespace tally::test {
namespace {

constexpr int kMaxNesting = 32;

template <typename Range>
std::string Encode(const Range& arguments) {
  std::string out = fmt::format("*{}\r\n", std::size(arguments));
  for (const auto& argument : arguments) {
    out += fmt::format("${}\r\n", argument.size());
    out += argument;
    out += "\r\n";
  }
  return out;
}

bool ToInteger(std::string_view text, int64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  ParseState Parse(Reply* reply, int depth) {
    std::string_view line;
    if (depth > kMaxNesting) return ParseState::kMalformed;
    if (const ParseState state = Line(&line); state != ParseState::kComplete) return state;
    if (line.empty()) return ParseState::kMalformed;
    reply->type = line.front();
    line.remove_prefix(1);
    switch (reply->type) {
      case '+':
      case '-':
      case ',':
      case '(':
        reply->text = line;
        return ParseState::kComplete;
      case '#':
        reply->text = line;
        return line == "t" || line == "f" ? ParseState::kComplete : ParseState::kMalformed;
      case '_':
        reply->is_null = true;
        return line.empty() ? ParseState::kComplete : ParseState::kMalformed;
      case ':':
        reply->text = line;
        return ToInteger(line, &reply->integer) ? ParseState::kComplete : ParseState::kMalformed;
      case '$':
      case '=':
      case '!':
        return Bulk(line, reply);
      case '*':
      case '~':
      case '>':
        return Aggregate(line, 1, reply, depth);
      case '%':
        return Aggregate(line, 2, reply, depth);
      default:
        return ParseState::kMalformed;
    }
  }

  [[nodiscard]] size_t position() const { return position_; }

 private:
  ParseState Line(std::string_view* line) {
    const size_t end = bytes_.find('\r', position_);
    if (end == std::string_view::npos || end + 1 == bytes_.size()) return ParseState::kIncomplete;
    if (bytes_[end + 1] != '\n') return ParseState::kMalformed;
    *line = bytes_.substr(position_, end - position_);
    position_ = end + 2;
    return ParseState::kComplete;
  }

  ParseState Bulk(std::string_view header, Reply* reply) {
    int64_t length = 0;
    if (!ToInteger(header, &length) || length < -1) return ParseState::kMalformed;
    if (length == -1) {
      reply->is_null = true;
      return reply->type == '$' ? ParseState::kComplete : ParseState::kMalformed;
    }
    const auto size = static_cast<size_t>(length);
    if (bytes_.size() - position_ < size + 2) return ParseState::kIncomplete;
    if (bytes_.substr(position_ + size, 2) != "\r\n") return ParseState::kMalformed;
    reply->text = bytes_.substr(position_, size);
    position_ += size + 2;
    return ParseState::kComplete;
  }

  ParseState Aggregate(std::string_view header, int64_t factor, Reply* reply, int depth) {
    int64_t length = 0;
    if (!ToInteger(header, &length) || length < -1) return ParseState::kMalformed;
    if (length == -1) {
      reply->is_null = true;
      return reply->type == '*' ? ParseState::kComplete : ParseState::kMalformed;
    }
    for (int64_t i = 0; i < length * factor; ++i) {
      Reply element;
      const ParseState state = Parse(&element, depth + 1);
      if (state != ParseState::kComplete) return state;
      reply->elements.push_back(std::move(element));
    }
    return ParseState::kComplete;
  }

  std::string_view bytes_;
  size_t position_ = 0;
};

}  // namespace

bool Reply::IsAggregate() const { return type == '*' || type == '~' || type == '>' || type == '%'; }

std::string EncodeCommand(std::span<const std::string> arguments) { return Encode(arguments); }

std::string EncodeCommand(std::initializer_list<std::string_view> arguments) {
  return Encode(arguments);
}

ParsedReply ParseReply(std::string_view bytes) {
  Parser parser(bytes);
  ParsedReply result;
  result.state = parser.Parse(&result.reply, 0);
  if (result.state == ParseState::kComplete) result.size_bytes = parser.position();
  return result;
}

std::string Printable(std::string_view bytes, size_t limit_bytes) {
  std::string out = "\"";
  for (const char c : bytes.substr(0, limit_bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
  if (bytes.size() > limit_bytes) out += fmt::format("... ({} bytes)", bytes.size());
  return out;
}

std::string Printable(std::span<const std::string> arguments) {
  std::string out;
  for (const std::string& argument : arguments) {
    if (!out.empty()) out += ' ';
    out += Printable(argument, 120);
  }
  return out;
}

}  // namespace tally::test
