// The search for cold objects that have expired: it finds them all, reads little at a time, holds up nobody,
// and rests while nothing can have expired.
#include "server/cold_expiry.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/wall_clock.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

class ColdExpiryTest : public ::testing::Test {
 protected:
  void MakeCold() { server.MakeCold(); }
  /// What the housekeeping sends; the shard takes it.
  void Send() {
    server.mailboxes().Send(0, std::make_unique<ColdExpiry>(&server.shard(0), &place));
    server.Settle();
  }
  /// One whole step. False: it rests.
  bool Step() {
    Send();
    if (!place.runs) return false;
    server.Run();
    EXPECT_FALSE(place.runs);
    return true;
  }
  /// Steps until it rests; the most that one of them read.
  size_t MostBytesOfARound() {
    size_t most = 0;
    size_t before = server.database->scanned_bytes;
    while (Step()) {
      most = std::max(most, server.database->scanned_bytes - before);
      before = server.database->scanned_bytes;
    }
    return most;
  }
  std::string DbSize() { return server.Ask(client, "DBSIZE\r\n"); }
  void Set(std::string_view name, size_t value_bytes, int64_t expires_in_ms) {
    const std::string value(value_bytes, 'v');
    const std::string request = fmt::format(
        "*5\r\n$3\r\nSET\r\n${}\r\n{}\r\n${}\r\n{}\r\n$2\r\nPX\r\n${}\r\n{}\r\n", name.size(), name,
        value.size(), value, std::to_string(expires_in_ms).size(), expires_in_ms);
    ASSERT_EQ(server.Ask(client, request), "+OK\r\n");
  }

  SessionHarness server{1};
  TestClient& client = server.Connect(0);
  ColdExpiry::Place place;
};

