#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "server/mailbox.h"
#include "storage/database.h"

namespace tally::server {

/// Something to read from the disk for a shard. `Read` runs on a loader's thread; then the task goes home
/// as a message.
class LoadTask : public Message {
 public:
  explicit LoadTask(uint32_t home) : home_(home) {}
  virtual void Read(storage::Database* database) = 0;
  [[nodiscard]] uint32_t home() const { return home_; }

 private:
  const uint32_t home_;
};

/// Where shards send what only the disk can tell, so that no core waits for it.
class ObjectLoader {
 public:
  /// Clients wait for the urgent ones; the others must not get in their way.
  enum class Urgency : uint8_t { kClientWaits, kBackground };

  virtual ~ObjectLoader() = default;
  /// Any thread.
  virtual void Submit(std::unique_ptr<LoadTask> task, Urgency urgency) = 0;
};

/// The loader of a server: `kThreads` threads for what clients wait for, and one of low priority,
/// which rests half of the time: with all CPUs busy, syncs and their replies were three times as late.
///
/// Order: none among tasks. Limits: none of its own; there is at most one task for each cold object that
/// somebody waits for, and operations in flight are bounded.
class LoaderPool final : public ObjectLoader {
 public:
  static constexpr int kThreads = 2;

  LoaderPool(storage::Database* database, Mailboxes* mailboxes);
  ~LoaderPool() override;  ///< Stop
  LoaderPool(const LoaderPool&) = delete;
  LoaderPool& operator=(const LoaderPool&) = delete;

  void Submit(std::unique_ptr<LoadTask> task, Urgency urgency) override;
  /// Carries out what was submitted, and ends the threads. One thread; again: nothing.
  void Stop();

 private:
  struct Queue {
    std::condition_variable wake;
    std::deque<std::unique_ptr<LoadTask>> tasks;
  };
  void RunThread(Urgency urgency);
  [[nodiscard]] Queue& QueueOf(Urgency urgency) { return queues_[static_cast<size_t>(urgency)]; }

  storage::Database* const database_;
  Mailboxes* const mailboxes_;
  std::mutex mutex_;
  std::array<Queue, 2> queues_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tally::server
