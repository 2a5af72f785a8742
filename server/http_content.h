#pragma once

#include <string>
#include <string_view>

#include "server/http_reply.h"
#include "server/http_url.h"

namespace tally::server {

/// What is to be done for a request: tell `reply`, or run a Redis command on one key and tell what becomes of it.
struct HttpAnswer {
  HttpReply reply = {};
  std::string_view right = {};  ///< `reply` is for users that may run this command; empty: for all
  std::string_view command = {};  ///< empty: none
  std::string key = {};
  int database = 0;        ///< of the key; there is one of that number
  bool is_stream = false;  ///< `reply` has no body but an endless one: `NextEvent`, once a second
};

/// What an HTTP door serves. Thread: any; it keeps nothing.
class HttpContent {
 public:
  [[nodiscard]] virtual HttpAnswer OnRequest(const HttpUrl& url) const = 0;
  /// The command on `key` has this reply (RESP2, without its last CRLF if that is all that follows: "$1\r\n5" and
  /// ":5", "$-1", "-ERR …").
  [[nodiscard]] virtual HttpReply OnReply(std::string_view key, std::string_view reply) const = 0;

  /// What a stream tells next.
  [[nodiscard]] virtual std::string NextEvent() const { return {}; }

 protected:
  ~HttpContent() = default;
};

}  // namespace tally::server
