// Objects that are not in memory: memory stays within --maxmemory however many there are, a start loads none of
// them, and those that have expired go although nobody asks for them.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCounters = 2'000'000;
constexpr int kBatch = 10'000;
constexpr int kReads = 1'000;
constexpr int64_t kLimitBytes = int64_t{64} << 20;
// Beyond --maxmemory and the process's base: pages that the allocator keeps for reuse or cannot give back.
constexpr int64_t kAllocatorBytes = kLimitBytes / 2;
constexpr std::chrono::seconds kPatience{60};

/// A field of INFO; -1 when there is none.
int64_t InfoField(uint16_t port, std::string_view name) {
  const std::string info = Client(port).Command({"INFO", "everything"});
  const std::string start = fmt::format("\r\n{}:", name);
  const size_t at = info.find(start);
  int64_t value = -1;
  if (at != std::string::npos) {
    std::from_chars(info.data() + at + start.size(), info.data() + info.size(), value);
  }
  return value;
}

int64_t DbSize(uint16_t port) {
  Client client(port);
  client.Send({"DBSIZE"});
  const auto reply = client.ReadReply();
  return reply && reply->type == ':' ? reply->integer : -1;
}

/// A line of /proc/PID/status, in bytes: VmRSS, or VmHWM for the most that it ever was.
int64_t StatusBytes(pid_t pid, std::string_view name) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name)) continue;
    return std::strtoll(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
  }
  return -1;
}

bool IsSanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

std::string CounterName(int number) { return fmt::format("counter:{:08}", number); }
int64_t ValueOf(int number) { return int64_t{number} * 7 + 1; }

/// Makes the counters first … last - 1, and looks at every reply.
void MakeCounters(Client* client, int first, int last) {
  std::string requests;
  std::string replies;
  for (int begin = first; begin < last; begin += kBatch) {
    const int end = std::min(begin + kBatch, last);
    requests.clear();
    replies.clear();
    for (int i = begin; i < end; ++i) {
      const std::string value = std::to_string(ValueOf(i));
      fmt::format_to(std::back_inserter(requests),
                     "*3\r\n$6\r\nINCRBY\r\n$16\r\n{}\r\n${}\r\n{}\r\n", CounterName(i),
                     value.size(), value);
      fmt::format_to(std::back_inserter(replies), ":{}\r\n", value);
    }
    ASSERT_TRUE(client->SendRaw(requests));
    const auto all = client->ReadUntil(fmt::format(":{}\r\n", ValueOf(end - 1)));
    ASSERT_TRUE(all == replies) << "from " << CounterName(begin);
  }
}

void ExpectAllThere(uint16_t port, int counters, std::mt19937_64* random) {
  EXPECT_EQ(DbSize(port), counters);
  Client client(port);
  for (int i = 0; i < kReads; ++i) {
    const auto number = static_cast<int>((*random)() % static_cast<uint64_t>(counters));
    const std::string value = std::to_string(ValueOf(number));
    ASSERT_EQ(client.Command({"GET", CounterName(number)}),
              fmt::format("${}\r\n{}\r\n", value.size(), value));
  }
}

class MemoryLimitTest : public testing::Test {
 protected:
  void SetUp() override {
    if (TallyIsStoodInFor()) GTEST_SKIP() << "redis-server has no objects on disk";
  }
};

