#include "server/http_admin.h"

#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "protocol/number.h"
#include "server/admin_event.h"
#include "server/admin_page.h"
#include "server/json.h"
#include "server/metrics.h"
#include "server/readiness.h"
#include "server/services.h"

namespace tally::server {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kRight = "INFO";  // which tells the same

HttpReply Json(int status, std::string body) { return {status, std::move(body) + "\n", kJson}; }

HttpReply JsonError(int status, std::string_view why) {
  return Json(status, JsonObject().Add("error", why).text());
}

}  // namespace

HttpReply HttpAdmin::Ready() const {
  const Readiness ready = ReadinessOf(*services_);
  return Json(ready.is_ready ? 200 : 503,
              JsonObject().Add("ready", ready.is_ready).Add("reason", ready.reason).text());
}

HttpAnswer HttpAdmin::LookUp(const HttpUrl& url) const {
  std::optional<std::string> name = FirstFormField(url.query, "name");
  if (!name) return {JsonError(400, "name a key: /key?name=A")};
  const std::string database = FirstFormField(url.query, "db").value_or("0");
  const std::optional<int64_t> number = protocol::ParseInt64(database);
  const int databases = services_->config().databases;
  if (!number || *number < 0 || *number >= databases) {
    return {JsonError(400, fmt::format("db is a number from 0 to {}", databases - 1))};
  }
  return {
      .command = "TALLY.INSPECT", .key = *std::move(name), .database = static_cast<int>(*number)};
}

HttpAnswer HttpAdmin::OnRequest(const HttpUrl& url) const {
  if (url.path == "/") return {{200, AdminPage(), "text/html;charset=UTF-8", AdminPageFields()}};
  if (url.path == "/healthz")
    return {Json(200, JsonObject().Add("alive", true).Add("reason", "it answers").text())};
  if (url.path == "/readyz") return {Ready()};
  if (url.path == "/metrics") {
    return {.reply = {200, MetricsText(services_), "text/plain; version=0.0.4; charset=utf-8"},
            .right = kRight};
  }
  if (url.path == "/key") return LookUp(url);
  if (url.path == "/events") {
    return {.reply = {.content_type = "text/event-stream"}, .right = kRight, .is_stream = true};
  }
  return {JsonError(404, "there are /, /metrics, /healthz, /readyz, /key and /events")};
}

HttpReply HttpAdmin::OnReply(std::string_view /*key*/, std::string_view reply) const {
  if (reply == "$-1") return JsonError(404, "there is no such key");
  if (!reply.starts_with('$')) return JsonError(500, reply.substr(reply.empty() ? 0 : 1));
  return Json(200, std::string(reply.substr(reply.find('\n') + 1)));
}

std::string HttpAdmin::NextEvent() const {
  return fmt::format("retry: 1000\ndata: {}\n\n", AdminEvent(services_));
}

}  // namespace tally::server
