#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tally::bench {

/// Counts the replies in a stream of RESP2, of commands whose replies are one line or one bulk string.
class ReplyCounter {
 public:
  /// How many replies end in `bytes`, which follow what was taken before.
  uint64_t Take(std::string_view bytes) {
    uint64_t ended = 0;
    while (!bytes.empty()) {
      if (bulk_left_ > 0) {
        const size_t part = std::min<size_t>(bulk_left_, bytes.size());
        bytes.remove_prefix(part);
        bulk_left_ -= part;
        if (bulk_left_ == 0) ++ended;
        continue;
      }
      const size_t end = bytes.find('\n');
      if (end == std::string_view::npos) {
        line_.append(bytes);
        break;
      }
      line_.append(bytes.substr(0, end + 1));
      bytes.remove_prefix(end + 1);
      if (line_[0] == '$' && line_[1] != '-') {
        bulk_left_ = std::stoull(line_.substr(1)) + 2;  // and its end of line
      } else {
        ++ended;
        if (line_[0] == '-') NoteError();
      }
      line_.clear();
    }
    return ended;
  }

  [[nodiscard]] uint64_t errors() const { return errors_; }
  [[nodiscard]] const std::string& first_error() const { return first_error_; }

 private:
  void NoteError() {
    if (errors_++ == 0) first_error_ = line_.substr(0, line_.find('\r'));
  }

  std::string line_;
  uint64_t bulk_left_ = 0;
  uint64_t errors_ = 0;
  std::string first_error_;
};

}  // namespace tally::bench
