#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace tally::server {

/// Something that one core hands to another. Pushing hands over ownership: the sender must not touch
/// it afterwards.
class Message {
 public:
  Message() = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  virtual ~Message() = default;

  /// Runs on the receiving core. `self` is this message; whoever keeps it decides about its life.
  virtual void Deliver(std::unique_ptr<Message> self) = 0;

 private:
  friend class Mailbox;
  Message* next_ = nullptr;
};

/// A message that runs a function.
class CallMessage final : public Message {
 public:
  explicit CallMessage(std::function<void()> call) : call_(std::move(call)) {}
  void Deliver(std::unique_ptr<Message> /*self*/) override { call_(); }

 private:
  std::function<void()> call_;
};

/// A core's queue of messages: any thread pushes, the core takes all at once, in the order of the
/// pushes. Lock-free; a push is one compare-and-swap.
///
/// A sleeping core is woken through an eventfd, once: by the first push after it announced its sleep.
/// A core that is awake costs its senders no system call.
class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Any thread.
  void Push(std::unique_ptr<Message> message);
  /// Any thread: makes the owner run a turn, with or without a message.
  void Wake();

  // The owner only.
  /// Delivers everything that was pushed before the call, in order. Returns how many.
  size_t DeliverAll();
  /// Destroys what was pushed, undelivered; when nobody delivers any more. Returns how many.
  size_t DiscardAll();
  /// The owner is about to wait on `wake_fd()`. False: there are messages, do not sleep.
  [[nodiscard]] bool PrepareToSleep();
  /// After the wait, or instead of it.
  void Awake();
  /// Readable when the owner shall wake.
  [[nodiscard]] int wake_fd() const { return wake_fd_; }
  /// Empties the eventfd after it was readable.
  void ClearWake();

 private:
  std::atomic<Message*> head_{nullptr};  // newest first
  std::atomic<bool> sleeping_{false};
  int wake_fd_;
};

/// The mailboxes of all cores, by core number.
class Mailboxes {
 public:
  explicit Mailboxes(uint32_t cores) : boxes_(cores) {
    for (auto& box : boxes_) box = std::make_unique<Mailbox>();
  }
  [[nodiscard]] uint32_t size() const { return static_cast<uint32_t>(boxes_.size()); }
  [[nodiscard]] Mailbox& of(uint32_t core) { return *boxes_[core]; }
  void Send(uint32_t core, std::unique_ptr<Message> message) {
    boxes_[core]->Push(std::move(message));
  }
  /// At the end, when no core runs: destroys what is left, and what that sends in its turn.
  void DiscardAll();
  void Call(uint32_t core, std::function<void()> call) {
    Send(core, std::make_unique<CallMessage>(std::move(call)));
  }

 private:
  std::vector<std::unique_ptr<Mailbox>> boxes_;
};

}  // namespace tally::server
