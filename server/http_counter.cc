#include "server/http_counter.h"

#include <optional>
#include <string>
#include <utility>

#include "protocol/errors.h"
#include "protocol/number.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

constexpr std::string_view kHowToName =
    "Select a Durable Object to contact by using the `name` URL query string parameter. e.g. "
    "?name=A";

HttpReply Count(std::string_view name, std::string_view count) {
  HttpReply reply;
  reply.body.reserve(name.size() + count.size() + 32);
  reply.body.append("Durable Object '").append(name).append("' count: ").append(count);
  return reply;
}

HttpReply Error(std::string_view error) {
  const bool is_conflict =
      error == errors::kNotAnInteger || error == errors::kOverflow || error == errors::kWrongType;
  const int other = error.starts_with("MISCONF") ? 503 : 500;
  return {is_conflict ? 409 : other, std::string(error)};
}

}  // namespace

HttpAnswer HttpCounter::OnRequest(const HttpUrl& url) const {
  std::optional<std::string> name = FirstFormField(url.query, "name");
  HttpAnswer answer;
  if (!name || name->empty()) {
    answer.reply.body = kHowToName;
    return answer;
  }
  if (url.path == "/increment") {
    answer.command = "INCR";
  } else if (url.path == "/decrement") {
    answer.command = "DECR";
  } else if (url.path == "/") {
    answer.command = "GET";
  } else {
    answer.reply = Count(*name, "Not found");
    return answer;
  }
  answer.key = *std::move(name);
  return answer;
}

HttpReply HttpCounter::OnReply(std::string_view key, std::string_view reply) const {
  const char kind = reply.empty() ? '-' : reply[0];
  const std::string_view line = reply.empty() ? reply : reply.substr(1);
  if (kind == ':') return Count(key, line);
  if (kind == '-') return Error(line);
  if (reply == "$-1") return Count(key, "0");
  const std::string_view value = line.substr(line.find('\n') + 1);
  if (!protocol::ParseInt64(value)) return Error(errors::kNotAnInteger);
  return Count(key, value);
}

}  // namespace tally::server
