// server/mailbox.h: paid twice, there and back, by a batch of operations on keys of another core's shard. With
// one core nobody pays it.
#include <poll.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/processed.h"
#include "server/mailbox.h"

namespace tally::bench {
namespace {

using server::Mailbox;
using server::Message;

// A message that is kept where it lands, so that it can be sent again: no allocation is measured.
class ReturningMessage final : public Message {
 public:
  explicit ReturningMessage(std::vector<std::unique_ptr<Message>>* landed) : landed_(landed) {}
  void Deliver(std::unique_ptr<Message> self) override { landed_->push_back(std::move(self)); }

 private:
  std::vector<std::unique_ptr<Message>>* landed_;
};

// A message with n - 1 others in the same turn: push, take, deliver, all on one thread that is awake. What is
// left is atomic operations without anybody to contend for them.
void BM_MailboxPushTake(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  Mailbox mailbox;
  std::vector<std::unique_ptr<Message>> messages;
  for (size_t i = 0; i < count; ++i) {
    messages.push_back(std::make_unique<ReturningMessage>(&messages));
  }
  for (auto _ : state) {
    for (std::unique_ptr<Message>& message : messages) mailbox.Push(std::move(message));
    messages.clear();
    benchmark::DoNotOptimize(mailbox.DeliverAll());
  }
  SetProcessed(state, state.iterations() * state.range(0));
}
BENCHMARK(BM_MailboxPushTake)->Arg(1)->Arg(16);

// Goes to and fro between two mailboxes: delivered in one, it leaves for the other, until it is home.
class Ball final : public Message {
 public:
  Ball(Mailbox* away, Mailbox* home, std::unique_ptr<Message>* caught)
      : away_(away), home_(home), caught_(caught) {}

  void Throw(std::unique_ptr<Message> self) {
    is_away_ = true;
    away_->Push(std::move(self));
  }
  void Deliver(std::unique_ptr<Message> self) override {
    if (is_away_) {
      is_away_ = false;
      home_->Push(std::move(self));
    } else {
      *caught_ = std::move(self);
    }
  }

 private:
  Mailbox* away_;
  Mailbox* home_;
  std::unique_ptr<Message>* caught_;
  bool is_away_ = false;  // handed over with the message
};

// Waits for mail as a core does that polls …
void DeliverAwake(Mailbox* mailbox) {
  // Many times the way there and back; whoever looks longer may share its CPU with the other thread.
  constexpr int kLooksBeforeYield = 1000;
  for (int looks = 0; looks < kLooksBeforeYield; ++looks) {
    if (mailbox->DeliverAll() != 0) return;
  }
  std::this_thread::yield();
}
// … or as one that has gone to sleep.
void DeliverAsleep(Mailbox* mailbox) {
  if (mailbox->PrepareToSleep()) {
    pollfd wake{.fd = mailbox->wake_fd(), .events = POLLIN, .revents = 0};
    ::poll(&wake, 1, -1);
    mailbox->ClearWake();
    mailbox->Awake();
  }
  mailbox->DeliverAll();
}

using Delivery = void (*)(Mailbox*);

void PingPong(benchmark::State& state, Delivery deliver) {
  Mailbox away;
  Mailbox home;
  std::unique_ptr<Message> caught;
  auto owned = std::make_unique<Ball>(&away, &home, &caught);
  Ball* const ball = owned.get();
  caught = std::move(owned);

  std::atomic<bool> stop{false};
  std::thread partner([&] {
    while (!stop.load(std::memory_order_relaxed)) deliver(&away);
  });
  for (auto _ : state) {
    ball->Throw(std::move(caught));
    while (caught == nullptr) deliver(&home);
  }
  stop.store(true, std::memory_order_relaxed);
  away.Wake();
  partner.join();
  SetProcessed(state, state.iterations());
}

// A message there and one back between two threads that look again and again: cache lines that change their
// CPU. The least that an operation on another core's key costs its client.
void BM_MailboxPingPong(benchmark::State& state) { PingPong(state, DeliverAwake); }
BENCHMARK(BM_MailboxPingPong)->UseRealTime();

// The same between two threads that sleep until they are woken through their eventfd: what a lone request on
// another core's key costs its client.
void BM_MailboxPingPongAsleep(benchmark::State& state) { PingPong(state, DeliverAsleep); }
BENCHMARK(BM_MailboxPingPongAsleep)->UseRealTime();

}  // namespace
}  // namespace tally::bench