TEST_F(ColdExpiryTest, FindsAllThatHaveExpiredInEveryDatabase) {
  for (int i = 0; i < 300; ++i) Set(fmt::format("a{}", i), 10, i % 3 == 0 ? 100'000 : 50);
  server.Ask(client, "SET stays forever\r\nSELECT 3\r\n");
  Set("b", 10, 50);
  server.Ask(client, "SELECT 0\r\n");
  MakeCold();
  WallClock::SetForTest(SessionHarness::kNowMs + 51);
  MostBytesOfARound();
  EXPECT_EQ(DbSize(), ":101\r\n");
  EXPECT_EQ(server.Ask(client, "SELECT 3\r\nDBSIZE\r\nSELECT 0\r\n"), "+OK\r\n:0\r\n+OK\r\n");
  EXPECT_EQ(server.shard(0).keyspace().expired_count(), 201u);
  // It is on the disk as well: after a checkpoint nothing of them is left.
  MakeCold();
  EXPECT_EQ(server.database->objects.size(), 101u);
  EXPECT_EQ(server.Ask(client, "GET a1\r\nEXISTS a0 stays\r\n"), "$-1\r\n:2\r\n");
}

TEST_F(ColdExpiryTest, AStepReadsABoundedNumberOfBytesWhateverTheValuesAre) {
  constexpr size_t kValueBytes = size_t{300} << 10;
  server.database->discard = true;  // writing them must not look like a slow disk
  for (int i = 0; i < 40; ++i) Set(fmt::format("large{}", i), kValueBytes, i < 20 ? 50 : 100'000);
  MakeCold();
  WallClock::SetForTest(SessionHarness::kNowMs + 51);
  const uint64_t before = server.shard(0).keyspace().object_bytes();
  // One object beyond the limit, and one that is only looked at.
  EXPECT_LE(MostBytesOfARound(), ColdExpiry::kBytesPerStep + 2 * (kValueBytes + 100));
  EXPECT_EQ(DbSize(), ":20\r\n");
  EXPECT_LT(server.shard(0).keyspace().object_bytes() - before, kValueBytes)
      << "tombstones come into memory, no values";
}

TEST_F(ColdExpiryTest, AStepEndsWithinASlotToo) {
  for (int i = 0; i < 12'000; ++i) Set(fmt::format("{{one}}{}", i), 1, 50);
  MakeCold();
  WallClock::SetForTest(SessionHarness::kNowMs + 51);
  MostBytesOfARound();
  EXPECT_EQ(DbSize(), ":0\r\n");
}

TEST_F(ColdExpiryTest, RestsUntilTheNextOneExpires) {
  Set("soon", 1, 1000);
  Set("later", 1, 5000);
  MakeCold();
  MostBytesOfARound();
  WallClock::SetForTest(SessionHarness::kNowMs + 1000);
  EXPECT_FALSE(Step()) << "at the very millisecond it still lives";
  WallClock::SetForTest(SessionHarness::kNowMs + 1001);
  EXPECT_TRUE(Step());
  MostBytesOfARound();
  EXPECT_EQ(DbSize(), ":1\r\n");
  EXPECT_FALSE(Step());
  WallClock::SetForTest(SessionHarness::kNowMs + 5001);
  MostBytesOfARound();
  EXPECT_EQ(DbSize(), ":0\r\n");
}

TEST_F(ColdExpiryTest, WhatLeavesMemoryWhileItRestsIsNotForgotten) {
  Set("later", 1, 100'000);
  MakeCold();
  MostBytesOfARound();
  Set("soon", 1, 1000);
  MakeCold();
  WallClock::SetForTest(SessionHarness::kNowMs + 1001);
  MostBytesOfARound();
  EXPECT_EQ(DbSize(), ":1\r\n");
}

TEST_F(ColdExpiryTest, WhatLeavesMemoryBehindARoundIsFoundByTheNext) {
  Set("soon", 1, 1000);
  server.Ask(client, "SET {soon}stays 1\r\n");
  MakeCold();
  server.Ask(client, "GET soon\r\n");  // in memory, with an expiry that the disk says, too
  ASSERT_EQ(server.Ask(client, "PEXPIRE soon 500\r\n"), ":1\r\n");
  ASSERT_TRUE(Step()) << "reads the record of a second ago";
  MakeCold();
  WallClock::SetForTest(SessionHarness::kNowMs + 501);
  MostBytesOfARound();  // the rest of the one that had begun
  MostBytesOfARound();
  EXPECT_EQ(DbSize(), ":1\r\n");
}

// The record is read; then the object is made again, changed or removed, before the step comes home.
TEST_F(ColdExpiryTest, WhatChangesMeanwhileIsLeftAlone) {
  for (const std::string name : {"{t}again", "{t}deleted", "{t}flushed"}) Set(name, 1, 50);
  MakeCold();
  WallClock::SetForTest(SessionHarness::kNowMs + 51);
  Send();
  ASSERT_TRUE(place.runs);
  server.loader().Read(0);
  client.Send("SET {t}again 7\r\nDEL {t}deleted\r\n");
  server.Settle();
  server.Checkpoint();
  server.EvictAll();  // the slot is pinned: nothing of it may leave
  server.Run();
  EXPECT_EQ(client.Take(), "+OK\r\n:0\r\n");
  EXPECT_EQ(server.Ask(client, "GET {t}again\r\nDBSIZE\r\n"), Bulk("7") + ":1\r\n");

  MostBytesOfARound();
  Set("{t}flushed", 1, 50);
  MakeCold();
  WallClock::SetForTest(SessionHarness::kNowMs + 200);
  Send();
  ASSERT_TRUE(place.runs);
  server.loader().Read(0);
  EXPECT_EQ(server.Ask(client, "FLUSHALL\r\nDBSIZE\r\n"), "+OK\r\n:0\r\n");
  server.Run();
  EXPECT_EQ(DbSize(), ":0\r\n");
}

TEST_F(ColdExpiryTest, TakesTheRestWhenOneCannotBeRead) {
  for (int i = 0; i < 50; ++i) Set(fmt::format("k{}", i), 1, 50);
  MakeCold();
  server.database->unreadable = server.DiskKeyOf("k7");
  WallClock::SetForTest(SessionHarness::kNowMs + 51);
  MostBytesOfARound();
  EXPECT_NE(DbSize(), ":50\r\n");
  server.database->unreadable.clear();
  EXPECT_FALSE(Step());
  WallClock::SetForTest(SessionHarness::kNowMs + 52 + ColdExpiry::kRetryMs);
  MostBytesOfARound();
  EXPECT_EQ(DbSize(), ":0\r\n");
}

TEST_F(ColdExpiryTest, OneStepAtATime) {
  Set("k", 1, 50);
  MakeCold();
  Send();
  Send();
  EXPECT_EQ(server.loader().tasks(), 1u);
}

}  // namespace
}  // namespace tally::server
