#include "server/object_loader.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace tally::server {

namespace {
constexpr int kBackgroundNice = 10;
}  // namespace

LoaderPool::LoaderPool(storage::Database* database, Mailboxes* mailboxes)
    : database_(database), mailboxes_(mailboxes) {
  for (int i = 0; i < kThreads; ++i) {
    threads_.emplace_back([this] { RunThread(Urgency::kClientWaits); });
  }
  threads_.emplace_back([this] {
    // Of this thread only, on Linux. Where it is refused, it is as urgent as the others.
    static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kBackgroundNice));
    RunThread(Urgency::kBackground);
  });
}

LoaderPool::~LoaderPool() { Stop(); }

void LoaderPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  for (Queue& queue : queues_) queue.wake.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void LoaderPool::Submit(std::unique_ptr<LoadTask> task, Urgency urgency) {
  Queue& queue = QueueOf(urgency);
  {
    const std::lock_guard lock(mutex_);
    queue.tasks.push_back(std::move(task));
  }
  queue.wake.notify_one();
}

void LoaderPool::RunThread(Urgency urgency) {
  Queue& queue = QueueOf(urgency);
  std::unique_lock lock(mutex_);
  while (true) {
    queue.wake.wait(lock, [&] { return stopping_ || !queue.tasks.empty(); });
    if (queue.tasks.empty()) return;
    std::unique_ptr<LoadTask> task = std::move(queue.tasks.front());
    queue.tasks.pop_front();
    lock.unlock();
    const auto begin = std::chrono::steady_clock::now();
    task->Read(database_);
    // As long again it leaves its CPU to others.
    if (urgency == Urgency::kBackground) {
      std::this_thread::sleep_for(std::chrono::steady_clock::now() - begin);
    }
    const uint32_t home = task->home();
    mailboxes_->Send(home, std::move(task));
    lock.lock();
  }
}

}  // namespace tally::server
