#include "server/housekeeping.h"

#include <utility>

namespace tally::server {

void Housekeeping::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Housekeeping::Stop() {
  if (!thread_.joinable()) return;
  {
    const storage::MutexLock lock(mutex_);
    stops_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Housekeeping::RunAside(std::function<void()> work) {
  {
    const storage::MutexLock lock(mutex_);
    aside_.push_back(std::move(work));
  }
  wake_.notify_all();
}

void Housekeeping::Run() {
  for (int64_t number = 0;; ++number) {
    round_(number);
    if (RunAsideUntil(Clock::now() + interval_)) return;
  }
}

// Runs what is aside and what comes until then. True: it is time to end, and nothing is left.
bool Housekeeping::RunAsideUntil(Clock::time_point then) {
  for (;;) {
    std::vector<std::function<void()>> works;
    {
      const storage::MutexLock lock(mutex_);
      while (aside_.empty() && !stops_ && Clock::now() < then) wake_.wait_until(mutex_, then);
      if (aside_.empty()) return stops_;
      works.swap(aside_);
    }
    for (const std::function<void()>& work : works) work();
  }
}

}  // namespace tally::server
