#pragma once

#include <concepts>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace tally::server {

/// The text as a JSON string (RFC 8259), with its quotes; what is not UTF-8 in it becomes U+FFFD.
[[nodiscard]] std::string JsonString(std::string_view text);

/// An object of JSON while it grows.
class JsonObject {
 public:
  template <class Value>
  JsonObject& Add(std::string_view name, const Value& value) {
    if constexpr (std::convertible_to<Value, std::string_view>) {
      return AddJson(name, JsonString(value));
    } else if constexpr (std::floating_point<Value>) {
      return AddJson(name, fmt::format("{:.6f}", value));
    } else {
      return AddJson(name, fmt::format("{}", value));
    }
  }
  /// A value that is JSON already.
  JsonObject& AddJson(std::string_view name, std::string_view json) {
    fmt::format_to(std::back_inserter(text_), "{}\"{}\":{}", text_.size() == 1 ? "" : ",", name,
                   json);
    return *this;
  }
  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

}  // namespace tally::server
