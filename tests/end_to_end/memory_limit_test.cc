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
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/info.h"
#include "tests/end_to_end/support/sanitizers.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCounters = 2'000'000;
constexpr int kBatch = 10'000;
constexpr int kReads = 1'000;
constexpr int64_t kLimitBytes = int64_t{64} << 20;
// Beyond --maxmemory for moments: what is given back only at the end of a turn, or some time later.
constexpr int64_t kMomentBytes = kLimitBytes * 3 / 4;
// And at rest: what is promised. Most often a tenth of it is used, now and then a half.
constexpr int64_t kRestBytes = kLimitBytes * 15 / 100;
// For names that are gathered, and unread.
constexpr int64_t kNamesBytes = int64_t{12} << 20;
constexpr std::chrono::seconds kPatience{60};

int64_t InfoNumber(uint16_t port, std::string_view name) {
  Client client(port);
  return test::InfoNumber(&client, name);
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

void ExpectWithinTheLimitAtRest(pid_t pid) {
  const auto deadline = Clock::now() + kPatience;
  while (StatusBytes(pid, "VmRSS") > kLimitBytes + kRestBytes && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_LE(StatusBytes(pid, "VmRSS"), kLimitBytes + kRestBytes);
}

class MemoryLimitTest : public testing::Test {
 protected:
  void SetUp() override {
    if (TallyIsStoodInFor()) GTEST_SKIP() << "redis-server has no objects on disk";
  }
};

TEST_F(MemoryLimitTest, TwoMillionCountersFitInto64MegabytesAndAStartLoadsNone) {
  if (kIsSanitized) GTEST_SKIP() << "the sanitizers' own memory leaves no room for objects";
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
      InfoNumber(server.port(), "tally_resident_objects"));
  RecordProperty("peak_mib", static_cast<int>(peak >> 20));
  EXPECT_LE(peak, kLimitBytes + kMomentBytes);
  EXPECT_LE(InfoNumber(server.port(), "used_memory"), kLimitBytes);
  ExpectWithinTheLimitAtRest(server.pid());

  // A stop during a checkpoint leaves what came after it to the journal.
  const auto deadline = Clock::now() + kPatience;
  while (InfoNumber(server.port(), "rdb_bgsave_in_progress") != 0 && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ASSERT_TRUE(server.Terminate().Clean()) << server.Log();
  begin = Clock::now();
  server.Restart();
  // Warming up begins at once, so what is in memory by now has come since.
  const int64_t resident = InfoNumber(server.port(), "tally_resident_objects");
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

// Counters are all of one size. Here objects of all sizes come, go, and become others, so that what they leave
// free fits nothing; some are as large as what eviction gives back in a turn.
TEST_F(MemoryLimitTest, ObjectsOfAllSizesThatChangeAllTheTimeFitInto64Megabytes) {
  if (kIsSanitized) GTEST_SKIP() << "the sanitizers' own memory leaves no room for objects";
  constexpr int kWrites = 10'000;
  constexpr int kNames = 8'000;
  constexpr size_t kLargestBytes = size_t{256} << 10;
  constexpr uint64_t kPipelineBytes = uint64_t{1} << 20;
  ServerProcess server(
      {.extra_arguments = {"--maxmemory", std::to_string(kLimitBytes), "--journal-limit", "16mb"}});
  const int64_t base = StatusBytes(server.pid(), "VmRSS");
  Client client(server.port());
  std::mt19937_64 random(1);
  std::map<int, size_t> sizes;
  uint64_t written = 0;
  std::string pipeline;
  size_t replies = 0;
  const auto send = [&] {
    ASSERT_TRUE(client.SendRaw(pipeline));
    for (; replies > 0; --replies) ASSERT_EQ(client.ReadRawReply(), "+OK\r\n");
    written += pipeline.size();
    pipeline.clear();
  };
  int64_t most = 0;
  for (int i = 0; i < kWrites; ++i) {
    const auto number = static_cast<int>(random() % kNames);
    // As many of each order of magnitude.
    const auto size = static_cast<size_t>(kLargestBytes >> (random() % 19)) + random() % 16;
    sizes[number] = size;
    pipeline += EncodeCommand({"SET", CounterName(number), std::string(size, 'v')});
    ++replies;
    if (pipeline.size() > kPipelineBytes) {
      ASSERT_NO_FATAL_FAILURE(send());
    }
    if (i % 500 == 0) most = std::max(most, InfoNumber(server.port(), "used_memory"));
  }
  ASSERT_NO_FATAL_FAILURE(send());
  const int64_t peak = StatusBytes(server.pid(), "VmHWM");
  uint64_t live = 0;
  for (const auto& [number, size] : sizes) live += size;
  std::cout << fmt::format("{} MiB written, {} MiB live; resident {} to {} MiB, used {} MiB\n",
                           written >> 20, live >> 20, base >> 20, peak >> 20, most >> 20);
  ASSERT_GT(live, uint64_t{2} * kLimitBytes) << "else it shows nothing";
  EXPECT_LE(peak, kLimitBytes + kMomentBytes);
  EXPECT_LE(most, kLimitBytes + kMomentBytes);
  for (const auto& [number, size] : sizes) {
    ASSERT_EQ(client.Command({"STRLEN", CounterName(number)}), fmt::format(":{}\r\n", size));
  }
  EXPECT_LE(StatusBytes(server.pid(), "VmHWM"), kLimitBytes + kMomentBytes);
  ExpectWithinTheLimitAtRest(server.pid());
}

// Whether they leave or stay, and though none of the names is in memory.
TEST_F(MemoryLimitTest, ManyClientsThatAskForAllNamesDoNotFillMemory) {
  if (kIsSanitized) GTEST_SKIP() << "the sanitizers' own memory leaves no room for objects";
  constexpr int kClients = 60;
  const int names = Scaled(30'000);
  for (const int threads : {1, 2}) {
    SCOPED_TRACE(fmt::format("{} threads", threads));
    ServerProcess server(
        {.threads = threads, .extra_arguments = {"--maxmemory", std::to_string(kLimitBytes)}});
    Client writer(server.port());
    ASSERT_NO_FATAL_FAILURE(MakeCounters(&writer, 0, names));
    ASSERT_EQ(writer.Command({"SAVE"}), "+OK\r\n");
    const int64_t before = StatusBytes(server.pid(), "VmHWM");

    const auto begin = Clock::now();
    for (int i = 0; i < kClients; ++i) {
      Client leaves(server.port());
      ASSERT_TRUE(leaves.Send({"KEYS", "*"}));
      if (i % 2 == 0) leaves.Reset();
    }
    ASSERT_EQ(writer.Command({"SET", "other", "1"}), "+OK\r\n");
    // All the others do not read; what their sockets hold does not count.
    std::vector<Client> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back(server.port());
      ASSERT_TRUE(clients.back().Send({"KEYS", i % 2 == 0 ? "*" : "counter:0000001?"}));
    }
    ASSERT_EQ(writer.Command({"SET", "other", "2"}), "+OK\r\n");
    for (int i = 0; i < kClients; ++i) {
      const auto reply = clients[static_cast<size_t>(i)].ReadReply(kPatience);
      ASSERT_TRUE(reply) << i;
      ASSERT_EQ(reply->elements.size(), i % 2 == 0 ? static_cast<size_t>(names) + 1 : 10u) << i;
    }
    const std::chrono::duration<double> took = Clock::now() - begin;
    const int64_t after = StatusBytes(server.pid(), "VmHWM");
    std::cout << fmt::format("{:.1f} s; resident at most {} MiB, and before {} MiB\n", took.count(),
                             after >> 20, before >> 20);
    EXPECT_LE(after, before + kNamesBytes);
  }
}

// Its names are more than may lie unread: until they are read no other client's are gathered, but not for ever.
TEST_F(MemoryLimitTest, WhoReadsNoneOfItsNamesLosesItsConnection) {
  constexpr int kNames = 20'000;
  constexpr size_t kNameBytes = 2'000;
  ServerProcess server({.threads = 2});
  Client writer(server.port());
  std::string pipeline;
  for (int i = 0; i < kNames; ++i) {
    pipeline += EncodeCommand({"SET", CounterName(i) + std::string(kNameBytes, 'n'), "1"});
  }
  ASSERT_TRUE(writer.SendRaw(pipeline));
  for (int i = 0; i < kNames; ++i) ASSERT_EQ(writer.ReadRawReply(), "+OK\r\n");

  Client stuck(server.port());
  ASSERT_TRUE(stuck.Send({"KEYS", "*"}));
  const auto begin = Clock::now();
  while (InfoNumber(server.port(), "total_net_output_bytes") < int64_t{1} << 20 &&
         Clock::now() < begin + kPatience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Client other(server.port());
  ASSERT_TRUE(other.Send({"KEYS", "counter:0000001?*"}));
  const auto reply = other.ReadReply(kPatience);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->elements.size(), 10u);
  const auto rest = stuck.ReadUntilClosed();
  ASSERT_TRUE(rest) << "it is still connected";
  EXPECT_LT(rest->size(), kNames * kNameBytes);
}

// Each asks for more than memory holds, and reads it later.
TEST_F(MemoryLimitTest, LargeRepliesThatNobodyReadsDoNotFillMemory) {
  if (kIsSanitized) GTEST_SKIP() << "the sanitizers' own memory leaves no room for objects";
  constexpr int kClients = 10;
  constexpr int kValues = 300;
  constexpr size_t kValueBytes = size_t{256} << 10;
  for (const int threads : {1, 2}) {
    SCOPED_TRACE(fmt::format("{} threads", threads));
    ServerProcess server(
        {.threads = threads, .extra_arguments = {"--maxmemory", std::to_string(kLimitBytes)}});
    Client writer(server.port());
    std::string pipeline;
    for (int i = 0; i < kValues; ++i) {
      const std::string value(kValueBytes, static_cast<char>('a' + i % 26));
      ASSERT_EQ(writer.Command({"SET", CounterName(i), value}), "+OK\r\n");
      pipeline += EncodeCommand({"GET", CounterName(i)});
    }
    std::vector<Client> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back(server.port());
      ASSERT_TRUE(clients.back().SendRaw(pipeline));
    }
    for (int i = 0; i < 100; ++i) ASSERT_EQ(writer.Command({"SET", "other", "1"}), "+OK\r\n");
    for (Client& client : clients) {
      for (int i = 0; i < kValues; ++i) {
        const auto reply = client.ReadRawReply();
        ASSERT_TRUE(reply);
        ASSERT_EQ(reply->size(), kValueBytes + 11) << i;
        ASSERT_EQ((*reply)[kValueBytes], static_cast<char>('a' + i % 26)) << i;
      }
    }
    const int64_t peak = StatusBytes(server.pid(), "VmHWM");
    std::cout << fmt::format("resident at most {} MiB\n", peak >> 20);
    // Twice: a gigabyte passes within a second, and the allocator gives pages back only after half of one.
    EXPECT_LE(peak, kLimitBytes + 2 * kMomentBytes);
  }
}

// Though it waits for them at first.
TEST_F(MemoryLimitTest, AStopCarriesOutWhatClientsThatDoNotReadHaveAskedFor) {
  constexpr int kReadsBehind = 150;
  constexpr size_t kValueBytes = size_t{256} << 10;
  ServerProcess server({.threads = 2, .extra_arguments = {"--maxmemory", "256mb"}});
  Client writer(server.port());
  std::vector<Client> clients;
  for (int i = 0; i < 6; ++i) {
    const std::string name = CounterName(i);
    ASSERT_EQ(writer.Command({"SET", name, std::string(kValueBytes, 'v')}), "+OK\r\n");
    std::string pipeline;
    for (int j = 0; j < kReadsBehind; ++j) pipeline += EncodeCommand({"GET", name});
    pipeline += EncodeCommand({"SET", "{" + name + "}done", "1"});
    clients.emplace_back(server.port());
    ASSERT_TRUE(clients.back().SendRaw(pipeline));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const bool was_done = writer.Command({"EXISTS", "{" + CounterName(0) + "}done"}) == ":1\r\n";
  EXPECT_FALSE(was_done) << "else it shows nothing";
  ASSERT_TRUE(server.Terminate().Clean()) << server.Log();
  server.Restart();
  int done = 0;
  for (int i = 0; i < 6; ++i) {
    Client reader(server.port());
    if (reader.Command({"EXISTS", "{" + CounterName(i) + "}done"}) == ":1\r\n") ++done;
  }
  // Those of the connection's own core were not taken yet.
  EXPECT_GT(done, 0);
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
    EXPECT_LT(InfoNumber(server.port(), "tally_resident_objects"), kFillers);

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
