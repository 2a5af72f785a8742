#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tally::server {

/// One request as it was read. The views live until the next `Read`.
struct HttpRequest {
  std::string_view target;
  bool is_head = false;
  bool is_http_1_0 = false;
  bool keep_alive = true;
  std::string_view host;  ///< empty: there is none
  std::optional<std::string_view> origin;
  std::optional<std::string_view> sec_fetch_site;
  std::optional<std::string_view> authorization;
};

/// Reads HTTP/1.0 and 1.1 requests with Beast's parser, as their bytes arrive; HttpLimits bounds them. A body is
/// counted and thrown away.
///
/// Refused as malformed, since two readers of one stream must not disagree about where a request ends: a missing
/// Host (HTTP/1.1) or two of them, a Transfer-Encoding other than chunked, or any in HTTP/1.0.
///
/// One thread. After kError nothing can be read any more.
class HttpRequestReader {
 public:
  enum class Result : uint8_t {
    kIncomplete,  ///< all that can be used is used; more has to come
    kContinue,    ///< the client waits for "100 Continue" before it sends the body
    kRequest,     ///< `request()` is there
    kError,       ///< `error_status()` says why
  };

  HttpRequestReader();
  ~HttpRequestReader();
  HttpRequestReader(const HttpRequestReader&) = delete;
  HttpRequestReader& operator=(const HttpRequestReader&) = delete;

  /// Looks at the bytes that have arrived; the first `*consumed` of them are done with, and the others have to be
  /// there the next time, in front of new ones.
  [[nodiscard]] Result Read(std::string_view bytes, size_t* consumed);
  [[nodiscard]] const HttpRequest& request() const { return request_; }
  /// An HTTP status: 400, 413, 414, 431, 501 or 505.
  [[nodiscard]] int error_status() const { return error_status_; }

 private:
  struct Parser;

  Result Fail(int status);
  Result OnHeader();
  Result OnRequest();

  std::unique_ptr<Parser> parser_;
  HttpRequest request_;
  int error_status_ = 0;
};

}  // namespace tally::server
