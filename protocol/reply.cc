#include "protocol/reply.h"

#include <array>
#include <charconv>

#include "protocol/check.h"
#include "protocol/number.h"

namespace tally::protocol {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";

bool IsOneLine(std::string_view text) { return text.find_first_of(kEndOfLine) == text.npos; }

}  // namespace

ReplyWriter::ReplyWriter(std::string* out, int resp) : out_(out), resp_(resp) {
  Check(resp == 2 || resp == 3, "replies are RESP2 or RESP3");
}

void ReplyWriter::Status(std::string_view text) {
  Check(IsOneLine(text), "a status is one line");
  *out_ += '+';
  *out_ += text;
  *out_ += kEndOfLine;
}

void ReplyWriter::Error(std::string_view text) {
  *out_ += '-';
  const std::size_t start = out_->size();
  *out_ += text;
  for (std::size_t i = start; i < out_->size(); ++i) {
    char& c = (*out_)[i];
    if (c == '\r' || c == '\n' || c == '\0') {
      c = ' ';
    }
  }
  *out_ += kEndOfLine;
}

void ReplyWriter::Integer(std::int64_t value) { Header(':', value); }

void ReplyWriter::Bulk(std::string_view bytes) {
  Header('$', static_cast<std::int64_t>(bytes.size()));
  *out_ += bytes;
  *out_ += kEndOfLine;
}

void ReplyWriter::BulkInteger(std::int64_t value) {
  std::array<char, kMaxInt64Chars> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  Bulk(std::string_view(digits.data(), result.ptr));
}

void ReplyWriter::Null() { *out_ += resp_ == 3 ? "_\r\n" : "$-1\r\n"; }

void ReplyWriter::NullArray() { *out_ += resp_ == 3 ? "_\r\n" : "*-1\r\n"; }

void ReplyWriter::Array(std::size_t size) { Header('*', static_cast<std::int64_t>(size)); }

void ReplyWriter::Map(std::size_t pairs) {
  if (resp_ == 3) {
    Header('%', static_cast<std::int64_t>(pairs));
  } else {
    Array(2 * pairs);
  }
}

void ReplyWriter::Set(std::size_t size) {
  Header(resp_ == 3 ? '~' : '*', static_cast<std::int64_t>(size));
}

void ReplyWriter::Push(std::size_t size) {
  Header(resp_ == 3 ? '>' : '*', static_cast<std::int64_t>(size));
}

void ReplyWriter::Double(double value) {
  std::array<char, kMaxDoubleChars> buffer;
  const std::string_view text = FormatDouble(value, buffer);
  if (resp_ == 3) {
    *out_ += ',';
    *out_ += text;
    *out_ += kEndOfLine;
  } else {
    Bulk(text);
  }
}

void ReplyWriter::Boolean(bool value) {
  if (resp_ == 3) {
    *out_ += value ? "#t\r\n" : "#f\r\n";
  } else {
    Integer(value ? 1 : 0);
  }
}

void ReplyWriter::BigNumber(std::string_view digits) {
  if (resp_ == 3) {
    Check(IsOneLine(digits), "a big number is one line");
    *out_ += '(';
    *out_ += digits;
    *out_ += kEndOfLine;
  } else {
    Bulk(digits);
  }
}

void ReplyWriter::Verbatim(std::string_view format, std::string_view text) {
  Check(format.size() == 3, "a verbatim string's format has three characters");
  if (resp_ == 3) {
    Header('=', static_cast<std::int64_t>(format.size() + 1 + text.size()));
    *out_ += format;
    *out_ += ':';
    *out_ += text;
    *out_ += kEndOfLine;
  } else {
    Bulk(text);
  }
}

void ReplyWriter::Header(char type, std::int64_t value) {
  std::array<char, 1 + kMaxInt64Chars + 2> line;
  line[0] = type;
  char* end = std::to_chars(line.data() + 1, line.data() + 1 + kMaxInt64Chars, value).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_->append(line.data(), end);
}

}  // namespace tally::protocol
