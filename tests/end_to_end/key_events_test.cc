// notify-keyspace-events: what happens to keys is published as redis-server publishes it, byte for byte and in
// the same order.
//
// TALLY_SEED=n replays a stream that failed; TALLY_TEST_SCALE=100 makes it long.
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/observed_server.h"
#include "tests/end_to_end/support/resp.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/end_to_end/support/server_process.h"
#include "tests/end_to_end/support/streams.h"

namespace tally::test {
namespace {

constexpr int kSteps = 1500;

class KeyEventsTest : public testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  KeyEventsTest() {}

  static ServerOptions Subject() {
    ServerOptions options{.threads = std::get<0>(GetParam()),
                          .tiny_memory = std::get<1>(GetParam())};
    options.extra_arguments = {"--enable-debug-command", "yes"};
    return options;
  }
  static ServerOptions Oracle() {
    ServerOptions options{.kind = ServerKind::kOracle};
    options.extra_arguments = {"--enable-debug-command", "yes"};
    return options;
  }

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  template <typename... Words>
  std::string OneOf(Words... words) {
    const std::array<std::string, sizeof...(words)> all{words...};
    return all[Below(all.size())];
  }
  std::string Key() { return OneOf("a", "b", "c", "d", "", "{a}e", "{b}f"); }
  std::string Value() {
    return OneOf("", "1", "17", "x", "1.5", "-3", "a rather long value, it is");
  }
  // Past or far away, be it in seconds or milliseconds.
  std::string Moment() { return OneOf("1", "99999999999999", "100"); }

