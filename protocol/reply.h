#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/errors.h"  // IWYU pragma: export

namespace tally::protocol {

// Writes replies, encoded at once, to the end of a string. What a type that only RESP3 has becomes
// in RESP2 is decided here and nowhere else, so a handler says what it means and does not ask which
// protocol is spoken.
//
// A cheap value: make one per reply or keep it. It holds no state between calls, so an Array(n)
// must be followed by n elements and a Map(n) by n keys and values. Allocates only when the string
// grows.
class ReplyWriter {
 public:
  // Appends to `*out`, which must outlive the writer. `resp` is 2 or 3.
  ReplyWriter(std::string* out, int resp);

  [[nodiscard]] int resp() const { return resp_; }

  // "+text". The text is the server's own: a CR or LF in it breaks a contract and stops the
  // process.
  void Status(std::string_view text);
  void Ok() { out_->append("+OK\r\n"); }

  // "-text". The text is whole, code included (see errors.h). CR, LF and NUL in it become spaces,
  // so that a text which quotes its client cannot be taken for a second reply.
  void Error(std::string_view text);

  void Integer(std::int64_t value);
  void Bulk(std::string_view bytes);
  // The decimal form of `value` as a bulk string.
  void BulkInteger(std::int64_t value);

  // "No value", where a value was asked for / where an array was asked for. RESP3 has one null for
  // both.
  void Null();
  void NullArray();

  void Array(std::size_t size);
  void EmptyArray() { out_->append("*0\r\n"); }
  void Map(std::size_t pairs);  // RESP2: an array of keys and values.
  void Set(std::size_t size);   // RESP2: an array.
  void Push(std::size_t size);  // RESP2: an array.

  void Double(double value);                // RESP2: a bulk string.
  void Boolean(bool value);                 // RESP2: the integer 1 or 0.
  void BigNumber(std::string_view digits);  // RESP2: a bulk string. `digits` as for Status.
  // Text with a format of exactly three characters: "txt", "mkd". RESP2: the text as a bulk string.
  void Verbatim(std::string_view format, std::string_view text);

  // Bytes that are a reply, or part of one, already.
  void Raw(std::string_view encoded) { out_->append(encoded); }

 private:
  // `type`, decimal `value`, CRLF: the form of a number and of every length.
  void Header(char type, std::int64_t value);

  std::string* out_;
  int resp_;
};

}  // namespace tally::protocol
