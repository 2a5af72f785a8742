#pragma once

#include <string>
#include <utility>

namespace tally::storage {

/// The outcome of something that may fail for reasons outside the program. The message says what
/// failed, on which file, and why; it is written for the operator.
class [[nodiscard]] Status {
 public:
  static Status Ok() { return Status(); }
  static Status Failure(std::string message) { return Status(std::move(message)); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  Status() = default;
  explicit Status(std::string message) : ok_(false), message_(std::move(message)) {}

  bool ok_ = true;
  std::string message_;
};

}  // namespace tally::storage
