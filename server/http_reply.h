#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tally::server {

/// What an HTTP client is told.
struct HttpReply {
  int status = 200;
  std::string body = {};
  std::string_view content_type = "text/plain;charset=UTF-8";
  std::string_view fields = {};  ///< of the header, beside the usual ones; each with its CRLF
};

/// How it is told: what of the request shapes the reply's form.
struct HttpReplyForm {
  bool without_body = false;  ///< HEAD: the body's length, not the body
  bool is_http_1_0 = false;
  bool keep_alive = true;
};

/// The refusal of that status, with one line that says why.
[[nodiscard]] HttpReply HttpRefusal(int status);

/// "Thu, 26 Nov 2026 15:00:00 GMT" (RFC 9110, 5.6.7), made anew once a second.
class HttpDate {
 public:
  [[nodiscard]] std::string_view At(int64_t now_ms);

 private:
  int64_t second_ = -1;
  std::string text_;
};

/// Appends the header of a reply whose body goes on until the connection ends.
void AppendHttpStreamHeader(std::string* out, const HttpReply& reply, std::string_view date);

/// Appends the reply as HTTP/1.1 has it.
void AppendHttpReply(std::string* out, const HttpReply& reply, const HttpReplyForm& form,
                     std::string_view date);

}  // namespace tally::server
