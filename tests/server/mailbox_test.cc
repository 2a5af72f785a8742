#include "server/mailbox.h"

#include <poll.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

bool IsReadable(int descriptor, int timeout_ms) {
  pollfd poll{descriptor, POLLIN, 0};
  return ::poll(&poll, 1, timeout_ms) == 1;
}

class Counted final : public Message {
 public:
  Counted(std::vector<int>* delivered, int number, std::atomic<int>* alive = nullptr)
      : delivered_(delivered), number_(number), alive_(alive) {
    if (alive_ != nullptr) ++*alive_;
  }
  ~Counted() override {
    if (alive_ != nullptr) --*alive_;
  }
  void Deliver(std::unique_ptr<Message> /*self*/) override { delivered_->push_back(number_); }

 private:
  std::vector<int>* delivered_;
  int number_;
  std::atomic<int>* alive_;
};

TEST(MailboxTest, DeliversInTheOrderOfThePushes) {
  Mailbox box;
  std::vector<int> delivered;
  for (int i = 0; i < 5; ++i) box.Push(std::make_unique<Counted>(&delivered, i));
  EXPECT_EQ(box.DeliverAll(), 5u);
  EXPECT_EQ(delivered, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(box.DeliverAll(), 0u);
}

TEST(MailboxTest, WhatIsPushedDuringADeliveryComesWithTheNext) {
  Mailbox box;
  std::vector<int> delivered;
  box.Push(
      std::make_unique<CallMessage>([&] { box.Push(std::make_unique<Counted>(&delivered, 1)); }));
  EXPECT_EQ(box.DeliverAll(), 1u);
  EXPECT_TRUE(delivered.empty());
  EXPECT_FALSE(box.PrepareToSleep());
  EXPECT_EQ(box.DeliverAll(), 1u);
  EXPECT_EQ(delivered, std::vector<int>{1});
}

TEST(MailboxTest, TheReceiverMayKeepAMessage) {
  class Keeper final : public Message {
   public:
    explicit Keeper(std::unique_ptr<Message>* place) : place_(place) {}
    void Deliver(std::unique_ptr<Message> self) override { *place_ = std::move(self); }

   private:
    std::unique_ptr<Message>* place_;
  };
  Mailbox box;
  std::unique_ptr<Message> kept;
  auto message = std::make_unique<Keeper>(&kept);
  Message* const raw = message.get();
  box.Push(std::move(message));
  box.DeliverAll();
  ASSERT_EQ(kept.get(), raw);
  box.Push(std::move(kept));  // and send it on
  EXPECT_EQ(box.DeliverAll(), 1u);
}

TEST(MailboxTest, UndeliveredMessagesAreDestroyedWithTheBox) {
  std::atomic<int> alive{0};
  std::vector<int> delivered;
  {
    Mailbox box;
    for (int i = 0; i < 3; ++i) box.Push(std::make_unique<Counted>(&delivered, i, &alive));
    EXPECT_EQ(alive, 3);
  }
  EXPECT_EQ(alive, 0);
  EXPECT_TRUE(delivered.empty());
}

// The end of a server: what destroying a message sends is destroyed, too.
TEST(MailboxTest, DiscardingLeavesNothingInAnyBox) {
  class Chain final : public Message {
   public:
    Chain(Mailboxes* boxes, uint32_t left, int* alive) : boxes_(boxes), left_(left), alive_(alive) {
      ++*alive_;
    }
    ~Chain() override {
      --*alive_;
      if (left_ > 0) boxes_->Send(left_ % 2, std::make_unique<Chain>(boxes_, left_ - 1, alive_));
    }
    void Deliver(std::unique_ptr<Message> /*self*/) override { FAIL() << "nobody delivers it"; }

   private:
    Mailboxes* boxes_;
    uint32_t left_;
    int* alive_;
  };
  Mailboxes boxes(2);
  int alive = 0;
  boxes.Send(0, std::make_unique<Chain>(&boxes, 5, &alive));
  boxes.DiscardAll();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(boxes.of(0).DeliverAll() + boxes.of(1).DeliverAll(), 0u);
}

TEST(MailboxTest, OnlyASleeperIsWokenAndOnlyOnce) {
  Mailbox box;
  std::vector<int> delivered;
  box.Push(std::make_unique<Counted>(&delivered, 0));
  EXPECT_FALSE(IsReadable(box.wake_fd(), 0)) << "nobody sleeps: no system call";
  EXPECT_FALSE(box.PrepareToSleep()) << "there is a message";
  box.DeliverAll();
  ASSERT_TRUE(box.PrepareToSleep());
  EXPECT_FALSE(IsReadable(box.wake_fd(), 0));
  box.Push(std::make_unique<Counted>(&delivered, 1));
  EXPECT_TRUE(IsReadable(box.wake_fd(), 0));
  box.ClearWake();
  box.Push(std::make_unique<Counted>(&delivered, 2));
  EXPECT_FALSE(IsReadable(box.wake_fd(), 0)) << "it was told already";
  box.Awake();
  EXPECT_EQ(box.DeliverAll(), 2u);
}

TEST(MailboxTest, WakeNeedsNoMessage) {
  Mailbox box;
  box.Wake();
  EXPECT_FALSE(IsReadable(box.wake_fd(), 0)) << "the owner is awake";
  ASSERT_TRUE(box.PrepareToSleep());
  box.Wake();
  EXPECT_TRUE(IsReadable(box.wake_fd(), 0));
  box.ClearWake();
  box.Awake();
  EXPECT_EQ(box.DeliverAll(), 0u);
}

TEST(MailboxTest, WhoWokeByItselfIsNotWokenAgain) {
  Mailbox box;
  std::vector<int> delivered;
  ASSERT_TRUE(box.PrepareToSleep());
  box.Awake();  // a socket was ready
  box.Push(std::make_unique<Counted>(&delivered, 0));
  EXPECT_FALSE(IsReadable(box.wake_fd(), 0));
  box.DeliverAll();
}

// Many producers, and an owner that sleeps whenever it may. A wake-up that got lost shows as a poll that
// runs into its limit.
TEST(MailboxTest, ManyProducersLoseNothingAndWakeTheSleeper) {
  constexpr int kProducers = 4;
  constexpr int kEach = 20000;
  constexpr int kLostWakeUpMs = 20000;
  Mailbox box;
  std::vector<int> last(kProducers, -1);
  int received = 0;
  bool in_order = true;

  std::vector<std::thread> producers;
  for (int producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&, producer] {
      for (int i = 0; i < kEach; ++i) {
        box.Push(std::make_unique<CallMessage>([&, producer, i] {
          in_order = in_order && last[static_cast<size_t>(producer)] == i - 1;
          last[static_cast<size_t>(producer)] = i;
          ++received;
        }));
        if (i % 16 == producer) std::this_thread::yield();
      }
    });
  }
  bool lost = false;
  while (received < kProducers * kEach && !lost) {
    if (box.PrepareToSleep()) {
      lost = !IsReadable(box.wake_fd(), kLostWakeUpMs);
      box.ClearWake();
      box.Awake();
    }
    box.DeliverAll();
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_FALSE(lost) << "asleep with messages waiting";
  EXPECT_TRUE(in_order) << "each producer's messages come once and in their order";
  EXPECT_EQ(received, kProducers * kEach);
}

