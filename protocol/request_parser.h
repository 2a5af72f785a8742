#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tally::protocol {

// Reads the requests of one connection, one at a time, from the bytes that have arrived. Knows no
// socket, no command and no reply; executing a request, answering an error and closing are the
// session's.
//
// Requests come in two forms: `*2\r\n$3\r\nGET\r\n$1\r\na\r\n` (binary safe), and, for
// people, inline: `GET a\n`. A request may be cut anywhere: Parse goes on where it stopped, so that
// all calls together look at each byte about once, however the bytes arrive. Nothing is copied but
// inline arguments in quotes, and no announced length makes it allocate: memory grows with
// arguments that have arrived. A warm parser allocates nothing for common requests.
//
// What is accepted and how errors read follows Redis 7.0.15, byte for byte, with three differences.
//  - Redis takes up to INT_MAX arguments, this parser kMaxArguments.
//  - How long a line (inline, or a count) may be in Redis depends on how the network cut it. Here
//    a line of more than kMaxInlineBytes is always refused.
//  - Redis waits for ever behind a NUL in a line. Here NUL is a byte like any other.
//
// Like Redis, it takes whatever two bytes stand where CRLF belongs after a bulk, and any byte after
// the CR of a count: framing rests on lengths alone, so there is no second reading of the same
// bytes that an attacker could aim at.
//
// Not thread safe: one connection, one thread. After kError the connection is to be closed: Parse
// says kError again.
class RequestParser {
 public:
  static constexpr std::int64_t kMaxArguments = std::int64_t{1024} * 1024;
  // Longest line without its end: an inline request, or a count.
  static constexpr std::size_t kMaxInlineBytes = std::size_t{64} * 1024;
  static constexpr std::uint64_t kDefaultMaxBulkBytes = std::uint64_t{512} * 1024 * 1024;
  // Before login, so that strangers cannot make the server hold much.
  static constexpr std::int64_t kMaxUnauthenticatedArguments = 10;
  static constexpr std::uint64_t kMaxUnauthenticatedBulkBytes = std::uint64_t{16} * 1024;
  // Arguments whose room is kept from one request to the next.
  static constexpr std::size_t kKeptArguments = 1024;

  enum class Result {
    kIncomplete,  // More bytes are needed.
    kRequest,     // args() is a request of at least one argument.
    kNothing,     // A whole request without arguments (blank line, *0, *-1): consume it, no reply.
    kError,       // Send error(), then close.
  };

  // Looks for one request at the start of `unread`. After kIncomplete the next call must bring the
  // same bytes with more behind them, at any address; after kRequest and kNothing it starts at the
  // next request.
  [[nodiscard]] Result Parse(std::string_view unread);

  // After kRequest: the arguments, first the command's name; after kNothing: none. They stay valid until
  // the next Parse, as long as the bytes given to Parse do.
  [[nodiscard]] std::span<const std::string_view> args() const { return args_; }

  // After kRequest and kNothing: the size of that request.
  [[nodiscard]] std::size_t consumed() const { return position_; }

  // After kError: the error's text, for ReplyWriter::Error.
  [[nodiscard]] std::string_view error() const { return error_; }

  // After kIncomplete: at least so many bytes are still missing, at least 1. It is the client's
  // word and can be as large as the bulk limit: a hint for the size of the next read, to be capped
  // before it is used to allocate.
  [[nodiscard]] std::uint64_t wanted_bytes() const { return wanted_bytes_; }

  // Whether the client may send large requests. True at first. Counts for what is read from now on.
  void set_authenticated(bool authenticated) { authenticated_ = authenticated; }

  // Redis's proto-max-bulk-len.
  void set_max_bulk_bytes(std::uint64_t bytes);

 private:
  enum class State { kStart, kInline, kArgumentCount, kBulkLength, kBulk, kFailed };
  // An argument while its request is incomplete and may still move: a place from the request's
  // first byte.
  struct Extent {
    std::size_t offset;
    std::size_t size;
  };

  void StartRequest();
  // The hot path: takes a multibulk request that is within the limits, has arrived whole and is
  // written the usual way. False says nothing about the request, and leaves it to the careful way
  // below to read or to refuse.
  bool ParseWholeMultibulk(std::string_view unread);
  Result ParseInline(std::string_view unread);
  Result ParseArgumentCount(std::string_view unread);
  Result ParseBulks(std::string_view unread);
  Result FinishMultibulk(std::string_view unread);
  // Reads "$<length>" at position_ into bulk_bytes_. kRequest stands for success.
  Result ParseBulkLength(std::string_view unread);
  // Finds `end` in the line at position_, having searched up to searched_ before. kRequest stands
  // for success and sets
  // `*line_end`.
  Result FindLineEnd(std::string_view unread, char end, std::string_view too_long,
                     std::size_t* line_end);
  Result Incomplete(std::uint64_t wanted_bytes);
  Result Fail(std::string_view error);

  State state_ = State::kStart;
  bool authenticated_ = true;
  std::uint64_t max_bulk_bytes_ = kDefaultMaxBulkBytes;
  std::size_t position_ = 0;  // Up to here the request is understood.
  std::size_t searched_ = 0;  // Up to here the line at position_ has no end.
  std::int64_t arguments_missing_ = 0;
  std::uint64_t bulk_bytes_ = 0;  // In kBulk: the announced length.
  std::uint64_t wanted_bytes_ = 1;
  std::vector<Extent> extents_;
  std::vector<std::string_view> args_;
  std::string decoded_;  // Inline arguments that were quoted.
  std::string error_;
};

/// The length of the request in the multibulk form, in which clients send it.
[[nodiscard]] std::size_t EncodedRequestBytes(std::span<const std::string_view> args);

}  // namespace tally::protocol