  Arguments Expiring() {
    switch (Below(8)) {
      case 0:
        return {"EXPIRE", Key(), OneOf("100", "-1", "0"), OneOf("NX", "XX", "GT", "LT")};
      case 1:
        return {"PEXPIRE", Key(), OneOf("100000", "1", "-5")};
      case 2:
        return {"PEXPIREAT", Key(), Moment()};
      case 3:
        return {"EXPIREAT", Key(), OneOf("1", "9999999999")};
      case 4:
        return {"PERSIST", Key()};
      case 5:
        return {"GETEX", Key(), "PX", OneOf("100000", "1")};
      case 6:
        return {"GETEX", Key(), OneOf("EXAT", "PXAT"), Moment()};
      default:
        return Below(2) == 0 ? Arguments{"GETEX", Key(), "PERSIST"} : Arguments{"GETEX", Key()};
    }
  }
  Arguments Setting() {
    switch (Below(13)) {
      case 12:  // past: it expires when somebody looks
        return {"SET", Key(), Value(), OneOf("EXAT", "PXAT"), "1"};
      case 0:
        return {"SET", Key(), Value(), OneOf("NX", "XX", "GET", "KEEPTTL")};
      case 1:
        return {"SET", Key(), Value(), "PX", OneOf("1", "100000", "0")};
      case 2:
        return {"SET", Key(), Value(), "EX", OneOf("100", "-1"), "GET"};
      case 3:
        return {"SETNX", Key(), Value()};
      case 4:
        return Below(2) == 0 ? Arguments{"SETEX", Key(), "100", Value()}
                             : Arguments{"PSETEX", Key(), OneOf("1", "100000"), Value()};
      case 5:
        return {"GETSET", Key(), Value()};
      case 6:
        return {"MSET", Key(), Value(), Key(), Value(), Key(), Value()};
      case 7:
        return {"MSETNX", Key(), Value(), Key(), Value()};
      case 8:
        return {"APPEND", Key(), Value()};
      case 9:
        return {"SETRANGE", Key(), OneOf("0", "3"), Value()};
      default:
        return {"SET", Key(), Value()};
    }
  }
  Arguments Counting() {
    switch (Below(8)) {
      case 0:
        return {"INCRBY", Key(), Value()};
      case 1:
        return {"DECRBY", Key(), Value()};
      case 2:
        return {"INCRBYFLOAT", Key(), Value()};
      case 3:
        return {"SETBIT", Key(), OneOf("0", "7", "100"), OneOf("0", "1")};
      case 4:
        return {"BITOP", OneOf("AND", "OR", "XOR"), Key(), Key(), Key()};
      case 5:
        return {"BITOP", "NOT", Key(), Key()};
      case 6:
        return {"BITFIELD",
                Key(),
                "OVERFLOW",
                OneOf("FAIL", "SAT"),
                "INCRBY",
                OneOf("u2", "i8"),
                OneOf("0", "#3"),
                OneOf("1", "0", "9"),
                "GET",
                "u4",
                "0"};
      default:
        return {OneOf("INCR", "DECR"), Key()};
    }
  }
  Arguments Moving() {
    switch (Below(8)) {
      case 0:
        return {"RENAME", Key(), Key()};
      case 1:
        return {"RENAMENX", Key(), Key()};
      case 2:
        return {"COPY", Key(), Key()};
      case 3:
        return {"COPY", Key(), Key(), "DB", OneOf("0", "1", "2"), "REPLACE"};
      case 4:
        return {"MOVE", Key(), OneOf("0", "1", "2")};
      case 5:
        return {"RESTORE", Key(), OneOf("0", "100", "1"), dump_, OneOf("REPLACE", "ABSTTL")};
      case 6:
        return {"SELECT", OneOf("0", "1")};
      default:
        return {"SWAPDB", "0", OneOf("1", "2")};
    }
  }
  Arguments Reading() {
    switch (Below(18)) {
      case 15:
        return {"MEMORY", "USAGE", Key()};
      case 0:
        return {"MGET", Key(), Key(), Key()};
      case 1:
        return {"STRLEN", Key()};
      case 2:
        return {"GETRANGE", Key(), "0", "1"};
      case 3:
        return {"EXISTS", Key(), Key()};
      case 4:
        return {"TOUCH", Key(), Key()};
      case 5:
        return {"TYPE", Key()};
      case 6:
        return {OneOf("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"), Key()};
      case 7:
        return {"OBJECT", OneOf("ENCODING", "REFCOUNT"), Key()};
      case 8:
        return {"DUMP", Key()};
      case 9:
        return {"GETBIT", Key(), "1"};
      case 10:
        return {"BITCOUNT", Key()};
      case 11:
        return {"BITPOS", Key(), "1"};
      case 12:
        return {OneOf("BITFIELD_RO", "BITFIELD"), Key(), "GET", "u4", "0"};
      case 13:
        return {"LCS", Key(), Key()};
      case 14:
        return {"SUBSTR", Key(), "0", "1"};
      default:
        return {"GET", Key()};
    }
  }
  Arguments NextCommand() {
    switch (Below(16)) {
      case 0:
        return {OneOf("DEL", "UNLINK"), Key(), Key(), Key()};
      case 1:
        return {"GETDEL", Key()};
      case 2:
      case 3:
        return Expiring();
      case 4:
      case 5:
        return Moving();
      case 6:
      case 7:
      case 8:
        return Counting();
      case 9:
      case 10:
      case 11:
        return Reading();
      case 12:
        if (Below(30) == 0) return {OneOf("FLUSHDB", "FLUSHALL")};
        [[fallthrough]];
      default:
        return Setting();
    }
  }
  Arguments NextLetters() {
    std::string letters = OneOf("KEA", "KEAmn", "KEg$xmn", "EA", "Kgx", "A", "", "KE$n", "KEm");
    if (Below(2) == 0) letters += "KE";
    return {"CONFIG", "SET", "notify-keyspace-events", letters};
  }

  std::vector<Arguments> NextStep() {
    if (Below(50) == 0) {
      // What is refused makes Redis forget an `n` beside `A`, which CONFIG GET does not show either.
      return {NextLetters(),
              {"CONFIG", "GET", "notify-keyspace-events"},
              {"CONFIG", "SET", "notify-keyspace-events", "K?"},
              NextLetters()};
    }
    std::vector<Arguments> step;
    if (Below(10) != 0) {
      step.push_back(NextCommand());
      return step;
    }
    step.push_back({"MULTI"});
    for (uint64_t i = Below(6); i > 0; --i) step.push_back(NextCommand());
    step.push_back({"EXEC"});
    return step;
  }

