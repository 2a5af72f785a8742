#include "server/monitors.h"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "server/redaction.h"
#include "server/wall_clock.h"

namespace tally::server {
namespace {

void AppendQuoted(std::string_view argument, std::string* line) {
  *line += " \"";
  for (const char c : argument) {
    constexpr std::string_view kSpecial = "\\\"\n\r\t\a\b";
    constexpr std::string_view kLetters = "\\\"nrtab";
    if (const size_t index = kSpecial.find(c); index != std::string_view::npos) {
      *line += '\\';
      *line += kLetters[index];
    } else if (c >= ' ' && c <= '~') {
      *line += c;
    } else {
      fmt::format_to(std::back_inserter(*line), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  *line += '"';
}

}  // namespace

std::string MonitorLine(const Command& command, std::span<const std::string_view> args,
                        const ClientState& client, int64_t now_us) {
  constexpr int64_t kSecond = 1'000'000;
  std::string line = fmt::format("+{}.{:06} [{} {}]", now_us / kSecond, now_us % kSecond,
                                 client.database, client.address);
  for (size_t i = 0; i < args.size(); ++i) AppendQuoted(ShownArgument(command, args, i), &line);
  return line + "\r\n";
}

void Monitors::Add(uint64_t client_id, Sink sink) {
  const storage::MutexLock lock(mutex_);
  sinks_[client_id] = std::move(sink);
  count_ = sinks_.size();
}

void Monitors::Remove(uint64_t client_id) {
  const storage::MutexLock lock(mutex_);
  sinks_.erase(client_id);
  count_ = sinks_.size();
}

void Monitors::Show(const Command& command, std::span<const std::string_view> args,
                    const ClientState& client) {
  if ((command.flags & (kAdmin | kSkipMonitor)) != 0) return;
  const auto line =
      std::make_shared<const std::string>(MonitorLine(command, args, client, WallClock::NowUs()));
  const storage::MutexLock lock(mutex_);
  for (const auto& [id, sink] : sinks_) sink(line);
}

}  // namespace tally::server