TEST_F(MemoryLimitTest, TwoMillionCountersFitInto64MegabytesAndAStartLoadsNone) {
  if (IsSanitized()) GTEST_SKIP() << "the sanitizers' own memory leaves no room for objects";
  const int counters = Scaled(kCounters);
  const ServerOptions options{.extra_arguments = {"--maxmemory", std::to_string(kLimitBytes)}};
  ServerProcess server(options);
  const int64_t base = StatusBytes(server.pid(), "VmRSS");
  ASSERT_GT(base, 0);
  std::mt19937_64 random(1);

  auto begin = Clock::now();
  Client client(server.port());
  ASSERT_NO_FATAL_FAILURE(MakeCounters(&client, 0, counters));
  const std::chrono::duration<double> took = Clock::now() - begin;
  ASSERT_NO_FATAL_FAILURE(ExpectAllThere(server.port(), counters, &random));
  const int64_t peak = StatusBytes(server.pid(), "VmHWM");
  std::cout << fmt::format(
      "{} counters in {:.1f} s; resident at the start {} MiB, at most {} MiB; {} objects in "
      "memory\n",
      counters, took.count(), base >> 20, peak >> 20,
      InfoField(server.port(), "tally_resident_objects"));
  RecordProperty("peak_mib", static_cast<int>(peak >> 20));
  // The sanitizers' own memory is not the server's.
  if (!IsSanitized()) {
    EXPECT_LE(peak, base + kLimitBytes + kAllocatorBytes);
    EXPECT_LE(InfoField(server.port(), "used_memory"), kLimitBytes);
  }

  // A stop during a checkpoint leaves what came after it to the journal.
  const auto deadline = Clock::now() + kPatience;
  while (InfoField(server.port(), "rdb_bgsave_in_progress") != 0 && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ASSERT_TRUE(server.Terminate().Clean()) << server.Log();
  begin = Clock::now();
  server.Restart();
  // Warming up begins at once, so what is in memory by now has come since.
  const int64_t resident = InfoField(server.port(), "tally_resident_objects");
  const auto start_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
  std::cout << fmt::format("started in {} ms with {} objects in memory\n", start_ms, resident);
  RecordProperty("start_ms", static_cast<int>(start_ms));
  EXPECT_LT(resident, counters);
  EXPECT_NE(server.Log().rfind(", 0 journal entries replayed"), std::string::npos) << server.Log();
  ASSERT_NO_FATAL_FAILURE(ExpectAllThere(server.port(), counters, &random));

  server.Kill9();
  server.Restart();
  ASSERT_NO_FATAL_FAILURE(ExpectAllThere(server.port(), counters, &random));
}

/// Writes values of a kilobyte, more of them than fit into the least memory that there is.
void Fill(Client* client, int values) {
  std::string pipeline;
  for (int i = 0; i < values; ++i) {
    pipeline += EncodeCommand({"SET", fmt::format("filler:{}", i), std::string(1024, 'f')});
  }
  ASSERT_TRUE(client->SendRaw(pipeline));
  for (int i = 0; i < values; ++i) ASSERT_EQ(client->ReadRawReply(), "+OK\r\n");
}

// Nobody asks for the keys: DBSIZE and INFO look at none.
TEST_F(MemoryLimitTest, ColdObjectsThatHaveExpiredGoInTheBackground) {
  constexpr int kKeys = 100;
  constexpr int kFillers = 500;
  for (const int threads : {1, 2}) {
    SCOPED_TRACE(fmt::format("{} threads", threads));
    ServerProcess server({.threads = threads, .tiny_memory = true});
    Client client(server.port());
    std::string pipeline;
    for (int i = 0; i < kKeys; ++i) {
      pipeline += EncodeCommand({"SET", fmt::format("key:{}", i), "value", "PX", "300"});
    }
    ASSERT_TRUE(client.SendRaw(pipeline));
    for (int i = 0; i < kKeys; ++i) ASSERT_EQ(client.ReadRawReply(), "+OK\r\n");
    ASSERT_NO_FATAL_FAILURE(Fill(&client, kFillers));
    ASSERT_EQ(client.Command({"SET", "stays", "1", "EX", "10000"}), "+OK\r\n");
    EXPECT_LT(InfoField(server.port(), "tally_resident_objects"), kFillers);

    const auto deadline = Clock::now() + kPatience;
    while (DbSize(server.port()) != kFillers + 1 && Clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(DbSize(server.port()), kFillers + 1);
    EXPECT_EQ(client.Command({"EXISTS", "stays"}), ":1\r\n");
  }
}

// All keys expire, cold or not; then there is nothing.
TEST_F(MemoryLimitTest, WhatHasExpiredWhileTheServerWasDownGoesLikewise) {
  constexpr int kKeys = 100;
  ServerProcess server({.tiny_memory = true});
  std::string pipeline;
  for (int i = 0; i < kKeys; ++i) {
    pipeline +=
        EncodeCommand({"SET", fmt::format("key:{}", i), std::string(2000, 'v'), "PX", "300"});
  }
  {
    Client client(server.port());
    ASSERT_TRUE(client.SendRaw(pipeline));
    for (int i = 0; i < kKeys; ++i) ASSERT_EQ(client.ReadRawReply(), "+OK\r\n");
  }
  ASSERT_TRUE(server.Terminate().Clean()) << server.Log();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  server.Restart();
  const auto deadline = Clock::now() + kPatience;
  while (DbSize(server.port()) != 0 && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(DbSize(server.port()), 0);
}

}  // namespace
}  // namespace tally::test