// One message at a time, there and back: the owner is asleep, or just falling asleep, nearly every time.
TEST(MailboxTest, NoWakeUpIsLostWhenTwoCoresAnswerEachOther) {
  constexpr int kRounds = 5000;
  constexpr int kLostWakeUpMs = 20000;
  Mailboxes boxes(2);
  std::atomic<bool> lost{false};
  const auto run = [&](uint32_t core) {
    int received = 0;
    if (core == 0) boxes.Call(1, [] {});
    while (received < kRounds && !lost) {
      Mailbox& box = boxes.of(core);
      if (box.PrepareToSleep()) {
        if (!IsReadable(box.wake_fd(), kLostWakeUpMs)) lost = true;
        box.ClearWake();
        box.Awake();
      }
      for (size_t count = box.DeliverAll(); count > 0; --count, ++received) {
        boxes.Call(1 - core, [] {});
      }
    }
  };
  std::thread other(run, 1);
  run(0);
  other.join();
  EXPECT_FALSE(lost);
}

// The same for a wake-up that brings no message, as a commit's: first the news, then Wake.
TEST(MailboxTest, NewsBeforeAWakeIsSeenByWhoFallsAsleep) {
  constexpr int kRounds = 5000;
  constexpr int kLostWakeUpMs = 20000;
  Mailbox box;
  std::atomic<int> news{0};
  std::atomic<int> seen{0};
  std::atomic<bool> lost{false};
  std::thread owner([&] {
    while (seen < kRounds && !lost) {
      const int before = seen;
      if (!box.PrepareToSleep() || news != before) {
        box.Awake();
      } else {
        if (!IsReadable(box.wake_fd(), kLostWakeUpMs)) lost = true;
        box.ClearWake();
        box.Awake();
      }
      seen = news.load();
    }
  });
  while (news < kRounds && !lost) {
    ++news;
    box.Wake();
    while (seen != news && !lost) std::this_thread::yield();
  }
  owner.join();
  EXPECT_FALSE(lost);
}

}  // namespace
}  // namespace tally::server
