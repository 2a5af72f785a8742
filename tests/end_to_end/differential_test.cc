// The same random commands to Tally and to redis-server 7.0: the replies are equal byte for byte.
//
// TALLY_SEED=n replays a stream that failed; TALLY_SEED=random draws new ones;
// TALLY_TEST_SCALE=100 makes them long.

#include "tests/end_to_end/support/differential.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "protocol/dump_payload.h"
#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/reply_comparison.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

constexpr int kUnits = 1200;
constexpr uint64_t kDefaultSeed = 20'240'917;

// Known and wanted differences. Of inputs that are no commands, the stream leaves out some kinds:
// - A NUL byte before the end of a header or of an inline command. Redis looks for the end of the
//   line as C does, finds none, and waits for ever; Tally takes the byte for what it is.
// - More than 1,048,576 arguments. Redis 7.0 would gather up to 2^31 - 1 of them; Tally refuses.
// - A NUL byte in the cursor of SCAN, likewise: Redis reads what stands before it.
// And of those that are, what Redis says of a value by the way it came to be: to OBJECT ENCODING a number that
// INCRBYFLOAT left is "embstr" and not shared, which Tally never knew; and a string that APPEND has made longer is
// "raw" however short, which DEBUG RELOAD forgets in Redis, and an object's leaving memory in Tally.
// And two more that no stream has, since what Redis does depends on chance, or is of no use:
// - A line of more than 64 KiB. Redis takes it if its end arrives with what is read last, and refuses it
//   if it does not; Tally always refuses, however the network cuts.
// - A protocol error under CLIENT REPLY OFF or SKIP. Redis wants to close behind an error that it does
//   not send, and so leaves the connection open and deaf; Tally closes.
constexpr KnownDifference kKnownDifferences[] = {
    {"ttl", Tolerance::kSeconds, "the servers are asked one after the other"},
    {"expiretime", Tolerance::kSeconds, "likewise"},
    {"pttl", Tolerance::kMilliseconds, "likewise"},
    {"pexpiretime", Tolerance::kMilliseconds, "likewise"},
    {"time", Tolerance::kTime, "likewise"},
    {"lastsave", Tolerance::kShape, "a checkpoint is not a snapshot; each has its own times"},
    {"info", Tolerance::kShape, "describes another server"},
    {"client|id", Tolerance::kShape, "ids are each server's own"},
    {"client|info", Tolerance::kShape, "addresses, ids and buffer sizes are each server's own"},
    {"client|list", Tolerance::kShape, "likewise"},
    {"object|idletime", Tolerance::kShape, "in Redis all keys with a small number share one clock"},
    {"memory|usage", Tolerance::kShape, "each has its own layout"},
    {"dump", Tolerance::kDump, "what is compressed may be so in several ways"},
    {"object|help", Tolerance::kShape, "Tally's own words"},
    {"memory|help", Tolerance::kShape, "likewise, and Tally has fewer subcommands"},
    {"hello", Tolerance::kHello, "server, version and id are Tally's own"},
    {"command|info", Tolerance::kCommandInfo, "sets have no order; Tally has fewer subcommands"},
    {"command|count", Tolerance::kShape, "Tally has fewer commands"},
    {"command|list", Tolerance::kShape, "likewise"},
    {"command|docs", Tolerance::kShape, "the summaries are Tally's own words"},
    {"acl|cat", Tolerance::kShape, "Tally has fewer commands"},
    {"module|help", Tolerance::kShape, "Tally's own words"},
    {"slowlog|help", Tolerance::kShape, "likewise"},
    {"slowlog|get", Tolerance::kShape, "what is slow depends on chance"},
    {"slowlog|len", Tolerance::kShape, "likewise"},
    {"latency|help", Tolerance::kShape, "Tally's own words"},
    {"latency|doctor", Tolerance::kShape, "likewise"},
    {"latency|histogram", Tolerance::kShape, "times are each server's own"},
    {"lolwut", Tolerance::kShape, "a picture of its own"},
    {"memory|doctor", Tolerance::kShape, "Tally's own words"},
    {"memory|stats", Tolerance::kShape, "each has its own memory"},
    {"keys", Tolerance::kSet, "each has its own order"},
    {"randomkey", Tolerance::kShape, "at random"},
    {"scan", Tolerance::kShape, "cursors are each server's own; whole scans find the same"},
    {"config|get|dir", Tolerance::kShape, "each server has its own"},
    {"config|get|port", Tolerance::kShape, "likewise"},
    {"config|get|maxmemory", Tolerance::kShape, "Tally's default is a share of the machine"},
    {"config|get|save", Tolerance::kShape, "Tally does not save by rules: it always has"},
    {"config|get|appendonly", Tolerance::kShape, "the oracle runs without"},
    {"config|get|timeout", Tolerance::kPairs, "with several patterns Redis's order is a hash's"},
};

