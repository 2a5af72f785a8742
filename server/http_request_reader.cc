#include "server/http_request_reader.h"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "server/command.h"
#include "server/http_limits.h"

namespace tally::server {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

// A body that nobody keeps. The parser holds it to its limit.
struct DiscardedBody {
  // The names are Beast's.
  struct value_type {};  // NOLINT(readability-identifier-naming)
  class reader {         // NOLINT(readability-identifier-naming)
   public:
    template <bool kIsRequest, class Fields>
    reader(http::header<kIsRequest, Fields>& /*header*/, value_type& /*body*/) {}
    void init(const boost::optional<std::uint64_t>& /*size*/, error_code& error) { error = {}; }
    template <class Buffers>
    size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      return boost::beast::buffer_bytes(buffers);
    }
    void finish(error_code& error) { error = {}; }
  };
};

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

// `Name`: http::field, or text for those that it does not know.
template <class Name>
std::optional<std::string_view> FieldOf(const http::fields& fields, Name name) {
  const auto found = fields.find(name);
  if (found == fields.end()) return std::nullopt;
  return View(found->value());
}

int StatusOf(const error_code& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit) return 431;
  if (error == http::error::bad_version) return 505;
  return 400;
}

}  // namespace

struct HttpRequestReader::Parser {
  Parser() {
    message.eager(true);
    message.header_limit(HttpLimits::kMaxHeaderBytes);
    message.body_limit(HttpLimits::kMaxBodyBytes);
  }
  http::request_parser<DiscardedBody> message;
  size_t header_bytes = 0;
  bool header_seen = false;
  bool complete = false;
};

HttpRequestReader::HttpRequestReader() = default;
HttpRequestReader::~HttpRequestReader() = default;

HttpRequestReader::Result HttpRequestReader::Fail(int status) {
  error_status_ = status;
  return Result::kError;
}

HttpRequestReader::Result HttpRequestReader::Read(std::string_view bytes, size_t* consumed) {
  *consumed = 0;
  if (error_status_ != 0) return Result::kError;
  if (parser_ == nullptr || parser_->complete) {
    // An empty line in front of a request is passed over (RFC 9112, 2.2).
    while (bytes.starts_with("\r\n")) {
      bytes.remove_prefix(2);
      *consumed += 2;
    }
    if (bytes.empty() || bytes == "\r") return Result::kIncomplete;
    parser_ = std::make_unique<Parser>();
  }
  if (parser_->header_bytes == 0) {
    const size_t line = bytes.substr(0, HttpLimits::kMaxRequestLineBytes + 1).find('\n');
    if (line == std::string_view::npos && bytes.size() > HttpLimits::kMaxRequestLineBytes) {
      return Fail(414);
    }
  }
  while (!bytes.empty() && !parser_->message.is_done()) {
    // Beast's own limit is for what it holds at a time, and it takes a header line by line.
    const size_t most =
        parser_->header_seen ? bytes.size() : HttpLimits::kMaxHeaderBytes - parser_->header_bytes;
    const size_t given = std::min(bytes.size(), most);
    error_code error;
    const size_t used = parser_->message.put(boost::asio::const_buffer(bytes.data(), given), error);
    if (!parser_->header_seen) parser_->header_bytes += used;
    *consumed += used;
    bytes.remove_prefix(used);
    if (error && error != http::error::need_more) return Fail(StatusOf(error));
    if (!parser_->header_seen && parser_->message.is_header_done()) {
      parser_->header_seen = true;
      const Result result = OnHeader();
      if (result != Result::kIncomplete) return result;
    }
    if (!parser_->header_seen && given == most) return Fail(431);
    if (error || used == 0) break;
  }
  if (!parser_->message.is_done()) {
    // Behind the header only chunk sizes and trailers are kept until they are whole.
    if (bytes.size() > HttpLimits::kMaxHeaderBytes) return Fail(431);
    return Result::kIncomplete;
  }
  return OnRequest();
}

// What has to be known before a body is waited for.
HttpRequestReader::Result HttpRequestReader::OnHeader() {
  const auto& message = parser_->message.get();
  constexpr unsigned kHttp10 = 10;
  constexpr unsigned kHttp11 = 11;
  if (message.version() != kHttp10 && message.version() != kHttp11) return Fail(505);
  if (message.count(http::field::host) > 1) return Fail(400);
  if (message.version() == kHttp11 && message.count(http::field::host) == 0) return Fail(400);
  if (message.count(http::field::transfer_encoding) != 0) {
    if (message.version() == kHttp10) return Fail(400);
    if (message.count(http::field::transfer_encoding) > 1 ||
        !EqualsIgnoreCase(View(message[http::field::transfer_encoding]), "chunked")) {
      return Fail(501);
    }
  }
  const auto length = parser_->message.content_length();
  if (length && *length > HttpLimits::kMaxBodyBytes) return Fail(413);
  const std::string_view expect = View(message[http::field::expect]);
  if (message.version() == kHttp11 && EqualsIgnoreCase(expect, "100-continue") &&
      !parser_->message.is_done()) {
    return Result::kContinue;
  }
  return Result::kIncomplete;
}

HttpRequestReader::Result HttpRequestReader::OnRequest() {
  const auto& message = parser_->message.get();
  parser_->complete = true;
  request_.target = View(message.target());
  request_.is_head = message.method() == http::verb::head;
  request_.is_http_1_0 = message.version() == 10;
  request_.keep_alive = parser_->message.keep_alive();
  request_.host = View(message[http::field::host]);
  request_.origin = FieldOf(message, http::field::origin);
  request_.sec_fetch_site = FieldOf(message, "Sec-Fetch-Site");
  request_.authorization = FieldOf(message, http::field::authorization);
  return Result::kRequest;
}

}  // namespace tally::server
