#include "server/reply_gate.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

using storage::kOpenTicket;
using storage::Ticket;

class ReplyGateTest : public ::testing::Test {
 protected:
  /// A reply that writes its name down when it is released, and is destroyed by that.
  class NamedReply final : public HeldReply {
   public:
    NamedReply(ReplyGateTest* test, std::string name) : test_(test), name_(std::move(name)) {}
    void Release() override {
      const std::unique_ptr<NamedReply> self(this);
      test_->told.push_back(name_);
      if (test_->on_release) test_->on_release(name_);
    }

   private:
    ReplyGateTest* test_;
    std::string name_;
  };

  void Hold(Ticket ticket, const std::string& name) {
    gate.Hold(ticket, new NamedReply(this, name));
  }
  std::vector<std::string> Released(Ticket durable) {
    told.clear();
    const size_t count = gate.Release(durable);
    EXPECT_EQ(count, told.size());
    return told;
  }

  using Names = std::vector<std::string>;
  ReplyGate gate;
  Names told;
  std::function<void(const std::string&)> on_release;
};

TEST_F(ReplyGateTest, HowLongRepliesWaitedIsCounted) {
  Hold(7, "a");
  Hold(kOpenTicket, "b");
  gate.CloseTurn(8);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(gate.held_us(), 0u);
  Released(7);
  const uint64_t one = gate.held_us();
  EXPECT_GE(one, 2'000u);
  Released(8);
  EXPECT_GE(gate.held_us(), one + 2'000);
  EXPECT_LT(gate.held_us(), 60'000'000u);
}

TEST_F(ReplyGateTest, ReplyWaitsUntilItsTicketIsDurable) {
  Hold(7, "a");
  EXPECT_FALSE(gate.CanRelease(6));
  EXPECT_EQ(Released(6), Names{});
  EXPECT_TRUE(gate.waits());
  EXPECT_TRUE(gate.CanRelease(7));
  EXPECT_EQ(Released(7), Names{"a"});
  EXPECT_TRUE(gate.empty());
}

TEST_F(ReplyGateTest, ReplyOfTheOpenTurnWaitsForTheTicketOfThatTurn) {
  Hold(kOpenTicket, "a");
  EXPECT_FALSE(gate.waits()) << "no commit can release it yet";
  EXPECT_FALSE(gate.empty());
  EXPECT_EQ(Released(100), Names{}) << "whatever is durable, this change is not";
  gate.CloseTurn(101);
  EXPECT_TRUE(gate.waits());
  EXPECT_EQ(Released(100), Names{});
  EXPECT_EQ(Released(101), Names{"a"});
}

TEST_F(ReplyGateTest, ATurnThatHeldNothingLeavesNothingBehind) {
  gate.CloseTurn(3);
  EXPECT_TRUE(gate.empty());
  EXPECT_FALSE(gate.waits());
}

TEST_F(ReplyGateTest, RepliesOfOneTicketLeaveInTheOrderTheyCame) {
  Hold(kOpenTicket, "a");
  Hold(kOpenTicket, "b");
  gate.CloseTurn(5);
  Hold(5, "c");
  EXPECT_EQ(Released(5), (Names{"a", "b", "c"}));
}

TEST_F(ReplyGateTest, LowerTicketsLeaveFirst) {
  Hold(9, "nine");
  Hold(4, "four");
  Hold(6, "six");
  Hold(4, "four again");
  EXPECT_EQ(Released(8), (Names{"four", "four again", "six"}));
  EXPECT_EQ(Released(9), Names{"nine"});
}

TEST_F(ReplyGateTest, ARepliedClientMayComeBackDuringTheRelease) {
  on_release = [this](const std::string& name) {
    if (name == "a") Hold(kOpenTicket, "next");
    if (name == "b") Hold(12, "other");
  };
  Hold(3, "a");
  Hold(3, "b");
  EXPECT_EQ(Released(3), (Names{"a", "b"}));
  gate.CloseTurn(13);
  EXPECT_EQ(Released(13), (Names{"other", "next"}));
}

TEST_F(ReplyGateTest, CountsWhatItEverHeld) {
  for (int i = 0; i < 3; ++i) Hold(2, "x");
  Released(2);
  Hold(kOpenTicket, "y");
  EXPECT_EQ(gate.held_count(), 4u);
  gate.CloseTurn(3);
  Released(3);
}

// Against the plainest gate that keeps the rules: a map from ticket to names.
TEST_F(ReplyGateTest, DoesWhatASimpleModelDoes) {
  std::mt19937 random(11);
  std::map<Ticket, Names> model;
  Names open;
  Ticket appended = 0;
  Ticket durable = 0;
  for (int step = 0; step < 20000; ++step) {
    const std::string name = std::to_string(step);
    switch (random() % 5) {
      case 0:
      case 1:
        Hold(kOpenTicket, name);
        open.push_back(name);
        break;
      case 2:
        if (appended == durable) break;
        {
          const Ticket ticket = durable + 1 + random() % (appended - durable);
          Hold(ticket, name);
          model[ticket].push_back(name);
        }
        break;
      case 3:
        appended += 1 + random() % 3;
        gate.CloseTurn(appended);
        if (!open.empty()) model[appended] = std::exchange(open, {});
        break;
      default:
        durable += random() % (appended - durable + 1);
        Names expected;
        while (!model.empty() && model.begin()->first <= durable) {
          for (const std::string& due : model.begin()->second) expected.push_back(due);
          model.erase(model.begin());
        }
        EXPECT_EQ(gate.CanRelease(durable), !expected.empty());
        ASSERT_EQ(Released(durable), expected) << "step " << step;
    }
  }
  gate.CloseTurn(appended + 1);
  Released(appended + 1);
  EXPECT_TRUE(gate.empty());
}

}  // namespace
}  // namespace tally::server
