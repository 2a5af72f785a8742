#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "storage/thread_annotations.h"

namespace tally::server {

/// The thread for what belongs to no core and may take its time: a round of regular work every interval, and
/// single works in between, in the order in which they were given.
///
/// Thread: `Start` and `Stop` one thread's, `RunAside` any; the works run on the housekeeping's own, one at a
/// time. Limits: none of its own for what waits aside; only commands of administrators put something there.
class Housekeeping {
 public:
  /// `round` gets 0, 1, 2 …
  Housekeeping(std::chrono::milliseconds interval, std::function<void(int64_t number)> round)
      : interval_(interval), round_(std::move(round)) {}
  ~Housekeeping() { Stop(); }
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

  /// The first round begins at once. Once only.
  void Start();
  /// Returns when the work under way is done, and all that was given. Again: nothing.
  void Stop() EXCLUDES(mutex_);
  /// Runs `work` soon. After Stop never.
  void RunAside(std::function<void()> work) EXCLUDES(mutex_);

 private:
  using Clock = std::chrono::steady_clock;

  void Run();
  bool RunAsideUntil(Clock::time_point then) EXCLUDES(mutex_);

  const std::chrono::milliseconds interval_;
  const std::function<void(int64_t)> round_;
  storage::Mutex mutex_;
  std::condition_variable_any wake_;
  bool stops_ GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> aside_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace tally::server