// With tiny memory checkpoints begin by themselves all the time, and then SAVE refuses as Redis does during a
// BGSAVE.
std::vector<KnownDifference> TinyMemoryDifferences() {
  std::vector<KnownDifference> all(std::begin(kKnownDifferences), std::end(kKnownDifferences));
  all.push_back({"save", Tolerance::kMayBeBusy, "a checkpoint may be under way"});
  all.push_back({"debug|reload", Tolerance::kMayBeBusy, "likewise"});
  return all;
}

uint64_t Seed() {
  const char* text = std::getenv("TALLY_SEED");
  if (text == nullptr) return kDefaultSeed;
  if (std::string_view(text) == "random") return std::random_device{}();
  return std::strtoull(text, nullptr, 10);
}

const std::vector<std::string> kAllowDebug = {"--enable-debug-command", "yes"};

// All that can follow CLIENT REPLY SKIP, three times over.
TEST(ReplySkipTest, SilencesWhatRedisSilences) {
  const ServerProcess subject;
  const ServerProcess oracle({.kind = ServerKind::kOracle});
  constexpr std::string_view kRequests[] = {"CLIENT REPLY SKIP\r\n",
                                            "CLIENT REPLY ON\r\n",
                                            "CLIENT REPLY OFF\r\n",
                                            "RESET\r\n",
                                            "*0\r\n",
                                            "*-1\r\n",
                                            "\r\n",
                                            "  \r\n",
                                            "PING\r\n",
                                            "NOSUCH\r\n",
                                            "GET\r\n",
                                            "CLIENT REPLY\r\n",
                                            "CLIENT REPLY MAYBE\r\n"};
  Client ours(subject.port());
  Client theirs(oracle.port());
  for (const std::string_view first : kRequests) {
    for (const std::string_view second : kRequests) {
      for (const std::string_view third : kRequests) {
        // ON would be silenced by nothing; the second PING shows what state the first one left.
        const std::string script = fmt::format(
            "CLIENT REPLY SKIP\r\n{}{}{}PING a\r\nPING b\r\nCLIENT REPLY ON\r\nECHO end\r\n", first,
            second, third);
        ASSERT_TRUE(ours.SendRaw(script) && theirs.SendRaw(script));
        ASSERT_EQ(ours.ReadUntil("end\r\n"), theirs.ReadUntil("end\r\n")) << script;
      }
    }
  }
}

class DifferentialTest : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(DifferentialTest, RepliesEqualThoseOfRedis) {
  const auto [threads, resp_version] = GetParam();
  ServerProcess subject({.threads = threads, .extra_arguments = kAllowDebug});
  ServerProcess oracle({.kind = ServerKind::kOracle, .extra_arguments = kAllowDebug});
  DifferentialOptions options{.subject_port = subject.port(),
                              .oracle_port = oracle.port(),
                              .seed = Seed(),
                              .resp_version = resp_version,
                              .units = Scaled(kUnits),
                              .known = kKnownDifferences};
  // Every parameter its own stream, unless one is replayed.
  if (std::getenv("TALLY_SEED") == nullptr) {
    options.seed += static_cast<uint64_t>(threads * 10 + resp_version);
  }
  for (const std::string& difference : RunDifferential(options)) ADD_FAILURE() << difference;
  EXPECT_TRUE(subject.IsRunning());
  EXPECT_TRUE(subject.Terminate().Clean()) << subject.Log();
}

