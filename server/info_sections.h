#pragma once

#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "server/operation.h"

namespace tally::server {

/// INFO's text while it grows: sections of "field:value" lines.
class InfoText {
 public:
  /// Begins a section: an empty line between it and the one before, and its headline.
  void Section(std::string_view title) {
    if (!text_.empty()) text_ += "\r\n";
    fmt::format_to(std::back_inserter(text_), "# {}\r\n", title);
  }
  /// `name:value`. Numbers are written in full, floating-point ones with two decimals.
  template <typename Value>
  void Field(std::string_view name, const Value& value) {
    if constexpr (std::is_floating_point_v<Value>) {
      fmt::format_to(std::back_inserter(text_), "{}:{:.2f}\r\n", name, value);
    } else if constexpr (std::is_same_v<Value, bool>) {
      fmt::format_to(std::back_inserter(text_), "{}:{}\r\n", name, value ? 1 : 0);
    } else {
      fmt::format_to(std::back_inserter(text_), "{}:{}\r\n", name, value);
    }
  }
  /// `name` in bytes and, as `name`_human, in words ("1.50M").
  void Bytes(std::string_view name, uint64_t bytes);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// "512B", "1.50K", "3.20G": units of 1024.
[[nodiscard]] std::string HumanBytes(uint64_t bytes);

/// One section of INFO.
struct InfoSection {
  std::string_view name;  ///< as a client asks for it, lower-case
  std::string_view title;
  bool in_default = true;  ///< told when nothing special is asked for
  void (*write)(Operation& op, InfoText* text) = nullptr;
};

/// In the order in which they are told.
[[nodiscard]] std::span<const InfoSection> InfoSections();

// The sections about what was counted (info_statistics.cc).
void WriteStats(Operation& op, InfoText* text);
void WriteCommandStats(Operation& op, InfoText* text);
void WriteLatencyStats(Operation& op, InfoText* text);
void WriteErrorStats(Operation& op, InfoText* text);
void WriteTally(Operation& op, InfoText* text);

}  // namespace tally::server