  // All that the oracle has published.
  static std::vector<std::string> Heard(ObservedServer* oracle) {
    constexpr std::string_view kFence = "__key-the-fence__:";
    oracle->client.Command({"PUBLISH", kFence, ""});
    std::vector<std::string> messages;
    for (;;) {
      std::optional<std::string> message = oracle->subscriber.ReadRawReply();
      if (!message) {
        ADD_FAILURE() << "the connection broke";
        return messages;
      }
      if (message->find(kFence) != std::string::npos) return messages;
      messages.push_back(std::move(*message));
    }
  }

  const uint64_t seed_ = StreamSeed(20'261'125);
  std::mt19937_64 random_{seed_};
  std::string dump_;
};

std::string Joined(const std::vector<std::string>& messages) {
  std::string all;
  for (const std::string& message : messages) all += "\n    " + Printable(message);
  return all;
}

TEST_P(KeyEventsTest, AreThoseOfRedis) {
  ObservedServer ours(Subject());
  ObservedServer theirs(Oracle());
  theirs.client.Command({"SET", "x", "x"});
  const std::optional<Reply> dump = [&theirs] {
    theirs.client.Send({"DUMP", "x"});
    return theirs.client.ReadReply();
  }();
  ASSERT_TRUE(dump);
  dump_ = dump->text;
  for (ObservedServer* const server : {&ours, &theirs}) {
    server->client.Command({"FLUSHALL"});
    EXPECT_EQ(server->client.Command({"DEBUG", "SET-ACTIVE-EXPIRE", "0"}), "+OK\r\n");
    EXPECT_EQ(server->client.Command({"CONFIG", "SET", "notify-keyspace-events", "KEAmn"}),
              "+OK\r\n");
  }
  size_t count = 0;
  for (int number = 0; number < Scaled(kSteps); ++number) {
    const std::vector<Arguments> step = NextStep();
    std::string shown;
    for (const Arguments& command : step) {
      shown += "\n  " + Printable(command);
      const std::string got = ours.client.Command(command);
      const std::string wanted = theirs.client.Command(command);
      shown += " -> " + Printable(wanted);
      // Of times, dumps and memory other tests tell.
      EXPECT_EQ(got.substr(0, 1), wanted.substr(0, 1)) << shown;
    }
    const std::vector<std::string> wanted = Heard(&theirs);
    std::vector<std::string> got;
    while (got.size() < wanted.size()) {
      std::optional<std::string> message =
          ours.subscriber.ReadRawReply(std::chrono::milliseconds(3000));
      if (!message) break;
      got.push_back(std::move(*message));
    }
    ASSERT_EQ(got, wanted) << fmt::format("TALLY_SEED={}, step {}{}\n got{}\n wanted{}", seed_,
                                          number, shown, Joined(got), Joined(wanted));
    count += got.size();
    // What expires soon shall have done so in both.
    std::this_thread::sleep_for(std::chrono::milliseconds(Below(20) == 0 ? 120 : 2));
  }
  EXPECT_GT(count, static_cast<size_t>(Scaled(kSteps)) / 4);
  // And nothing more.
  ours.client.Command({"CONFIG", "SET", "notify-keyspace-events", "K$"});
  ours.client.Command({"SELECT", "0"});
  ours.client.Command({"SET", "last", ""});
  const std::optional<std::string> last = ours.subscriber.ReadRawReply();
  ASSERT_TRUE(last);
  EXPECT_NE(last->find("__keyspace@0__:last"), std::string::npos) << *last;
}

INSTANTIATE_TEST_SUITE_P(Threads, KeyEventsTest,
                         testing::Values(std::tuple(1, false), std::tuple(2, false),
                                         std::tuple(3, true)),
                         [](const auto& test) {
                           return fmt::format("{}Threads{}", std::get<0>(test.param),
                                              std::get<1>(test.param) ? "TinyMemory" : "");
                         });

}  // namespace
}  // namespace tally::test
