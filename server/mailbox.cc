#include "server/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tally::server {

Mailbox::Mailbox() : wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::~Mailbox() {
  DiscardAll();
  ::close(wake_fd_);
}

size_t Mailbox::DiscardAll() {
  size_t count = 0;
  Message* message = head_.exchange(nullptr);
  while (message != nullptr) {
    const std::unique_ptr<Message> owned(message);
    message = owned->next_;
    ++count;
  }
  return count;
}

void Mailboxes::DiscardAll() {
  size_t discarded = 0;
  do {
    discarded = 0;
    for (const auto& box : boxes_) discarded += box->DiscardAll();
  } while (discarded != 0);
}

void Mailbox::Push(std::unique_ptr<Message> message) {
  Message* const raw = message.release();
  Message* head = head_.load(std::memory_order_relaxed);
  do {
    raw->next_ = head;
  } while (!head_.compare_exchange_weak(head, raw, std::memory_order_seq_cst));
  // Only the first push into an empty queue can find a sleeper: PrepareToSleep looks at the queue
  // after it has announced the sleep.
  if (head == nullptr) Wake();
}

void Mailbox::Wake() {
  if (!sleeping_.exchange(false, std::memory_order_seq_cst)) return;
  const uint64_t one = 1;
  // Cannot fail but for an overflow of the counter, and then it is readable anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof(one));
}

size_t Mailbox::DeliverAll() {
  Message* newest = head_.exchange(nullptr, std::memory_order_acquire);
  Message* oldest = nullptr;
  while (newest != nullptr) {
    Message* const next = newest->next_;
    newest->next_ = oldest;
    oldest = newest;
    newest = next;
  }
  size_t count = 0;
  while (oldest != nullptr) {
    std::unique_ptr<Message> message(oldest);
    oldest = oldest->next_;
    Message* const raw = message.get();
    raw->Deliver(std::move(message));
    ++count;
  }
  return count;
}

bool Mailbox::PrepareToSleep() {
  sleeping_.store(true, std::memory_order_seq_cst);
  if (head_.load(std::memory_order_seq_cst) == nullptr) return true;
  Awake();
  return false;
}

void Mailbox::Awake() { sleeping_.store(false, std::memory_order_seq_cst); }

void Mailbox::ClearWake() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(wake_fd_, &count, sizeof(count));
}

}  // namespace tally::server
