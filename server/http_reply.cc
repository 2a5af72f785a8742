#include "server/http_reply.h"

#include <array>
#include <ctime>
#include <iterator>

#include <fmt/format.h>

namespace tally::server {
namespace {

struct StatusText {
  int status;
  std::string_view reason;
  std::string_view why;
};

constexpr std::array kStatusTexts = {
    StatusText{200, "OK", ""},
    StatusText{400, "Bad Request", "This is not a request that this server understands."},
    StatusText{401, "Unauthorized", "A password is needed: Authorization: Basic or Bearer."},
    StatusText{403, "Forbidden",
               "Requests from other sites, and for other hosts, are not answered. A host name can "
               "be allowed: --http-allow-host."},
    StatusText{404, "Not Found", "There is nothing here."},
    StatusText{409, "Conflict", ""},
    StatusText{413, "Content Too Large", "The body is too large."},
    StatusText{414, "URI Too Long", "The request line is too long."},
    StatusText{431, "Request Header Fields Too Large", "The header is too large."},
    StatusText{500, "Internal Server Error", ""},
    StatusText{501, "Not Implemented", "This transfer encoding is not known here."},
    StatusText{503, "Service Unavailable", "There are too many connections."},
    StatusText{505, "HTTP Version Not Supported", "HTTP/1.0 and HTTP/1.1 are spoken here."},
};

const StatusText& TextOf(int status) {
  for (const StatusText& text : kStatusTexts) {
    if (text.status == status) return text;
  }
  return kStatusTexts[1];
}

}  // namespace

HttpReply HttpRefusal(int status) { return {status, std::string(TextOf(status).why) + "\n"}; }

std::string_view HttpDate::At(int64_t now_ms) {
  const int64_t second = now_ms / 1000;
  if (second == second_) return text_;
  second_ = second;
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                            "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto time = static_cast<time_t>(second);
  tm parts{};
  gmtime_r(&time, &parts);
  text_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays.at(parts.tm_wday),
                      parts.tm_mday, kMonths.at(parts.tm_mon), parts.tm_year + 1900, parts.tm_hour,
                      parts.tm_min, parts.tm_sec);
  return text_;
}

namespace {

void AppendHeader(std::string* out, const HttpReply& reply, std::string_view date) {
  fmt::format_to(std::back_inserter(*out),
                 "HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\n"
                 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n{}",
                 reply.status, TextOf(reply.status).reason, date, reply.content_type, reply.fields);
}

}  // namespace

void AppendHttpStreamHeader(std::string* out, const HttpReply& reply, std::string_view date) {
  AppendHeader(out, reply, date);
  out->append("Connection: close\r\n\r\n");
}

void AppendHttpReply(std::string* out, const HttpReply& reply, const HttpReplyForm& form,
                     std::string_view date) {
  AppendHeader(out, reply, date);
  fmt::format_to(std::back_inserter(*out), "Content-Length: {}\r\n", reply.body.size());
  if (reply.status == 401) {
    out->append("WWW-Authenticate: Basic realm=\"Tally\", charset=\"UTF-8\"\r\n");
  }
  if (!form.keep_alive) {
    out->append("Connection: close\r\n");
  } else if (form.is_http_1_0) {
    out->append("Connection: keep-alive\r\n");
  }
  out->append("\r\n");
  if (!form.without_body) out->append(reply.body);
}

}  // namespace tally::server
