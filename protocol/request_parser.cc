#include "protocol/request_parser.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "protocol/check.h"
#include "protocol/errors.h"
#include "protocol/inline_request.h"
#include "protocol/number.h"

namespace tally::protocol {
namespace {

// What stands behind a count and behind a bulk: CR and LF.
constexpr std::size_t kLineEndBytes = 2;

// Reads a short canonical count with a CR and one more byte behind it, all of which nearly every
// line of nearly every request is. Moves `*position` behind the line. False says nothing: the
// careful way has to look.
bool ReadShortCount(std::string_view bytes, std::size_t* position, std::int64_t* count) {
  constexpr std::size_t kMaxDigits = 9;
  const std::size_t start = *position;
  std::size_t i = start;
  const std::size_t end = std::min(bytes.size(), start + kMaxDigits);
  std::int64_t value = 0;
  while (i < end && bytes[i] >= '0' && bytes[i] <= '9') {
    value = value * 10 + (bytes[i] - '0');
    ++i;
  }
  const bool canonical = i > start && (bytes[start] != '0' || i == start + 1);
  if (!canonical || bytes.size() - i < kLineEndBytes || bytes[i] != '\r') {
    return false;
  }
  *position = i + kLineEndBytes;
  *count = value;
  return true;
}

}  // namespace

RequestParser::Result RequestParser::Parse(std::string_view unread) {
  if (state_ == State::kStart) {
    StartRequest();
    if (unread.empty()) {
      return Incomplete(1);
    }
    if (unread[0] == '*' && ParseWholeMultibulk(unread)) {
      return Result::kRequest;
    }
    state_ = unread[0] == '*' ? State::kArgumentCount : State::kInline;
  }
  if (state_ == State::kFailed) {
    return Result::kError;
  }
  Check(unread.size() >= std::max(position_, searched_),
        "a request goes on with the bytes it began with");
  switch (state_) {
    case State::kInline:
      return ParseInline(unread);
    case State::kArgumentCount:
      return ParseArgumentCount(unread);
    default:
      return ParseBulks(unread);
  }
}

void RequestParser::set_max_bulk_bytes(std::uint64_t bytes) {
  Check(bytes <= std::uint64_t{std::numeric_limits<std::int64_t>::max()},
        "the bulk limit is an int64");
  max_bulk_bytes_ = bytes;
}

void RequestParser::StartRequest() {
  position_ = 0;
  searched_ = 0;
  if (extents_.capacity() > kKeptArguments) {
    std::vector<Extent>().swap(extents_);
  }
  if (args_.capacity() > kKeptArguments) {
    std::vector<std::string_view>().swap(args_);
  }
  if (decoded_.capacity() > kKeptArguments) {
    std::string().swap(decoded_);
  }
  extents_.clear();
  args_.clear();
}

bool RequestParser::ParseWholeMultibulk(std::string_view unread) {
  const std::int64_t max_count = authenticated_ ? kMaxArguments : kMaxUnauthenticatedArguments;
  const std::uint64_t max_bulk_bytes =
      authenticated_ ? max_bulk_bytes_ : std::min(max_bulk_bytes_, kMaxUnauthenticatedBulkBytes);
  std::size_t position = 1;  // Behind the '*'.
  std::int64_t count = 0;
  if (!ReadShortCount(unread, &position, &count) || count == 0 || count > max_count) {
    return false;
  }
  for (; count > 0; --count) {
    if (position == unread.size() || unread[position] != '$') {
      return false;
    }
    ++position;
    std::int64_t length = 0;
    if (!ReadShortCount(unread, &position, &length)) {
      return false;
    }
    const auto size = static_cast<std::size_t>(length);
    if (size > max_bulk_bytes || unread.size() - position < size + kLineEndBytes) {
      return false;
    }
    args_.push_back(unread.substr(position, size));
    position += size + kLineEndBytes;
  }
  position_ = position;
  return true;
}

RequestParser::Result RequestParser::ParseInline(std::string_view unread) {
  std::size_t line_end = 0;
  const Result found = FindLineEnd(unread, '\n', errors::kInlineTooBig, &line_end);
  if (found != Result::kRequest) {
    return found;
  }
  std::string_view line = unread.substr(0, line_end);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (!SplitInlineRequest(line, &decoded_, &args_)) {
    return Fail(errors::kUnbalancedQuotes);
  }
  position_ = line_end + 1;
  state_ = State::kStart;
  return args_.empty() ? Result::kNothing : Result::kRequest;
}

RequestParser::Result RequestParser::ParseArgumentCount(std::string_view unread) {
  std::int64_t count = 0;
  std::size_t next = 1;  // Behind the '*'.
  if (!ReadShortCount(unread, &next, &count)) {
    std::size_t line_end = 0;
    const Result found = FindLineEnd(unread, '\r', errors::kMultibulkCountTooBig, &line_end);
    if (found != Result::kRequest) {
      return found;
    }
    const std::optional<std::int64_t> parsed = ParseInt64(unread.substr(1, line_end - 1));
    if (!parsed) {
      return Fail(errors::kInvalidMultibulkLength);
    }
    count = *parsed;
    next = line_end + kLineEndBytes;
  }
  if (count > kMaxArguments) {
    return Fail(errors::kInvalidMultibulkLength);
  }
  if (count > kMaxUnauthenticatedArguments && !authenticated_) {
    return Fail(errors::kUnauthenticatedMultibulkLength);
  }
  position_ = searched_ = next;
  if (count <= 0) {
    state_ = State::kStart;
    return Result::kNothing;
  }
  arguments_missing_ = count;
  state_ = State::kBulkLength;
  return ParseBulks(unread);
}

RequestParser::Result RequestParser::ParseBulks(std::string_view unread) {
  while (arguments_missing_ > 0) {
    if (state_ == State::kBulkLength) {
      const Result length = ParseBulkLength(unread);
      if (length != Result::kRequest) {
        return length;
      }
    }
    const std::uint64_t available = unread.size() - position_;
    const std::uint64_t needed = bulk_bytes_ + kLineEndBytes;
    if (available < needed) {
      return Incomplete(needed - available);
    }
    extents_.push_back({position_, static_cast<std::size_t>(bulk_bytes_)});
    position_ += static_cast<std::size_t>(needed);
    searched_ = position_;
    state_ = State::kBulkLength;
    --arguments_missing_;
  }
  return FinishMultibulk(unread);
}

RequestParser::Result RequestParser::FinishMultibulk(std::string_view unread) {
  args_.clear();  // ParseWholeMultibulk may have come some way.
  args_.reserve(extents_.size());
  for (const Extent& extent : extents_) {
    args_.push_back(unread.substr(extent.offset, extent.size));
  }
  state_ = State::kStart;
  return Result::kRequest;
}

RequestParser::Result RequestParser::ParseBulkLength(std::string_view unread) {
  std::int64_t length = 0;
  std::size_t next = position_ + 1;  // Behind the '$'.
  const bool is_bulk = position_ < unread.size() && unread[position_] == '$';
  if (!is_bulk || !ReadShortCount(unread, &next, &length)) {
    std::size_t line_end = 0;
    const Result found = FindLineEnd(unread, '\r', errors::kBulkCountTooBig, &line_end);
    if (found != Result::kRequest) {
      return found;
    }
    if (!is_bulk) {
      return Fail(errors::ExpectedBulk(unread[position_]));
    }
    const std::optional<std::int64_t> parsed =
        ParseInt64(unread.substr(position_ + 1, line_end - position_ - 1));
    if (!parsed || *parsed < 0) {
      return Fail(errors::kInvalidBulkLength);
    }
    length = *parsed;
    next = line_end + kLineEndBytes;
  }
  bulk_bytes_ = static_cast<std::uint64_t>(length);
  if (bulk_bytes_ > max_bulk_bytes_) {
    return Fail(errors::kInvalidBulkLength);
  }
  if (bulk_bytes_ > kMaxUnauthenticatedBulkBytes && !authenticated_) {
    return Fail(errors::kUnauthenticatedBulkLength);
  }
  position_ = next;
  state_ = State::kBulk;
  return Result::kRequest;
}

RequestParser::Result RequestParser::FindLineEnd(std::string_view unread, char end,
                                                 std::string_view too_long, std::size_t* line_end) {
  // One byte more than the longest line, so that the answer does not depend on what has arrived
  // behind it.
  const std::string_view window =
      unread.substr(0, std::min(unread.size(), position_ + kMaxInlineBytes + 1));
  const std::size_t found = window.find(end, searched_);
  if (found == std::string_view::npos) {
    if (window.size() - position_ > kMaxInlineBytes) {
      return Fail(too_long);
    }
    searched_ = window.size();
    return Incomplete(1);
  }
  // A count also has its LF, or what stands for it.
  if (end == '\r' && found + 1 == unread.size()) {
    searched_ = found;
    return Incomplete(1);
  }
  *line_end = found;
  return Result::kRequest;
}

RequestParser::Result RequestParser::Incomplete(std::uint64_t wanted_bytes) {
  wanted_bytes_ = wanted_bytes;
  return Result::kIncomplete;
}

RequestParser::Result RequestParser::Fail(std::string_view error) {
  error_ = error;
  state_ = State::kFailed;
  return Result::kError;
}

std::size_t EncodedRequestBytes(std::span<const std::string_view> args) {
  constexpr std::size_t kFrame = 3;  // "*" or "$", and the line's end
  std::size_t bytes = kFrame + std::to_string(args.size()).size();
  for (const std::string_view arg : args) {
    bytes += kFrame + std::to_string(arg.size()).size() + arg.size() + 2;
  }
  return bytes;
}

}  // namespace tally::protocol