INSTANTIATE_TEST_SUITE_P(Threads, DifferentialTest,
                         testing::Combine(testing::Values(1, 2, 4), testing::Values(2, 3)),
                         [](const auto& test) {
                           return fmt::format("{}ThreadsResp{}", std::get<0>(test.param),
                                              std::get<1>(test.param));
                         });

// The same against a server that keeps 64 KiB of objects per core: whatever a command needs is as a rule on the
// disk. Values in a database that the stream does not see press it out. Meanwhile checkpoints come and go,
// and the server is stopped or killed and comes back with other threads.
class TinyMemoryDifferentialTest : public testing::TestWithParam<std::tuple<int, int>> {
 protected:
  static ServerOptions Options(int threads) {
    return {.threads = threads, .tiny_memory = true, .extra_arguments = kAllowDebug};
  }
  // What happens between two units; the port, when that was a restart.
  std::optional<uint16_t> BeforeUnit() {
    const uint64_t dice = random_() % 200;
    if (dice == 0 && restarts_left_ > 0) return Restart();
    Client client(server_.port());
    // The stream sets it, too.
    EXPECT_EQ(client.Command({"CONFIG", "SET", "maxmemory", "1"}), "+OK\r\n");
    EXPECT_EQ(client.Command({"SELECT", "5"}), "+OK\r\n");
    std::string pipeline;
    constexpr int kFillersPerUnit = 6;
    for (int i = 0; i < kFillersPerUnit; ++i) {
      pipeline += EncodeCommand({"SET", std::to_string(random_() % kFillers), kFiller});
    }
    EXPECT_TRUE(client.SendRaw(pipeline));
    for (int i = 0; i < kFillersPerUnit; ++i) EXPECT_EQ(client.ReadRawReply(), "+OK\r\n");
    if (dice < 5) {
      EXPECT_NE(client.Command({"BGSAVE"}), "");
    } else if (dice < 8) {
      EXPECT_NE(client.Command({"DEBUG", "RELOAD"}), "");
    } else if (dice < 18) {
      Note();
    }
    return std::nullopt;
  }

  // Statistics end with the process.
  void Note() {
    const std::string info = Client(server_.port()).Command({"INFO", "everything"});
    const auto field = [&info](std::string_view name) {
      const size_t at = info.find(name);
      return at == std::string::npos ? 0
                                     : std::strtoll(info.c_str() + at + name.size(), nullptr, 10);
    };
    loads_ = std::max<int64_t>(loads_, field("\r\ntally_object_loads:"));
    evicted_ = std::max<int64_t>(evicted_, field("\r\ntally_evicted_objects:"));
  }

  ServerProcess server_{Options(std::get<0>(GetParam()))};
  int64_t loads_ = 0;
  int64_t evicted_ = 0;
  int restarts_ = 0;
  int restarts_left_ = kMostRestarts;
  std::mt19937_64 random_{Seed()};

 private:
  static constexpr uint64_t kFillers = 600;
  static constexpr int kMostRestarts = 10;
  const std::string kFiller = std::string(1000, 'f');

  uint16_t Restart() {
    Note();
    // Replies that the stream suppressed promised nothing.
    EXPECT_EQ(Client(server_.port()).Command({"WAITAOF", "1", "0", "0"}), "*2\r\n:1\r\n:0\r\n");
    if (random_() % 2 == 0) {
      server_.Kill9();
    } else {
      const ExitStatus exit = server_.Terminate();
      EXPECT_TRUE(exit.Clean()) << exit.Describe() << server_.Log();
    }
    constexpr int kThreads[] = {1, 2, 4};
    server_.Restart(Options(kThreads[random_() % std::size(kThreads)]));
    --restarts_left_;
    ++restarts_;
    return server_.port();
  }
};

