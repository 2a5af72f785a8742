#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/number.h"
#include "server/operation.h"

namespace tally::server {

// How strings lie in objects: the text of an int64, as INCR would write it, as that number; all
// others as bytes. Whoever changes a string goes through here, so that "is it an integer?" asks one
// bit.

/// Stores `text` under the operation's key; `found` and `edited` as for Operation::PutBytes.
void PutValue(Operation& op, size_t key_index, storage::Object* found, std::string_view text,
              int64_t expires_at_ms, bool edited = false);

/// Writes the value as a bulk string, or a null for nullptr.
void ReplyValue(Operation& op, const storage::Object* object);

/// The text of a value, however it lies; empty for nullptr. Valid until the object changes.
class ValueText {
 public:
  explicit ValueText(const storage::Object* object);
  ValueText(const ValueText&) = delete;
  ValueText& operator=(const ValueText&) = delete;

  [[nodiscard]] std::string_view view() const { return view_; }

 private:
  char digits_[protocol::kMaxInt64Chars];
  std::string_view view_;
};

/// How Redis would keep the value: "int", "embstr" or "raw".
[[nodiscard]] std::string_view EncodingOf(const storage::Object& object);

/// The length of the value's text in bytes.
[[nodiscard]] size_t ValueSize(const storage::Object& object);

}  // namespace tally::server
