#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/client_state.h"
#include "server/command.h"
#include "storage/thread_annotations.h"

namespace tally::server {

/// The clients that watch all requests (MONITOR).
///
/// Thread: any. While there are none, `any` is all that a request costs. Each core's lines keep their
/// order; between cores there is none. Whoever receives bounds what it keeps.
class Monitors {
 public:
  /// Takes one line, encoded as a reply; called on the thread that ran the request, so it passes it on.
  using Sink = std::function<void(const std::shared_ptr<const std::string>& line)>;

  [[nodiscard]] bool any() const { return count_.load(std::memory_order_relaxed) != 0; }
  void Add(uint64_t client_id, Sink sink) EXCLUDES(mutex_);
  /// The sink is not called any more when this returns.
  void Remove(uint64_t client_id) EXCLUDES(mutex_);

  /// Shows a request that has run to all of them; not an operator's commands, and no passwords.
  void Show(const Command& command, std::span<const std::string_view> args,
            const ClientState& client) EXCLUDES(mutex_);

 private:
  std::atomic<size_t> count_{0};
  storage::Mutex mutex_;
  std::map<uint64_t, Sink> sinks_ GUARDED_BY(mutex_);
};

/// The line as Redis writes it: +1339518083.107412 [0 127.0.0.1:60866] "get" "key"
[[nodiscard]] std::string MonitorLine(const Command& command,
                                      std::span<const std::string_view> args,
                                      const ClientState& client, int64_t now_us);

}  // namespace tally::server
