#include "tests/end_to_end/support/info.h"

#include <charconv>
#include <chrono>
#include <thread>

#include <fmt/format.h>

namespace tally::test {

std::string InfoField(Client* client, std::string_view name) {
  const std::string info = client->Command({"INFO", "everything"});
  const std::string start = fmt::format("\r\n{}:", name);
  const size_t at = info.find(start);
  if (at == std::string::npos) return {};
  const size_t begin = at + start.size();
  return info.substr(begin, info.find("\r\n", begin) - begin);
}

int64_t InfoNumber(Client* client, std::string_view name) {
  const std::string text = InfoField(client, name);
  int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool AwaitInfoField(Client* client, std::string_view name, std::string_view value) {
  const auto end = std::chrono::steady_clock::now() + Client::kReplyTimeout;
  while (InfoField(client, name) != value) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace tally::test