TEST_P(TinyMemoryDifferentialTest, RepliesEqualThoseOfRedis) {
  if (TallyIsStoodInFor()) GTEST_SKIP() << "redis-server has no objects on disk";
  const auto [threads, resp_version] = GetParam();
  ServerProcess oracle({.kind = ServerKind::kOracle, .extra_arguments = kAllowDebug});
  const std::vector<KnownDifference> known = TinyMemoryDifferences();
  DifferentialOptions options{.subject_port = server_.port(),
                              .oracle_port = oracle.port(),
                              .seed = Seed(),
                              .resp_version = resp_version,
                              .units = Scaled(kUnits),
                              .known = known,
                              .before_unit = [this](int) { return BeforeUnit(); }};
  if (std::getenv("TALLY_SEED") == nullptr) {
    options.seed += static_cast<uint64_t>(100 + threads * 10 + resp_version);
  }
  random_.seed(options.seed);
  for (const std::string& difference : RunDifferential(options)) ADD_FAILURE() << difference;
  EXPECT_TRUE(server_.IsRunning());
  Note();
  RecordProperty("loads", static_cast<int>(loads_));
  RecordProperty("evicted", static_cast<int>(evicted_));
  RecordProperty("restarts", restarts_);
  EXPECT_GT(loads_, 0);
  EXPECT_GT(evicted_, 0);
  EXPECT_TRUE(server_.Terminate().Clean()) << server_.Log();
}

INSTANTIATE_TEST_SUITE_P(Threads, TinyMemoryDifferentialTest,
                         testing::Values(std::tuple(1, 2), std::tuple(2, 3), std::tuple(4, 2)),
                         [](const auto& test) {
                           return fmt::format("{}ThreadsResp{}", std::get<0>(test.param),
                                              std::get<1>(test.param));
                         });

// A comparison that cannot fail is worth nothing. Two oracles differ in nothing but what is done to
// the answers of one of them here.
class HarnessTest : public testing::Test {
 protected:
  std::vector<std::string> Run(std::function<void(int, std::string*)> tamper) {
    return RunDifferential({.subject_port = first_.port(),
                            .oracle_port = second_.port(),
                            .seed = kDefaultSeed,
                            .resp_version = 2,
                            .units = Scaled(300),
                            .known = kKnownDifferences,
                            .most_differences = 1,
                            .tamper = std::move(tamper)});
  }

  ServerProcess first_{{.kind = ServerKind::kOracle, .extra_arguments = kAllowDebug}};
  ServerProcess second_{{.kind = ServerKind::kOracle, .extra_arguments = kAllowDebug}};
};

TEST_F(HarnessTest, FindsNothingBetweenTwoOracles) {
  for (const std::string& difference : Run({})) ADD_FAILURE() << difference;
}

TEST_F(HarnessTest, FindsOneFlippedByte) {
  const auto differences = Run([](int unit, std::string* bytes) {
    if (unit == 7 && !bytes->empty()) bytes->front() = static_cast<char>(bytes->front() ^ 1);
  });
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_NE(differences[0].find("unit 7 of TALLY_SEED="), std::string::npos) << differences[0];
}

TEST_F(HarnessTest, FindsOneMissingByte) {
  const auto differences = Run([](int unit, std::string* bytes) {
    if (unit == 11 && !bytes->empty()) bytes->pop_back();
  });
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_NE(differences[0].find("unit 11 of"), std::string::npos) << differences[0];
}

std::optional<std::string> Compare(const Arguments& arguments, std::string_view subject,
                                   std::string_view oracle) {
  return CompareReplies(arguments, subject, oracle, kKnownDifferences);
}

