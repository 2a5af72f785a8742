// A session is given any bytes. What comes back is replies, one for each request, and how the bytes were cut,
// how many shards there are, and whether objects are cold make no difference to them.

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/reply_stream.h"
#include "tests/protocol/parse_stream.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

// Their replies tell of time, of memory, of other clients, of this server's seed or of how busy it was.
constexpr std::array kDiffer = {"client",  "command", "config",   "debug",        "dump",
                                "hello",   "info",    "keys",     "latency",      "lolwut",
                                "memory",  "monitor", "object",   "randomkey",    "scan",
                                "slowlog", "time",    "shutdown", "wait",         "waitaof",
                                "save",    "bgsave",  "lastsave", "bgrewriteaof", "failover"};
// Those who talk more or less than once.
constexpr std::array kUneven = {"client",      "monitor",    "psubscribe", "punsubscribe",
                                "reset",       "ssubscribe", "subscribe",  "sunsubscribe",
                                "unsubscribe", "shutdown",   "wait",       "waitaof",
                                "debug",       "save",       "bgsave",     "bgrewriteaof",
                                "failover",    "config",     "quit"};

template <size_t kSize>
bool NamesOneOf(const std::vector<std::string>& request,
                const std::array<const char*, kSize>& names) {
  std::string name = request[0];
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return std::find(names.begin(), names.end(), name) != names.end();
}

struct Course {
  uint32_t shards = 1;
  bool goes_cold = false;
  std::vector<size_t> cuts;
};

std::string RepliesTo(std::string_view stream, const Course& course) {
  SessionHarness harness(course.shards, std::make_unique<JournalDatabase>(), 3);
  TestClient& client = harness.Connect();
  size_t sent = 0;
  for (const size_t cut : course.cuts) {
    client.Send(stream.substr(sent, cut - sent));
    sent = cut;
    harness.Run();
    if (course.goes_cold) {
      harness.Checkpoint();
      harness.EvictAll();
    }
  }
  client.Send(stream.substr(sent));
  harness.Run();
  return client.Take();
}

void Check(std::string_view stream, const Course& course) {
  const protocol::ParsedStream parsed = protocol::ParseWhole(stream);
  const std::string replies = RepliesTo(stream, course);
  const fuzz::ReplyCount count = fuzz::CountReplies(replies);
  fuzz::Require(count.is_whole && !count.is_broken, "replies are replies", replies);

  bool differs = false;
  bool is_uneven = false;
  for (const std::vector<std::string>& request : parsed.requests) {
    differs |= NamesOneOf(request, kDiffer);
    is_uneven |= NamesOneOf(request, kUneven);
  }
  if (!is_uneven) {
    const size_t wanted = parsed.requests.size() + (parsed.error.empty() ? 0 : 1);
    fuzz::Require(count.replies == wanted, "each request has one reply", replies);
  }
  if (!differs)
    fuzz::RequireEqual(RepliesTo(stream, {}), replies, "its course makes no difference");
}

}  // namespace
}  // namespace tally::server

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  GTEST_FLAG_SET(throw_on_failure, true);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider in(data, size);
  tally::server::Course course;
  course.shards = in.ConsumeIntegralInRange<uint32_t>(1, 3);
  course.goes_cold = in.ConsumeBool();
  course.cuts.resize(in.ConsumeIntegralInRange<size_t>(0, 4));
  for (size_t& cut : course.cuts) cut = in.ConsumeIntegral<uint16_t>();
  const std::string stream = in.ConsumeRemainingBytesAsString();
  for (size_t& cut : course.cuts) cut = std::min(cut, stream.size());
  std::sort(course.cuts.begin(), course.cuts.end());
  tally::server::Check(stream, course);
  return 0;
}
