#pragma once

#include <string_view>

#include "server/http_content.h"

namespace tally::server {

/// The counter over HTTP: "Build a counter" of Cloudflare's Durable Objects, byte for byte. Every method does the
/// same, and every answer of these is 200:
///
/// | path, with `?name=A` | command | body |
/// |---|---|---|
/// | `/` | GET A | `Durable Object 'A' count: 0` |
/// | `/increment` | INCR A | `Durable Object 'A' count: 1` |
/// | `/decrement` | DECR A | `Durable Object 'A' count: -1` |
/// | any other | none | `Durable Object 'A' count: Not found` |
/// | any, without a name or with an empty one | none | how to give one |
///
/// A value that is no 64-bit integer, or would become none, is 409 with Redis's error text and nothing changes; too
/// little disk space is 503, any other error 500.
class HttpCounter final : public HttpContent {
 public:
  [[nodiscard]] HttpAnswer OnRequest(const HttpUrl& url) const override;
  [[nodiscard]] HttpReply OnReply(std::string_view key, std::string_view reply) const override;
};

}  // namespace tally::server
