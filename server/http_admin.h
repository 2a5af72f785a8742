#pragma once

#include <string>
#include <string_view>

#include "server/http_content.h"

namespace tally::server {

class Services;

/// What the admin door serves: a look at the server that changes nothing.
///
/// | path | answer |
/// |---|---|
/// | `/` | a page that shows `/events` (admin_page.h) |
/// | `/events` | server-sent events, one a second (admin_event.h) |
/// | `/metrics` | all that is counted, for Prometheus (metrics.h) |
/// | `/key?name=A&db=0` | TALLY.INSPECT A, as JSON; 404: there is no such key |
/// | `/healthz` | 200: the process answers |
/// | `/readyz` | 200: reads and writes are served; 503 with the reason: not now |
///
/// Whatever else: 404. Errors are JSON with `error`. Thread: any; it keeps nothing and stops no shard.
class HttpAdmin final : public HttpContent {
 public:
  /// `services` outlives it.
  explicit HttpAdmin(Services* services) : services_(services) {}

  [[nodiscard]] HttpAnswer OnRequest(const HttpUrl& url) const override;
  [[nodiscard]] HttpReply OnReply(std::string_view key, std::string_view reply) const override;
  [[nodiscard]] std::string NextEvent() const override;

 private:
  [[nodiscard]] HttpReply Ready() const;
  [[nodiscard]] HttpAnswer LookUp(const HttpUrl& url) const;

  Services* const services_;
};

}  // namespace tally::server
