#include "server/shard.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

using storage::kOpenTicket;
using storage::Ticket;

class ShardTest : public ::testing::Test {
 protected:
  /// Runs a command of one key in the open turn.
  Outcome RunHere(std::initializer_list<std::string_view> args, std::string* reply = nullptr) {
    const std::span<const std::string_view> request_args(args.begin(), args.size());
    bool unknown_subcommand = false;
    const std::vector<storage::Key> keys{storage::MakeKey({}, request_args[1])};
    Request request;
    request.command = FindCommand(request_args, &unknown_subcommand);
    request.args = request_args;
    request.keys = keys;
    request.now_ms = SessionHarness::kNowMs;
    std::string out;
    const Outcome outcome = shard.Run(request, &out);
    if (reply != nullptr) *reply = out;
    return outcome;
  }
  std::unique_ptr<Message> Note(std::string text) {
    return std::make_unique<CallMessage>([this, text = std::move(text)] { notes.push_back(text); });
  }
  std::unique_ptr<Message> Call(std::function<void()> call) {
    return std::make_unique<CallMessage>(std::move(call));
  }

  /// Writes down that it was released.
  class Held final : public HeldReply {
   public:
    void Release() override { released = true; }
    bool released = false;
  };

  using Notes = std::vector<std::string>;
  SessionHarness harness{1};
  Shard& shard = harness.shard(0);
  Notes notes;
};

TEST_F(ShardTest, ATurnIsOneChangeSet) {
  for (const std::string_view key : {"a", "b", "a", "c", "a"}) RunHere({"INCR", key});
  EXPECT_EQ(harness.log().appended(), 0u);
  shard.CloseTurn();
  EXPECT_EQ(harness.log().appended(), 1u);
}

TEST_F(ShardTest, ATurnWithoutChangesAppendsNothing) {
  RunHere({"GET", "a"});
  shard.CloseTurn();
  EXPECT_EQ(harness.log().appended(), 0u);
}

TEST_F(ShardTest, AChangeIsDurableOnlyAfterItsCommit) {
  EXPECT_EQ(RunHere({"INCR", "a"}).depends_on, kOpenTicket);
  EXPECT_EQ(RunHere({"GET", "a"}).depends_on, kOpenTicket);
  EXPECT_FALSE(shard.IsDurable(kOpenTicket));
  shard.CloseTurn();
  const Ticket ticket = RunHere({"GET", "a"}).depends_on;
  EXPECT_EQ(ticket, harness.log().appended());
  EXPECT_FALSE(shard.IsDurable(ticket));
  harness.Commit();
  EXPECT_TRUE(shard.IsDurable(ticket));
  EXPECT_FALSE(shard.IsDurable(kOpenTicket));
}

TEST_F(ShardTest, RepliesOfATurnWaitForThatTurnsTicket) {
  Held first;
  Held second;
  shard.gate().Hold(RunHere({"INCR", "a"}).depends_on, &first);
  shard.CloseTurn();
  harness.Commit();
  shard.gate().Hold(RunHere({"INCR", "a"}).depends_on, &second);
  shard.CloseTurn();
  shard.gate().Release(harness.log().durable());
  EXPECT_TRUE(first.released);
  EXPECT_FALSE(second.released);
  harness.Commit();
  shard.gate().Release(harness.log().durable());
  EXPECT_TRUE(second.released);
}

// A spanning operation appends its change set with a ticket of its own; what this shard changed before
// must come earlier in the one order of truth.
TEST_F(ShardTest, EnteringClosesTheTurn) {
  Held held;
  shard.gate().Hold(RunHere({"INCR", "a"}).depends_on, &held);
  storage::Keyspace* const keyspace = shard.Enter();
  EXPECT_EQ(harness.log().appended(), 1u);
  EXPECT_FALSE(keyspace->has_changes());
  EXPECT_TRUE(shard.gate().waits());
  shard.Leave();
  harness.Commit();
  shard.gate().Release(harness.log().durable());
  EXPECT_TRUE(held.released);
}

TEST_F(ShardTest, ParkedMessagesGoOnInOrder) {
  shard.Enter();
  EXPECT_TRUE(shard.occupied());
  for (const char* text : {"a", "b", "c"}) shard.Park(Note(text));
  EXPECT_EQ(notes, Notes{});
  shard.Leave();
  EXPECT_FALSE(shard.occupied());
  EXPECT_EQ(notes, (Notes{"a", "b", "c"}));
}

TEST_F(ShardTest, WhoeverEntersAgainKeepsTheRestWaiting) {
  shard.Enter();
  shard.Park(Note("a"));
  shard.Park(Call([this] { shard.Enter(); }));
  shard.Park(Note("b"));
  shard.Leave();
  EXPECT_EQ(notes, Notes{"a"});
  EXPECT_TRUE(shard.occupied());
  shard.Park(Note("c"));
  shard.Leave();
  EXPECT_EQ(notes, (Notes{"a", "b", "c"}));
}

TEST_F(ShardTest, WhoeverEntersAndLeavesAtOnceLetsTheNextOnAfterwards) {
  shard.Enter();
  shard.Park(Call([this] {
    shard.Enter();
    shard.Leave();
    notes.emplace_back("left");
  }));
  shard.Park(Note("next"));
  shard.Leave();
  EXPECT_EQ(notes, (Notes{"left", "next"}));
}

TEST_F(ShardTest, WhatParksWhileTheParkedGoOnComesLast) {
  shard.Enter();
  shard.Park(Call([this] {
    shard.Enter();
    shard.Park(Note("late"));
    shard.Leave();
  }));
  shard.Park(Note("early"));
  shard.Leave();
  EXPECT_EQ(notes, (Notes{"early", "late"}));
}

class ShardDeathTest : public ShardTest {};

TEST_F(ShardDeathTest, VisitsAreBalanced) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(shard.Leave(), "leaves once");
  EXPECT_DEATH(shard.Park(Note("a")), "behind a spanning operation");
  EXPECT_DEATH(
      {
        shard.Enter();
        shard.Enter();
      },
      "one spanning operation at a time");
}

}  // namespace
}  // namespace tally::server
