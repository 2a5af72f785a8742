#include "server/string_value.h"

#include <charconv>
#include <optional>

#include "protocol/number.h"

namespace tally::server {

void PutValue(Operation& op, size_t key_index, storage::Object* found, std::string_view text,
              int64_t expires_at_ms, bool edited) {
  if (const std::optional<int64_t> number = protocol::ParseInt64(text)) {
    op.PutInteger(key_index, found, *number, expires_at_ms, edited);
  } else {
    op.PutBytes(key_index, found, text, {}, expires_at_ms, edited);
  }
}

void ReplyValue(Operation& op, const storage::Object* object) {
  if (object == nullptr) {
    op.reply().Null();
  } else if (object->is_integer()) {
    op.reply().BulkInteger(object->integer());
  } else {
    op.reply().Bulk(object->bytes());
  }
}

ValueText::ValueText(const storage::Object* object) {
  if (object == nullptr) return;
  if (object->is_integer()) {
    const char* end = std::to_chars(digits_, digits_ + sizeof(digits_), object->integer()).ptr;
    view_ = {digits_, static_cast<size_t>(end - digits_)};
  } else {
    view_ = object->bytes();
  }
}

std::string_view EncodingOf(const storage::Object& object) {
  // Redis keeps a string of up to so many bytes together with its object. Tally keeps all of them so, and
  // answers by the length.
  constexpr size_t kEmbeddedBytes = 44;
  if (object.is_edited()) return "raw";
  if (object.is_integer()) return "int";
  return object.bytes().size() <= kEmbeddedBytes ? "embstr" : "raw";
}

size_t ValueSize(const storage::Object& object) {
  if (!object.is_integer()) return object.bytes().size();
  const int64_t value = object.integer();
  size_t digits = value < 0 ? 2 : 1;
  for (int64_t rest = value / 10; rest != 0; rest /= 10) ++digits;
  return digits;
}

}  // namespace tally::server
