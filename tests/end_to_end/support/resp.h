#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tally::test {

using Arguments = std::vector<std::string>;

/// One request as an array of bulk strings.
[[nodiscard]] std::string EncodeCommand(std::span<const std::string> arguments);
[[nodiscard]] std::string EncodeCommand(std::initializer_list<std::string_view> arguments);

/// A decoded reply, RESP2 or RESP3. `type` is its first byte; the nulls of RESP2 ("$-1", "*-1")
/// keep their type and set `is_null`.
struct Reply {
  char type = '\0';
  bool is_null = false;
  int64_t integer = 0;          ///< of ':' alone
  std::string text;             ///< of every scalar: what stands after the type or the length
  std::vector<Reply> elements;  ///< of aggregates; a map's keys and values alternate

  [[nodiscard]] bool IsError() const { return type == '-' || type == '!'; }
  [[nodiscard]] bool IsAggregate() const;
};

enum class ParseState : uint8_t { kComplete, kIncomplete, kMalformed };

struct ParsedReply {
  ParseState state = ParseState::kIncomplete;
  size_t size_bytes = 0;  ///< what the reply takes of the input, when complete
  Reply reply;
};

/// The first reply in `bytes`. A server that sends anything but RESP gives kMalformed.
[[nodiscard]] ParsedReply ParseReply(std::string_view bytes);

/// Bytes as a C string literal would show them, cut to `limit_bytes`, for messages.
[[nodiscard]] std::string Printable(std::string_view bytes, size_t limit_bytes = 400);
[[nodiscard]] std::string Printable(std::span<const std::string> arguments);

}  // namespace tally::test