TEST(ReplyComparisonTest, EqualBytesAreEqual) {
  EXPECT_FALSE(Compare({"GET", "a"}, "$1\r\n1\r\n", "$1\r\n1\r\n"));
}

TEST(ReplyComparisonTest, OneByteOfDifferenceIsSeen) {
  EXPECT_TRUE(Compare({"GET", "a"}, "$1\r\n1\r\n", "$1\r\n2\r\n"));
  EXPECT_TRUE(Compare({"INCR", "a"}, ":1\r\n", ":2\r\n"));
  EXPECT_TRUE(Compare({"SET", "a", "b"}, "+OK\r\n", "+Ok\r\n"));
  EXPECT_TRUE(Compare({"GET", "a"}, "$-1\r\n", "*-1\r\n"));
  EXPECT_TRUE(Compare({"GET", "a"}, "_\r\n", "$-1\r\n"));
}

TEST(ReplyComparisonTest, TimesMayDifferALittleAndNoMore) {
  EXPECT_FALSE(Compare({"TTL", "a"}, ":100\r\n", ":99\r\n"));
  EXPECT_TRUE(Compare({"TTL", "a"}, ":100\r\n", ":1\r\n"));
  EXPECT_TRUE(Compare({"ttl", "a"}, ":1\r\n", ":-1\r\n"));
  EXPECT_TRUE(Compare({"TTL", "a"}, ":-2\r\n", ":-1\r\n"));
  EXPECT_TRUE(Compare({"PTTL", "a"}, ":100000\r\n", ":100\r\n"));
  EXPECT_TRUE(Compare({"TTL", "a"}, "$1\r\n1\r\n", ":1\r\n"));
}

TEST(ReplyComparisonTest, PayloadsMayDifferAndHoldTheSame) {
  const auto payload = [](std::string_view text) {
    const std::string bytes = protocol::DumpString(text);
    return fmt::format("${}\r\n{}\r\n", bytes.size(), bytes);
  };
  const std::string plain(
      "\x00\x03"
      "abc\x0a\x00",
      7);
  EXPECT_TRUE(Compare({"DUMP", "a"}, payload("abc"), payload("abd")));
  EXPECT_TRUE(Compare({"DUMP", "a"}, payload("abc"), "$-1\r\n"));
  EXPECT_TRUE(Compare({"DUMP", "a"}, payload("abc"), fmt::format("$7\r\n{}\r\n", plain)));
}

TEST(ReplyComparisonTest, ErrorsAreNeverTolerated) {
  EXPECT_TRUE(Compare({"TTL"}, "-ERR one\r\n", "-ERR two\r\n"));
  EXPECT_TRUE(Compare({"INFO"}, "-ERR one\r\n", "$1\r\na\r\n"));
  EXPECT_TRUE(Compare({"CLIENT", "LIST", "FOO"}, "-ERR a\r\n", "-ERR b\r\n"));
}

TEST(ReplyComparisonTest, ShapesMustBeEqual) {
  EXPECT_FALSE(Compare({"INFO"}, "$1\r\na\r\n", "$2\r\nbb\r\n"));
  EXPECT_TRUE(Compare({"INFO"}, "=5\r\ntxt:a\r\n", "$2\r\nbb\r\n"));
}

TEST(ReplyComparisonTest, HelloMayDifferInServerVersionAndIdOnly) {
  const std::string_view redis = "*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$4\r\nmode\r\n$1\r\na\r\n";
  EXPECT_FALSE(
      Compare({"HELLO"}, "*4\r\n$6\r\nserver\r\n$5\r\ntally\r\n$4\r\nmode\r\n$1\r\na\r\n", redis));
  EXPECT_TRUE(
      Compare({"HELLO"}, "*4\r\n$6\r\nserver\r\n$5\r\ntally\r\n$4\r\nmode\r\n$1\r\nb\r\n", redis));
}

}  // namespace
}  // namespace tally::test
