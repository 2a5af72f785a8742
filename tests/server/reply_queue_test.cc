#include "server/reply_queue.h"

#include <deque>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

std::string Take(ReplyQueue* queue) {
  std::string out;
  queue->TakeReady(&out);
  return out;
}

void Put(ReplyQueue* queue, uint64_t place, const std::string& bytes) {
  queue->bytes(place) = bytes;
  queue->Fill(place);
}

TEST(ReplyQueueTest, RepliesLeaveInTheOrderOfTheirPlaces) {
  ReplyQueue queue;
  const uint64_t a = queue.Open();
  const uint64_t b = queue.Open();
  const uint64_t c = queue.Open();
  Put(&queue, c, "c");
  EXPECT_FALSE(queue.has_ready());
  Put(&queue, a, "a");
  EXPECT_TRUE(queue.has_ready());
  EXPECT_EQ(Take(&queue), "a");
  EXPECT_EQ(queue.places(), 2u);
  Put(&queue, b, "b");
  EXPECT_EQ(Take(&queue), "bc");
  EXPECT_TRUE(queue.empty());
}

TEST(ReplyQueueTest, AppendsToWhatIsThere) {
  ReplyQueue queue;
  std::string out = "before ";
  Put(&queue, queue.Open(), "a");
  queue.TakeReady(&out);
  EXPECT_EQ(out, "before a");
}

TEST(ReplyQueueTest, AnEmptyReplyHoldsNobodyUp) {
  ReplyQueue queue;
  const uint64_t nothing = queue.Open();
  Put(&queue, queue.Open(), "a");
  queue.Fill(nothing);
  EXPECT_EQ(Take(&queue), "a");
}

TEST(ReplyQueueTest, ARecycledPlaceBeginsEmpty) {
  ReplyQueue queue;
  for (int i = 0; i < 100; ++i) {
    const uint64_t place = queue.Open();
    ASSERT_EQ(queue.bytes(place), "");
    Put(&queue, place, std::to_string(i));
    ASSERT_EQ(Take(&queue), std::to_string(i));
  }
}

TEST(ReplyQueueTest, GrowsWhilePlacesAreOpen) {
  ReplyQueue queue;
  std::vector<uint64_t> places;
  Put(&queue, queue.Open(), "gone");  // so that the ring does not begin at 0
  EXPECT_EQ(Take(&queue), "gone");
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    places.push_back(queue.Open());
    queue.bytes(places.back()) = std::to_string(i) + ",";
    expected += std::to_string(i) + ",";
  }
  for (auto place = places.rbegin(); place != places.rend(); ++place) queue.Fill(*place);
  EXPECT_EQ(Take(&queue), expected);
}

TEST(ReplyQueueTest, ShrinksWhenIdleAndServesAgain) {
  ReplyQueue queue;
  const uint64_t open = queue.Open();
  queue.ShrinkIfIdle();
  Put(&queue, open, "a");
  EXPECT_EQ(Take(&queue), "a") << "a place that is open survives";
  queue.ShrinkIfIdle();
  Put(&queue, queue.Open(), "b");
  EXPECT_EQ(Take(&queue), "b");
}

TEST(ReplyQueueDeathTest, APlaceIsFilledOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  ReplyQueue queue;
  const uint64_t first = queue.Open();
  queue.Open();
  queue.Fill(first);
  EXPECT_DEATH(queue.Fill(first), "filled once");
  EXPECT_DEATH(queue.Fill(2), "open place");
}

TEST(ReplyQueueTest, AnyOrderOfFillingGivesTheOrderOfOpening) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    ReplyQueue queue;
    std::vector<uint64_t> unfilled;
    std::string expected;
    std::string got;
    for (int step = 0; step < 500; ++step) {
      if (random() % 2 == 0) {
        unfilled.push_back(queue.Open());
        const std::string reply(random() % 40, static_cast<char>('a' + step % 26));
        queue.bytes(unfilled.back()) = reply;
        expected += reply;
      } else if (!unfilled.empty()) {
        const size_t which = random() % unfilled.size();
        queue.Fill(unfilled[which]);
        unfilled.erase(unfilled.begin() + static_cast<ptrdiff_t>(which));
      }
      if (random() % 4 == 0) queue.TakeReady(&got);
    }
    for (const uint64_t place : unfilled) queue.Fill(place);
    queue.TakeReady(&got);
    ASSERT_EQ(got, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tally::server
