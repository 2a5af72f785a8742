#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "server/mailbox.h"
#include "server/object_loader.h"
#include "storage/database.h"

namespace tally::server {

/// A loader without threads: nothing is read before the test says so.
class FakeLoader final : public ObjectLoader {
 public:
  FakeLoader(storage::Database* database, Mailboxes* mailboxes)
      : database_(database), mailboxes_(mailboxes) {}

  void Submit(std::unique_ptr<LoadTask> task, Urgency /*urgency*/) override {
    read_.push_back({std::move(task), false});
  }
  /// What it has to read, or to send home.
  [[nodiscard]] size_t tasks() const { return read_.size(); }
  /// Reads for the task number `which`, and leaves it there: what changes now comes too late for it.
  void Read(size_t which) {
    Task& task = read_[which % read_.size()];
    if (!std::exchange(task.was_read, true)) task.task->Read(database_);
  }
  /// Sends it home, read or not until now.
  void Deliver(size_t which) {
    which %= read_.size();
    Read(which);
    std::unique_ptr<LoadTask> task = std::move(read_[which].task);
    read_.erase(read_.begin() + static_cast<ptrdiff_t>(which));
    const uint32_t home = task->home();
    mailboxes_->Send(home, std::move(task));
  }

 private:
  struct Task {
    std::unique_ptr<LoadTask> task;
    bool was_read;
  };
  storage::Database* const database_;
  Mailboxes* const mailboxes_;
  std::deque<Task> read_;
};

}  // namespace tally::server
